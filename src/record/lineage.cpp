#include "record/lineage.h"

#include "run/delta.h"

namespace workprint::record {
namespace {

// Terms beyond this many are forgotten, oldest first; a head of a forgotten term is believed.
constexpr std::size_t terms_kept = 256;

std::string began(const Json& meta) { return meta.value("began", std::string()); }

// One commit as lineage names it.
struct Point {
  Head head;
  std::string term;  ///< the first commit's hash of its epoch; empty: not known
};

// Does the line of `newer` hold this commit, of an earlier epoch or of its own?
bool holds(const Checkpoint& newer, const Point& older) {
  if (newer.head == older.head) return true;
  if (!is_newer(newer.head, older.head) || number(newer.head.seq) <= number(older.head.seq)) return false;
  const Json& meta = newer.document[run::meta_member];
  const auto is_term = [&](const std::string& first) { return first.empty() || older.term.empty() || first == older.term; };
  if (newer.head.epoch == older.head.epoch) return is_term(began(meta));
  const Json lineage = meta.value("lineage", Json::array());
  for (const Json& entry : lineage) {
    if (entry.value("epoch", std::uint64_t{0}) != number(older.head.epoch)) continue;
    const std::uint64_t last = entry.value("seq", std::uint64_t{0});
    if (number(older.head.seq) == last) return entry.value("hash", older.head.hash) == older.head.hash;
    return number(older.head.seq) < last && is_term(entry.value("began", ""));
  }
  // No entry: a term that this line never had, unless it is one that was forgotten or never written down.
  return lineage.empty() || lineage.size() >= terms_kept;
}

// A takeover's commit goes to tier 2 before its worker acknowledges anything, and holds only what can be found again: when
// another worker was quicker in tier 1, what counts is the commit that it followed.
std::optional<Point> followed_by_takeover(const Checkpoint& one) {
  const Json& meta = one.document[run::meta_member];
  const Json lineage = meta.value("lineage", Json::array());
  if (meta.value("kind", "") != "takeover" || lineage.empty()) return std::nullopt;
  const Json& last = lineage.back();
  return Point{{Epoch{last.value("epoch", std::uint64_t{0})}, Seq{last.value("seq", std::uint64_t{0})}, last.value("hash", "")},
               last.value("began", "")};
}

bool holds(const Checkpoint& newer, const Checkpoint& older) {
  if (holds(newer, Point{older.head, began(older.document[run::meta_member])})) return true;
  const auto followed = followed_by_takeover(older);
  return followed && number(newer.head.epoch) > number(older.head.epoch) && holds(newer, *followed);
}

}  // namespace

Kinship kinship(const Checkpoint& first, const Checkpoint& second) {
  if (first.head == second.head) return Kinship::same;
  if (holds(first, second)) return Kinship::newer;
  if (holds(second, first)) return Kinship::older;
  return Kinship::fork;
}

void extend_lineage(Json& meta, const Head& next) {
  const std::uint64_t epoch = meta.value("epoch", std::uint64_t{0}), seq = meta.value("seq", std::uint64_t{0});
  if (epoch == number(next.epoch)) return;
  if (seq > 0) {
    Json entry = {{"epoch", epoch}, {"seq", seq}};
    if (const std::string hash = meta.value("hash", std::string()); !hash.empty()) entry["hash"] = hash;
    if (const std::string first = began(meta); !first.empty()) entry["began"] = first;
    Json& lineage = meta["lineage"];
    if (!lineage.is_array()) lineage = Json::array();
    lineage.push_back(std::move(entry));
    if (lineage.size() > terms_kept) lineage.erase(lineage.begin());
  }
  meta["began"] = next.hash;
}

}  // namespace workprint::record
