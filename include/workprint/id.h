/// Names and numbers that must not be mixed up: film ids, sequence numbers, epochs.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "workprint/result.h"

namespace workprint {

/// One film (a thread of state). Only parse_film_id makes one, so a FilmId is safe as the first part of an object
/// name and of a file path.
class FilmId {
 public:
  [[nodiscard]] const std::string& value() const { return value_; }
  friend auto operator<=>(const FilmId&, const FilmId&) = default;

 private:
  friend Result<FilmId> parse_film_id(std::string_view text);
  explicit FilmId(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// `[A-Za-z0-9_-]{1,128}`, never `audio` (that folder holds songs).
/// Errors: invalid, naming the rule; the text is quoted with control characters escaped and cut at 80 bytes.
Result<FilmId> parse_film_id(std::string_view text);

/// Number of a durable change of one film: +1 each, never reused. 0: before the first.
enum class Seq : std::uint64_t {};
/// Term of a writer: +1 at each takeover. 0: nobody yet.
enum class Epoch : std::uint64_t {};

[[nodiscard]] constexpr std::uint64_t number(Seq seq) { return static_cast<std::uint64_t>(seq); }
[[nodiscard]] constexpr std::uint64_t number(Epoch epoch) { return static_cast<std::uint64_t>(epoch); }
[[nodiscard]] constexpr Seq next(Seq seq) { return Seq{number(seq) + 1}; }
[[nodiscard]] constexpr Epoch next(Epoch epoch) { return Epoch{number(epoch) + 1}; }

/// Where a film's history stands. Equal heads mean equal bytes; equal (epoch, seq) with another hash is a fork.
struct Head {
  Epoch epoch{};
  Seq seq{};
  std::string hash;  ///< of the commit `seq`, 64 hex digits; chains over all commits before it
  friend bool operator==(const Head&, const Head&) = default;
};

/// Order of recovery: epoch, then seq. The hash takes no part.
[[nodiscard]] constexpr bool is_newer(const Head& a, const Head& b) {
  return a.epoch != b.epoch ? number(a.epoch) > number(b.epoch) : number(a.seq) > number(b.seq);
}

}  // namespace workprint
