#include "tests/sim/sim_stores.h"

#include "workprint/object_name.h"

namespace workprint::sim {
namespace {

class Database final : public CheckpointStore {
 public:
  Database(World& world, Worker& worker) : world_(world), worker_(worker) {}

  std::string describe() const override { return "sim:database"; }
  Result<std::string> incarnation() override {
    return call("incarnation", [&] { return world_.database.incarnation(); });
  }
  Result<Lease> acquire(const FilmId& film, const LeaseRequest& request) override {
    auto lease = change("acquire", [&] { return world_.database.acquire(film, request); }, Moment::decisive);
    if (lease) {
      worker_.lease_epoch = number(lease->epoch());
      worker_.is_in_database = true;
      world_.jolt(worker_);
    }
    return lease;
  }
  Result<void> renew(const Lease& lease) override {
    return change("renew", [&] { return world_.database.renew(lease); });
  }
  Result<void> release(const Lease& lease) override {
    return change("release", [&] { return world_.database.release(lease); });
  }
  Loaded<Checkpoint> load(const FilmId& film) override {
    return look("load", [&] { return world_.database.load(film); });
  }
  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override {
    return look("read", [&] { return world_.database.read(film, seq); });
  }
  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override {
    world_.oracle->offered(worker_, commit, document);
    const auto write = [&world = world_](const Lease& with, const Commit& what, const Json& state) {
      auto done = world.database.commit(with, what, state);
      if (done) world.oracle->taken_by_database(what);
      if (done) world.backup();
      return done;
    };
    const std::string what = "commit " + std::to_string(number(commit.info.head.epoch)) + "/" + std::to_string(number(commit.info.head.seq)) +
                             " " + std::string(to_string(commit.info.kind));
    const auto late = [&] {
      world_.later([&world = world_, write, film = lease.film(), epoch = lease.epoch(), commit, document] {
        const auto done = write(make_lease(film, epoch), commit, document);
        world.journal("  late " + std::string(done ? "and taken" : "and refused") + ": commit " + std::to_string(number(commit.info.head.seq)));
      });
    };
    return change(what, [&] { return write(lease, commit, document); }, Moment::decisive, late);
  }
  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override {
    return change("install " + std::to_string(number(checkpoint.head.epoch)) + "/" + std::to_string(number(checkpoint.head.seq)),
                  [&] {
                    auto done = world_.database.install(lease, checkpoint, info);
                    if (done) world_.oracle->installed(worker_, checkpoint);
                    return done;
                  });
  }
  Result<std::string> set_aside(const FilmId& film, const std::string& reason) override {
    return change("set_aside", [&] { return world_.database.set_aside(film, reason); });
  }
  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override {
    return call("history", [&] { return world_.database.history(film, before, limit); });
  }
  Result<std::vector<Commit>> log(const FilmId& film, Seq after, std::size_t limit) override {
    return call("log", [&] { return world_.database.log(film, after, limit); });
  }
  Result<Seq> prune(const FilmId& film, Seq keep_from) override {
    return change("prune", [&] { return world_.database.prune(film, keep_from); });
  }
  Result<std::vector<Row>> list() override {
    return call("list", [&] { return world_.database.list(); });
  }

 private:
  template <class Call>
  auto call(const std::string& what, Call make) -> decltype(make()) {
    world_.event(worker_, "db " + what);
    const auto error = world_.fails_before(worker_, Target::database, what);
    worker_.hears_database = !error;
    if (error) return std::unexpected(*error);
    return make();
  }
  template <class Call>
  auto change(const std::string& what, Call make, Moment moment = Moment::any, const std::function<void()>& late = {}) -> decltype(make()) {
    world_.event(worker_, "db " + what, moment);
    worker_.hears_database = false;
    if (auto error = world_.fails_before(worker_, Target::database, what)) {
      if (late && !world_.is_calm() && world_.strikes(world_.weather.late * 10)) late();
      return std::unexpected(*error);
    }
    auto done = make();
    if (auto error = world_.fails_after(worker_, what)) {
      worker_.saw_database_lost = true;
      return std::unexpected(*error);
    }
    worker_.hears_database = true;
    return done;
  }
  template <class Call>
  Loaded<Checkpoint> look(const std::string& what, Call make) {
    world_.event(worker_, "db " + what);
    const auto error = world_.fails_before(worker_, Target::database, what);
    worker_.hears_database = !error;
    if (error) return {Outcome::unreachable, std::nullopt, error->message};
    return make();
  }

  World& world_;
  Worker& worker_;
};

class Bucket final : public ObjectStore {
 public:
  Bucket(World& world, Worker& worker) : world_(world), worker_(worker) {}

