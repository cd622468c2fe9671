/// What every checkpoint store asks before it takes a write. One wording of each refusal.
#pragma once

#include <string>

#include "store/owner.h"
#include "workprint/checkpoint_store.h"

namespace workprint::store {

/// The epoch after the greater of both. Errors: corrupt (the numbers are used up, so one of them is damaged).
Result<Epoch> following_epoch(const FilmId& film, Epoch stored, Epoch at_least);

/// Milliseconds on the machine's monotonic clock: the same for every process since its boot.
[[nodiscard]] std::uint64_t monotonic_ms(Clock& clock);

/// What a lease's row says about who holds it.
struct Holder {
  std::string writer;
  std::uint64_t term_ms = 0, alive_ms = 0;
};
/// Whether `request` may take the film at `now_ms`. On one machine a holder of another boot is gone; on many nothing is
/// known of it until its term has run out. Errors: conflict (a writer that may live, and its term runs).
Result<void> may_acquire(const FilmId& film, const Holder& holder, const LeaseRequest& request, std::uint64_t now_ms,
                         Machines machines);

/// Who holds a lease of a film that the store does not know has lost it: the film was set aside, or the store replaced.
[[nodiscard]] std::unexpected<Error> no_such_film(const FilmId& film);

/// Errors: fenced (the stored epoch is not the lease's).
Result<void> is_owner(const Lease& lease, Epoch stored);
/// Errors: fenced (the stored epoch is not the lease's); conflict (the stored head is not the one before `info`).
Result<void> may_commit(const Lease& lease, Epoch stored, const Head& head, const CommitInfo& info);

/// Errors: fenced; conflict (the store holds this seq or a newer one).
Result<void> may_install(const Lease& lease, Epoch stored, const Head& head, const Head& offered);

/// Whether what would be stored could be read again: nothing is acknowledged that is not.
/// REQUIRES: the commit is sealed. Errors: invalid.
Result<void> is_readable(const Commit& commit);
/// The base a document becomes. Errors: invalid (it does not read back as `head`).
Result<std::string> make_base(const FilmId& film, const Head& head, const Json& document);

[[nodiscard]] std::unexpected<Error> prunes_too_much(const FilmId& film, const Head& head, Seq keep_from);

/// From 1970 to 9999: the years that RFC 3339 can write.
[[nodiscard]] bool is_storable_time(WallTime time);

}  // namespace workprint::store
