/// What the writer knows about kinds of places: where a story may stand, and what is there to be filmed.
#pragma once

#include <span>
#include <string_view>

namespace film::story {

struct PlaceKind {
  std::string_view type;          ///< the location's `type`, a word the illustrator knows
  std::string_view words;         ///< what names it in a prompt; "_" is a space, "+" a word that only implies it
  bool indoors;
  std::string_view label;         ///< "the harbor"
  std::string_view objects;       ///< made things, "|" between
  std::string_view nature;
  std::string_view ground, above, architecture;
  std::string_view path;          ///< "along the quay"
  std::string_view spot;          ///< "at the end of the pier"
  std::string_view lamp;          ///< a light that belongs there at night
  std::string_view related;       ///< types a story goes on to
  std::string_view details;       ///< whole shots without a person, "|" between
};

[[nodiscard]] std::span<const PlaceKind> place_kinds();
/// REQUIRES: type is one of the table's.
[[nodiscard]] const PlaceKind& place_kind(std::string_view type);

}  // namespace film::story
