#include "store/rule.h"

#include "record/commit.h"
#include "store/owner.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

std::string shown(const Head& head) {
  return std::to_string(number(head.epoch)) + "/" + std::to_string(number(head.seq));
}

}  // namespace

std::unexpected<Error> prunes_too_much(const FilmId& film, const Head& head, Seq keep_from) {
  return fail(ErrorKind::conflict, "the newest commit must be kept. film=" + film.value() + " at=" + shown(head) + " keep_from=" + std::to_string(number(keep_from)));
}

Result<void> is_owner(const Lease& lease, Epoch stored) {
  if (stored == lease.epoch()) return {};
  return fail(ErrorKind::fenced, "this lease is no longer the newest one. film=" + lease.film().value() +
                                     " epoch=" + std::to_string(number(stored)) + " ours=" + std::to_string(number(lease.epoch())));
}

std::uint64_t monotonic_ms(Clock& clock) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(clock.now().time_since_epoch()).count();
  return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

Result<void> may_acquire(const FilmId& film, const Holder& holder, const LeaseRequest& request, std::uint64_t now_ms,
                         Machines machines) {
  Owner owner = owner_of(holder.writer, request.writer);
  if (machines == Machines::many && owner == Owner::gone && !is_of_this_machine(holder.writer, request.writer)) owner = Owner::elsewhere;
  if (owner != Owner::alive && !(owner == Owner::elsewhere && machines == Machines::many)) return {};
  const std::uint64_t ends = holder.alive_ms + holder.term_ms;
  if (now_ms >= ends) return {};
  return fail(ErrorKind::conflict, "film is being written by a live process. film=" + film.value() +
                                       (owner == Owner::alive ? " pid=" + pid_of(holder.writer) : " writer=" + holder.writer) + " lease_ends_in_ms=" + std::to_string(ends - now_ms));
}

std::unexpected<Error> no_such_film(const FilmId& film) {
  return fail(ErrorKind::fenced, "the store no longer holds this film. film=" + film.value());
}

Result<Epoch> following_epoch(const FilmId& film, Epoch stored, Epoch at_least) {
  const Epoch last = number(stored) > number(at_least) ? stored : at_least;
  if (number(last) >= std::uint64_t{1} << 53)
    return fail(ErrorKind::corrupt, "epoch is out of its range. film=" + film.value());
  return next(last);
}

Result<void> may_commit(const Lease& lease, Epoch stored, const Head& head, const CommitInfo& info) {
  TRY(is_owner(lease, stored));
  if (head.hash == info.previous_hash && next(head.seq) == info.head.seq) return {};
  return fail(ErrorKind::conflict, "film moved on. film=" + lease.film().value() + " at=" + shown(head) +
                                       " offered=" + shown(info.head));
}

Result<void> may_install(const Lease& lease, Epoch stored, const Head& head, const Head& offered) {
  TRY(is_owner(lease, stored));
  check(number(offered.epoch) < number(lease.epoch()), "an installed state is of an earlier epoch than its lease");
  if (number(head.seq) < number(offered.seq)) return {};
  return fail(ErrorKind::conflict, "store holds this seq or a newer one. film=" + lease.film().value() + " at=" + shown(head) +
                                       " offered=" + shown(offered));
}

bool is_storable_time(WallTime time) {
  constexpr WallTime end = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  return time >= WallTime{} && time < end;
}

Result<void> is_readable(const Commit& commit) {
  if (!is_storable_time(commit.info.at)) return fail(ErrorKind::invalid, "commit's time is not between the years 1970 and 9999");
  if (const auto delta = record::decode_delta(commit.delta); !delta)
    return fail(ErrorKind::invalid, "commit could not be read again: " + delta.error().message);
  return {};
}

Result<std::string> make_base(const FilmId& film, const Head& head, const Json& document) {
  std::string body = record::encode_document(document);
  const Loaded<Checkpoint> back = record::decode_document(film, body);
  if (!back.value) return fail(ErrorKind::invalid, "document could not be read again: " + back.detail);
  if (back.value->head != head)
    return fail(ErrorKind::invalid, "document is of another commit. film=" + film.value() + " document=" + shown(back.value->head) +
                                        " commit=" + shown(head));
  return body;
}

}  // namespace workprint::store
