/// `<film>/lease.json`: who writes the film, for those who cannot see the checkpoint store
/// (docs/protocols/ownership.md). An owner beats it while all is well; while tier 1 does not answer it is what a takeover
/// is claimed by. Always by compare-and-set.
#pragma once

#include <optional>
#include <string>

#include "workprint/checkpoint_store.h"
#include "workprint/object_store.h"

namespace workprint::snapshot {

struct Claim {
  Epoch epoch{};
  std::string writer;
  std::uint64_t beat = 0;  ///< counts the writer's signs of life
  Duration term{};         ///< silence for so long gives the film up
  bool is_released = false;
  std::string version;     ///< of the object this was read from
};

/// Nothing: proven absent. Errors: unavailable; corrupt (also: of another film, or of a later format).
Result<std::optional<Claim>> read_claim(ObjectStore& objects, const FilmId& film);

/// One writer's hold on lease.json. One thread at a time.
class ClaimHolder {
 public:
  /// Writes a sign of life. The first one looks at who was there: an older epoch is replaced.
  /// Errors: fenced (a newer epoch, or the same one of another writer, is there); unavailable.
  Result<void> beat(ObjectStore& objects, const FilmId& film, const Claim& claim);
  /// Says that the film may be taken at once. Does nothing when this writer never beat. Errors: as beat.
  Result<void> release(ObjectStore& objects, const FilmId& film);
  /// Replaces exactly what was observed (nothing: no object) by a claim of a newer epoch.
  /// Errors: conflict (somebody else claimed or beat: look again); unavailable.
  Result<void> take(ObjectStore& objects, const FilmId& film, const Claim& claim, const std::optional<Claim>& observed);

 private:
  Result<void> write(ObjectStore& objects, const FilmId& film, Claim claim, const std::optional<std::string>& over);
  std::optional<Claim> mine_;
};

}  // namespace workprint::snapshot