  std::string describe() const override { return "sim:bucket"; }
  Duration write_interval() const override { return world_.weather.write_interval; }
  Result<std::string> incarnation() override { return world_.bucket.incarnation(); }

  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override {
    const std::string object(name);
    const auto parsed = parse_object_name(name);
    const bool is_state = parsed && (parsed->type == ObjectType::state || parsed->type == ObjectType::snapshot);
    if (is_state) world_.oracle->offered(worker_, object, std::string(bytes));
    const auto* over = std::get_if<IfVersion>(&condition);
    const bool is_lease = parsed && parsed->type == ObjectType::lease;
    const bool is_decisive = is_lease || (parsed && parsed->type == ObjectType::state);
    const auto write = [&world = world_, &worker = worker_, object, bytes = std::string(bytes), condition, is_state, is_lease] {
      auto done = world.bucket.put(object, bytes, condition);
      if (done && is_state) world.oracle->taken_by_bucket(worker, object, bytes);
      if (done && is_lease) world.oracle->claimed(worker, bytes);
      return done;
    };
    world_.event(worker_, "put " + object + (over != nullptr ? " over " + over->version : ""), is_decisive ? Moment::decisive : Moment::any);
    if (auto error = world_.fails_before(worker_, Target::bucket, object)) {
      // The request lies in some proxy, and is delivered when nobody waits for it any more.
      if (is_state && !world_.is_calm() && world_.strikes(world_.weather.late * 10))
        world_.later([&world = world_, write, object] { world.journal("  late " + std::string(write() ? "and taken" : "and refused") + ": put " + object); });
      return std::unexpected(*error);
    }
    auto done = write();
    if (done) worker_.seen_whole.insert(object);
    // A connection that broke made the client send the request twice; it sees the second answer only.
    if (done && !world_.is_calm() && world_.strikes(world_.weather.error_after)) done = write();
    if (done && is_state && !world_.is_calm() && world_.strikes(world_.weather.torn)) {
      world_.tear(object);
      worker_.saw_bucket_lost = true;
      return fail(ErrorKind::unavailable, "the write was torn");
    }
    if (auto error = world_.fails_after(worker_, object)) {
      worker_.saw_bucket_lost = true;
      return std::unexpected(*error);
    }
    return done;
  }
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file, const PutCondition& condition) override {
    return call(name, "put_file ", [&] { return world_.bucket.put_file(name, file, condition); });
  }
  Result<ObjectBytes> get(std::string_view name) override {
    return call(name, "get ", [&] {
      auto object = world_.bucket.get(name);
      if (name.ends_with("/state.json")) worker_.state_read = world_.now();
      if (name.ends_with("/lease.json")) {
        worker_.claim_read = world_.now();
        const auto json = object ? parse_json(object->bytes) : Result<Json>(Json());
        worker_.claim_read_released = json && json->is_object() && json->value("released", false);
      }
      return object;
    });
  }
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override {
    return call(name, "get_file ", [&] { return world_.bucket.get_file(name, file); });
  }
  Result<ObjectInfo> head(std::string_view name) override {
    return call(name, "head ", [&] { return world_.bucket.head(name); });
  }
  Result<ObjectInfo> verify(std::string_view name) override {
    return call(name, "verify ", [&] {
      auto info = world_.bucket.verify(name);
      if (info) worker_.seen_whole.insert(std::string(name));
      return info;
    });
  }
  Result<ObjectBytes> get_as_is(std::string_view name) override {
    return call(name, "get_as_is ", [&] { return world_.bucket.get_as_is(name); });
  }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
    return call(prefix, "list ", [&] {
      auto all = world_.bucket.list(prefix);
      // A listing that does not know the newest object yet.
      if (all && !all->empty() && !world_.is_calm() && world_.strikes(world_.weather.stale_list)) all->erase(all->begin() + static_cast<std::ptrdiff_t>(world_.random(all->size())));
      return all;
    });
  }
  Result<void> remove(std::string_view name, const std::string& version) override {
    return call(name, "remove ", [&] { return world_.bucket.remove(name, version); });
  }

 private:
  template <class Call>
  auto call(std::string_view name, const char* what, Call make) -> decltype(make()) {
    world_.event(worker_, what + std::string(name));
    if (auto error = world_.fails_before(worker_, Target::bucket, std::string(name))) return std::unexpected(*error);
    return make();
  }

  World& world_;
  Worker& worker_;
};

}  // namespace

std::unique_ptr<CheckpointStore> database_of(World& world, Worker& worker) { return std::make_unique<Database>(world, worker); }
std::unique_ptr<ObjectStore> bucket_of(World& world, Worker& worker) { return std::make_unique<Bucket>(world, worker); }

}  // namespace workprint::sim
