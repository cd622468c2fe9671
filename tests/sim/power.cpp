#include "tests/sim/power.h"

#include <filesystem>

#include "object/scratch_folder.h"
#include "record/commit.h"
#include "tests/sim/disk.h"
#include "tests/sim/oracle.h"
#include "tests/sim/world.h"
#include "workprint/try.h"

namespace workprint::sim {
namespace {

namespace fs = std::filesystem;

constexpr int cuts_each = 4, writes_max = 12;

// What one write was to change; both are what a reader may find when the power failed under it.
struct Doubt {
  std::string name;
  std::optional<std::string> before, after;
};

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seeded_random(seed)) {}

  PowerCuts run() {
    fs::path here = scratch_.path() / "0";
    fs::create_directory(here);
    for (int i = 1; i <= cuts_each; ++i) {
      const fs::path after = scratch_.path() / std::to_string(i);
      fs::create_directory(after);
      std::optional<Doubt> object, commit;
      {
        Disk disk(here, after, 1 + pick(80), *random_);
        const auto objects = open_folder_store(here / "films");
        const auto database = open_sqlite_store((here / "workprint.db").string(), system_clock());
        std::optional<Lease> lease;
        for (int n = 0; n < writes_max && !disk.is_cut(); ++n) {
          ++done_.writes;
          pick(2) == 0 ? write(*objects, disk, object) : commit_next(*database, disk, lease, commit);
        }
        disk.cut();
      }
      ++done_.cuts;
      fs::remove_all(here);
      here = after;
      look(here, object, commit);
    }
    return done_;
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_->next() % below; }

  // One object is created, replaced or removed.
  void write(ObjectStore& objects, const Disk& disk, std::optional<Doubt>& doubt) {
    constexpr std::array names{"film/state.json", "film/lease.json", "film/state/00000001-00000000000000000001.json", "film/scenes/scene_000_01.mp4", "other/state.json"};
    Doubt one{names[pick(names.size())], std::nullopt, std::nullopt};
    const auto there = held_.find(one.name);
    if (there != held_.end()) one.before = there->second;
    Result<void> done;
    if (one.before && pick(4) == 0) {
      const auto info = objects.head(one.name);
      done = info ? objects.remove(one.name, info->version) : Result<void>(std::unexpected(info.error()));
    } else {
      one.after = std::string(1 + pick(3000), static_cast<char>('a' + pick(26)));
      PutCondition condition = IfAbsent{};
      if (one.before) {
        const auto info = objects.head(one.name);
        if (info) condition = IfVersion{info->version};
      }
      const auto put = objects.put(one.name, *one.after, condition);
      if (!put) done = std::unexpected(put.error());
    }
    if (disk.is_cut()) {
      doubt = one;
      return;
    }
    if (!done) broken("progress", "a write to a folder that works failed: " + done.error().message);
    if (one.after)
      held_[one.name] = *one.after;
    else
      held_.erase(one.name);
  }

  void commit_next(CheckpointStore& database, const Disk& disk, std::optional<Lease>& lease, std::optional<Doubt>& doubt) {
    if (!lease) {
      auto taken = database.acquire(film_, {"host/boot/1/" + std::to_string(done_.cuts), Epoch{}, std::chrono::seconds(0)});
      if (disk.is_cut()) return;
      if (!taken) broken("progress", "a database that works gives no lease: " + taken.error().message);
      if (number(taken->epoch()) <= epoch_) broken("single_writer", "epoch " + std::to_string(number(taken->epoch())) + " was given away twice");
      epoch_ = number(taken->epoch());
      lease = *std::move(taken);
    }
    record::Delta delta;
    delta.set["count"] = number(head_.seq) + 1;
    delta.set["text"] = std::string(pick(3000), static_cast<char>('a' + pick(26)));
    if (head_.seq == Seq{}) {
      delta.meta["graphFingerprint"] = std::string(64, 'a');
      delta.meta["nextNodes"] = Json::array();
      for (const char* part : {"openEffects", "doneTasks", "interrupts"}) delta.meta[part] = Json::object();
    }
    Commit commit;
    commit.info = {{lease->epoch(), next(head_.seq), {}}, head_.hash, CommitKind::step, "make", {}, WallTime(std::chrono::milliseconds(1'772'442'696'431)), "host/boot/1/1"};
    commit.delta = record::encode(delta);
    record::seal(film_, commit);
    Json after = document_;
    const auto applied = record::apply(after, delta, film_, commit.info);
    check(applied.has_value(), "a commit fits");
    const auto done = database.commit(*lease, commit, after);
    if (disk.is_cut()) {
      doubt = Doubt{"", shown(document_), shown(after)};
      return;
    }
    if (!done) broken("progress", "a database that works takes no commit: " + done.error().message);
    head_ = commit.info.head;
    document_ = std::move(after);
  }

  static std::string shown(const Json& document) { return document.empty() ? "" : record::encode_document(document); }

  // What a program finds that starts when the power is back.
  void look(const fs::path& here, const std::optional<Doubt>& object, const std::optional<Doubt>& commit) {
    const auto objects = open_folder_store(here / "films");
    std::map<std::string, std::optional<std::string>> expected;
    for (const auto& [name, bytes] : held_) expected[name] = bytes;
    if (object) expected[object->name] = object->before;
    for (const auto& [name, bytes] : expected) {
      const auto there = objects->get(name);
      if (!there && there.error().kind != ErrorKind::not_found) broken("whole_or_nothing", "after a power cut " + name + " reads as " + std::string(to_string(there.error().kind)) + ": " + there.error().message);
      std::optional<std::string> found;
      if (there) found = there->bytes;
      const bool is_doubted = object && object->name == name;
      if (found != bytes && !(is_doubted && found == object->after))
        broken("nothing_acknowledged_is_lost", "after a power cut " + name + (found ? " has other bytes" : " is gone"));
      if (found)
        held_[name] = *found;
      else
        held_.erase(name);
    }
    const auto all = objects->list("");
    if (!all) broken("progress", "after a power cut the folder cannot be listed: " + all.error().message);
    for (const ObjectInfo& info : *all)
      if (!held_.contains(info.name)) broken("whole_or_nothing", "after a power cut there is " + info.name);
    const auto database = open_sqlite_store((here / "workprint.db").string(), system_clock());
    const Loaded<Checkpoint> loaded = database->load(film_);
    if (loaded.outcome != Outcome::found && loaded.outcome != Outcome::absent)
      broken("whole_or_nothing", "after a power cut the database reads as " + std::string(to_string(loaded.outcome)) + ": " + loaded.detail);
    const std::string found = loaded.value ? record::encode_document(loaded.value->document) : "";
    if (found != shown(document_) && !(commit && found == *commit->after))
      broken("nothing_acknowledged_is_lost", "after a power cut the database is at seq " + (loaded.value ? std::to_string(number(loaded.value->head.seq)) : "none") + ", acknowledged was " + std::to_string(number(head_.seq)));
    if (loaded.value) {
      head_ = loaded.value->head;
      document_ = loaded.value->document;
    }
  }

  ScratchFolder scratch_;
  std::shared_ptr<Random> random_;
  const FilmId film_ = *parse_film_id("film");
  std::map<std::string, std::string> held_;  // acknowledged objects
  Head head_;                                // acknowledged commit
  Json document_ = Json::object();
  std::uint64_t epoch_ = 0;
  PowerCuts done_;
};

}  // namespace

PowerCuts power_cuts(std::uint64_t seed) { return Machine(seed).run(); }

}  // namespace workprint::sim
