#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "recovery/recovery_table.h"

namespace workprint::recovery {
namespace {

struct Case {
  const char* situation;
  Evidence evidence;
  char row;
  Decision decision;
};

constexpr auto O = [](Outcome checkpoint, Outcome snapshot, Relation relation = Relation::none) {
  return Evidence{checkpoint, snapshot, relation, false, Outcome::absent, false};
};

constexpr Evidence with_older(Evidence evidence) {
  evidence.older_snapshot = true;
  return evidence;
}

constexpr Evidence with_legacy(Evidence evidence) {
  evidence.legacy = true;
  return evidence;
}

constexpr Evidence with_storyboard(Outcome storyboard, bool assets = false) {
  return {Outcome::absent, Outcome::absent, Relation::none, false, storyboard, assets};
}

// clang-format off
const Case cases[] = {
    {"both tiers agree",                                          O(Outcome::found, Outcome::found, Relation::equal),            'A', Decision::from_checkpoint},
    {"the process died before state.json was written",            O(Outcome::found, Outcome::found, Relation::checkpoint_newer), 'B', Decision::from_checkpoint},
    {"the database was restored from last night",                 O(Outcome::found, Outcome::found, Relation::snapshot_newer),   'C', Decision::from_snapshot},
    {"two writers made the same number",                          O(Outcome::found, Outcome::found, Relation::fork),             'D', Decision::refuse_fork},
    {"the film's folder was deleted",                             O(Outcome::found, Outcome::absent),                            'E', Decision::from_checkpoint},
    {"the object store is down",                                  O(Outcome::found, Outcome::unreachable),                       'F', Decision::from_checkpoint},
    {"state.json is damaged, the database is well",               O(Outcome::found, Outcome::corrupt),                           'G', Decision::from_checkpoint},
    {"state.json is damaged, what lies beside it is not newer",   with_older(O(Outcome::found, Outcome::corrupt, Relation::checkpoint_newer)), 'a', Decision::from_checkpoint},
    {"state.json is damaged, the database was restored",          with_older(O(Outcome::found, Outcome::corrupt, Relation::snapshot_newer)),   'b', Decision::from_older_snapshot},
    {"the database was written by a later version",               O(Outcome::too_new, Outcome::found),                           'H', Decision::refuse_too_new},
    {"state.json was written by a later version",                 O(Outcome::absent, Outcome::too_new),                          'I', Decision::refuse_too_new},
    {"the database is empty: the plan's main case",               O(Outcome::absent, Outcome::found),                            'J', Decision::from_snapshot},
    {"the database is damaged",                                   O(Outcome::corrupt, Outcome::found),                           'K', Decision::from_snapshot},
    {"the database is another one",                               O(Outcome::foreign, Outcome::found),                           'K', Decision::from_snapshot},
    {"the database does not answer",                              O(Outcome::unreachable, Outcome::found),                       'L', Decision::degraded},
    {"state.json is cut off, an older snapshot is whole",         with_older(O(Outcome::absent, Outcome::corrupt)),              'M', Decision::from_older_snapshot},
    {"state.json is cut off and nothing older is whole",          O(Outcome::absent, Outcome::corrupt),                          'N', Decision::refuse_corrupt},
    {"state.json is of another film",                             O(Outcome::absent, Outcome::foreign),                          'O', Decision::refuse_corrupt},
    {"the database is damaged and nothing was published",         O(Outcome::corrupt, Outcome::absent),                          'P', Decision::refuse_corrupt},
    {"nothing answers",                                           O(Outcome::unreachable, Outcome::unreachable),                 'Q', Decision::refuse_unreachable},
    {"the database does not answer and nothing was published",    O(Outcome::unreachable, Outcome::absent),                      'Q', Decision::refuse_unreachable},
    {"the database does not answer and state.json is damaged",    with_older(O(Outcome::unreachable, Outcome::corrupt)),         'R', Decision::refuse_unreachable},
    {"the database is empty and the object store is down",        O(Outcome::absent, Outcome::unreachable),                      'S', Decision::refuse_unreachable},
    {"only the plan is left",                                     with_storyboard(Outcome::found, true),                         'T', Decision::from_storyboard},
    {"the plan does not answer",                                  with_storyboard(Outcome::unreachable),                         'U', Decision::refuse_unreachable},
    {"only a damaged plan is left",                               with_storyboard(Outcome::corrupt),                             'V', Decision::refuse_corrupt},
    {"only a later version's plan is left",                       with_storyboard(Outcome::too_new),                             'W', Decision::refuse_too_new},
    {"a new film",                                                with_storyboard(Outcome::absent),                              'X', Decision::fresh},
    {"clips without any state or plan",                           with_storyboard(Outcome::absent, true),                        'Y', Decision::refuse_evidence},
    {"only a state of the older system is there",                 with_legacy(O(Outcome::absent, Outcome::corrupt)),             'Z', Decision::from_legacy},
    {"the same beside a damaged database",                        with_legacy(O(Outcome::corrupt, Outcome::corrupt)),            'Z', Decision::from_legacy},
    {"the older system wrote over a film that is known",          with_legacy(O(Outcome::found, Outcome::corrupt)),              'G', Decision::from_checkpoint},
    {"a snapshot of ours lies beside the older system's state",   with_older(with_legacy(O(Outcome::absent, Outcome::corrupt))), 'M', Decision::from_older_snapshot},
    {"the older system's state, and no answer from the database", with_legacy(O(Outcome::unreachable, Outcome::corrupt)),        'R', Decision::refuse_unreachable},
};
// clang-format on

}  // namespace

TEST_CASE("recovery: every row decides as its situation asks") {
  std::set<char> seen;
  for (const Case& one : cases) {
    const std::string situation = one.situation;
    CAPTURE(situation);
    const Resolution resolution = resolve(one.evidence);
    CHECK(resolution.row == one.row);
    CHECK(resolution.decision == one.decision);
    CHECK_FALSE(resolution.because.empty());
    seen.insert(one.row);
  }
  for (const Row& row : table) CHECK_MESSAGE(seen.contains(row.letter), "no case for row ", row.letter);
  CHECK(seen.size() == table.size());
}

TEST_CASE("recovery: a fresh start needs proven absence in every tier") {
  for_every_evidence([](const Evidence& e) {
    const bool proven = e.checkpoint == Outcome::absent && e.snapshot == Outcome::absent && e.storyboard == Outcome::absent && !e.assets;
    CHECK((resolve(e).decision == Decision::fresh) == proven);
    return true;
  });
}

TEST_CASE("recovery: what is taken was found, and the storyboard only where state is proven absent") {
  for_every_evidence([](const Evidence& e) {
    switch (resolve(e).decision) {
      case Decision::from_checkpoint: CHECK(e.checkpoint == Outcome::found); break;
      case Decision::from_snapshot:
      case Decision::degraded: CHECK(e.snapshot == Outcome::found); break;
      case Decision::from_older_snapshot: CHECK(e.older_snapshot); break;
      case Decision::from_storyboard:
        CHECK(e.storyboard == Outcome::found);
        CHECK(e.checkpoint == Outcome::absent);
        CHECK(e.snapshot == Outcome::absent);
        break;
      case Decision::from_legacy:
        CHECK(e.legacy);
        CHECK_FALSE(e.older_snapshot);
        CHECK((e.checkpoint == Outcome::absent || e.checkpoint == Outcome::corrupt || e.checkpoint == Outcome::foreign));
        break;
      default: break;
    }
    if (e.relation == Relation::fork && e.checkpoint != Outcome::too_new) CHECK(resolve(e).decision == Decision::refuse_fork);
    if (e.checkpoint == Outcome::too_new || e.snapshot == Outcome::too_new)
      CHECK((resolve(e).decision == Decision::refuse_too_new));
    return true;
  });
}

TEST_CASE("recovery: the page docs/protocols/recovery.md is the table") {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  std::ifstream in(root / "docs/protocols/recovery.md", std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  CHECK_MESSAGE(page == to_markdown(), "write it again with: build/release/workprint recovery-table > docs/protocols/recovery.md");
}

}  // namespace workprint::recovery
