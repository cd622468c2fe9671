/// Properties of film ids, object names and an object's sidecar, for any bytes.
#pragma once

#include <string>
#include <string_view>

#include "object/sidecar.h"
#include "tests/fuzz/require.h"
#include "workprint/object_name.h"

namespace workprint::fuzz {

inline void try_film_id(std::string_view text) {
  const auto film = parse_film_id(text);
  if (!film) return require(film.error().kind == ErrorKind::invalid, "a film id that is none is invalid");
  require(film->value() == text, "a film id is the text it was made of");
  const auto name = state_name(*film);
  require(name && name->starts_with(film_prefix(*film)), "a film's state lies below the film");
  const auto parts = parse_object_name(*name);
  require(parts && parts->film == text && parts->type == ObjectType::state, "a film's state is known by its name");
}

inline void try_object_name(std::string_view text) {
  const auto parts = parse_object_name(text);
  if (!parts) return;
  require(check_object_name(text).has_value(), "a name that is understood is a legal one");
  require(text.find("..") != 0 && text.find("/../") == std::string_view::npos && text.front() != '/', "a name stays inside the store");
  const auto written = object_name(*parts);
  require(written.has_value(), "a name that is understood can be made");
  const bool is_unnumbered = text.ends_with("_reference.png") && written->ends_with("_reference_01.png");
  require(*written == text || is_unnumbered, "a name is made of its parts again");
  const auto again = parse_object_name(*written);
  require(again && object_name(*again) == *written && again->type == parts->type, "a name is the same the second time");
}

inline void try_sidecar(std::string_view text) {
  const auto sidecar = folder::decode_sidecar(text);
  if (sidecar.state != folder::Sidecar::State::readable) return;
  const std::string written = folder::encode_sidecar("clip.mp4", sidecar.records);
  const auto again = folder::decode_sidecar(written);
  require(again.state == folder::Sidecar::State::readable && again.records.size() == sidecar.records.size(), "a sidecar we wrote is read");
  require(folder::encode_sidecar("clip.mp4", again.records) == written, "a sidecar is the same the second time");
  for (const folder::Record& record : sidecar.records) {
    const auto verdict = folder::judge(record.digest.size_bytes, sidecar, record.digest);
    require(verdict.has_value(), "with a digest there is a verdict");
  }
}

}  // namespace workprint::fuzz
