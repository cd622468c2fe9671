#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "base/fault.h"
#include "store/owner.h"
#include "store/replay.h"
#include "store/sqlite.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint {
namespace {

using store::Connection;
using store::Statement;
using store::Transaction;

// What a corrupt or unreachable database means to a reader of one film.
Loaded<Checkpoint> as_outcome(const Error& error) {
  const Outcome outcome = error.kind == ErrorKind::corrupt   ? Outcome::corrupt
                          : error.kind == ErrorKind::invalid ? Outcome::too_new
                                                             : Outcome::unreachable;
  return {outcome, std::nullopt, error.message};
}

struct Statements {
  Statement advance, insert_commit, insert_base;
  static Result<Statements> prepare(sqlite3* connection) {
    Statements all;
    all.advance = TRY(Statement::prepare(connection,
        "UPDATE films SET head_epoch = ?3, head_seq = ?4, head_hash = ?5, updated_at_ms = ?6 "
        "WHERE film = ?1 AND epoch = ?2 AND head_hash = ?7 AND head_seq = ?4 - 1"));
    all.insert_commit = TRY(Statement::prepare(connection,
        "INSERT INTO commits (film, seq, epoch, kind, node, item, at_ms, writer, previous_hash, hash, delta) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"));
    all.insert_base = TRY(Statement::prepare(connection,
        "INSERT INTO bases (film, seq, epoch, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)"));
    return all;
  }
};

std::uint64_t milliseconds(WallTime time) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count())); }
WallTime wall_time(std::uint64_t ms) { return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ms))); }

CommitInfo info_of(const Statement& row) {
  return {{Epoch{row.number(1)}, Seq{row.number(0)}, row.text(8)}, row.text(7),
          commit_kind(row.text(2)).value_or(CommitKind::step), row.text(3), row.text(4), wall_time(row.number(5)), row.text(6)};
}

constexpr const char* commit_columns = "seq, epoch, kind, node, item, at_ms, writer, previous_hash, hash";

// Numbers in documents stop at 2^53; a stored epoch beyond it is damage, and one more would not fit anywhere.
constexpr std::uint64_t epoch_max = std::uint64_t{1} << 52;

struct FilmRow {
  Epoch epoch{};
  std::string owner;
  Head head;
};

class SqliteStore final : public CheckpointStore {
 public:
  SqliteStore(std::string path, std::shared_ptr<Clock> clock) : path_(std::move(path)), clock_(std::move(clock)) {}

  ~SqliteStore() override {
    // Folds the log into the database while nobody waits for it; a failure costs only a longer log.
    if (connection_) [[maybe_unused]] const auto folded = connection_->run("PRAGMA wal_checkpoint(PASSIVE)");
  }

  std::string describe() const override { return "sqlite:" + path_; }

  Result<std::string> incarnation() override {
    const std::lock_guard lock(mutex_);
    TRY(ensure_open(Create::yes));
    Statement row = TRY(Statement::prepare(connection_->get(), "SELECT value FROM meta WHERE name = 'incarnation'"));
    if (!TRY(row.step())) return fail(ErrorKind::corrupt, "database has no incarnation. path=" + path_);
    return row.text(0);
  }

  Result<Lease> acquire(const FilmId& film, const std::string& writer, Epoch at_least) override {
    const std::lock_guard lock(mutex_);
    TRY(ensure_open(Create::yes));
    Transaction transaction = TRY(Transaction::begin(*connection_));
    const std::optional<FilmRow> row = TRY(film_row(film));
    if (row && store::owner_of(row->owner, writer) == store::Owner::alive)
      return fail(ErrorKind::conflict, "film is being written by a live process. film=" + film.value() + " pid=" + store::pid_of(row->owner));
    const Epoch known = row ? row->epoch : Epoch{};
    if (number(known) > epoch_max) return fail(ErrorKind::corrupt, "the film's row has no possible epoch. film=" + film.value());
    const Epoch epoch = next(number(known) > number(at_least) ? known : at_least);
    Statement put = TRY(Statement::prepare(connection_->get(),
        "INSERT INTO films (film, epoch, owner, head_epoch, head_seq, head_hash, updated_at_ms) VALUES (?1, ?2, ?3, 0, 0, '', ?4) "
        "ON CONFLICT (film) DO UPDATE SET epoch = ?2, owner = ?3"));
    TRY(put.bind(1, film.value()).bind(2, number(epoch)).bind(3, writer).bind(4, milliseconds(clock_->wall())).run());
    fault_point("checkpoint.acquire.before");
    TRY(transaction.commit());
    fault_point("checkpoint.acquire.after");
    weights_[film.value()] = TRY(weigh(film));
    return make_lease(film, epoch);
  }

  Result<void> release(const Lease& lease) override {
    const std::lock_guard lock(mutex_);
    TRY(ensure_open(Create::no));
    Statement give = TRY(Statement::prepare(connection_->get(), "UPDATE films SET owner = '' WHERE film = ?1 AND epoch = ?2"));
    return give.bind(1, lease.film().value()).bind(2, number(lease.epoch())).run();
  }

  Loaded<Checkpoint> load(const FilmId& film) override {
    const std::lock_guard lock(mutex_);
    if (const auto open = ensure_open(Create::no); !open) {
      if (open.error().kind == ErrorKind::not_found) return {Outcome::absent, std::nullopt, "the database does not exist"};
      return as_outcome(open.error());
    }
    const auto row = film_row(film);
    if (!row) return as_outcome(row.error());
    if (!*row || (*row)->head.seq == Seq{}) return {Outcome::absent, std::nullopt, "the database has no such film"};
    Loaded<Checkpoint> loaded = read_verified(film, (*row)->head.seq);
    if (loaded.outcome == Outcome::absent) return {Outcome::corrupt, std::nullopt, "the newest commit's row is gone"};
    if (loaded.value && loaded.value->head != (*row)->head)
      return {Outcome::corrupt, std::nullopt, "the film's row and its newest commit disagree"};
    return loaded;
  }

  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override {
    const std::lock_guard lock(mutex_);
    if (const auto open = ensure_open(Create::no); !open) {
      if (open.error().kind == ErrorKind::not_found) return {Outcome::absent, std::nullopt, "the database does not exist"};
      return as_outcome(open.error());
    }
    return read_verified(film, seq);
  }

  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override {
    const std::lock_guard lock(mutex_);
    check(commit.info.head.epoch == lease.epoch(), "a commit carries its lease's epoch");
    TRY(ensure_open(Create::no));
    Weight weight = weights_[lease.film().value()];
    weight.delta += commit.delta.size();
    const bool with_base = weight.base == 0 || store::wants_base(weight.base, weight.delta);
    const std::string body = with_base ? record::encode_document(document) : std::string();
    fault_point("checkpoint.commit.before");
    Transaction transaction = TRY(Transaction::begin(*connection_));
    TRY(advance(lease, commit.info));
    TRY(insert_commit(lease.film(), commit));
    if (with_base) {
      TRY(insert_base(lease.film(), commit.info.head, body));
      weight = {body.size(), 0};
    }
    TRY(transaction.commit());
    fault_point("checkpoint.commit.after");
    weights_[lease.film().value()] = weight;
    return {};
  }

  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override {
    const std::lock_guard lock(mutex_);
    TRY(ensure_open(Create::no));
    const std::string body = record::encode_document(checkpoint.document);
    Transaction transaction = TRY(Transaction::begin(*connection_));
    const std::optional<FilmRow> row = TRY(film_row(lease.film()));
    if (!row || row->epoch != lease.epoch()) return fail(ErrorKind::fenced, "a newer worker owns the film. film=" + lease.film().value());
    if (number(row->head.seq) >= number(checkpoint.head.seq))
      return fail(ErrorKind::conflict, "store holds this seq or a newer one. film=" + lease.film().value());
    Statement move = TRY(Statement::prepare(connection_->get(),
        "UPDATE films SET head_epoch = ?2, head_seq = ?3, head_hash = ?4, updated_at_ms = ?5 WHERE film = ?1"));
    TRY(move.bind(1, lease.film().value()).bind(2, number(checkpoint.head.epoch)).bind(3, number(checkpoint.head.seq))
            .bind(4, checkpoint.head.hash).bind(5, milliseconds(info.at)).run());
    Commit bridge{info, {}};
    bridge.info.head = checkpoint.head;
    TRY(insert_commit(lease.film(), bridge));
    TRY(insert_base(lease.film(), checkpoint.head, body));
    fault_point("checkpoint.install.before");
    TRY(transaction.commit());
    fault_point("checkpoint.install.after");
    weights_[lease.film().value()] = {body.size(), 0};
    return {};
  }

  Result<std::string> set_aside(const FilmId& film, const std::string& reason) override {
    const std::lock_guard lock(mutex_);
    const auto open = ensure_open(Create::no);
    if (!open && open.error().kind == ErrorKind::not_found) return std::string("nothing was there");
    if (!open && open.error().kind == ErrorKind::corrupt) return set_aside_file();
    if (!open) return std::unexpected(open.error());
    const auto moved = set_aside_rows(film, reason);
    if (!moved && moved.error().kind == ErrorKind::corrupt) return set_aside_file();
    if (!moved) return std::unexpected(moved.error());
    return describe() + " table set_aside";
  }

  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    TRY(ensure_open(Create::no));
    Statement rows = TRY(Statement::prepare(connection_->get(), std::string("SELECT ") + commit_columns +
        " FROM commits WHERE film = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3"));
    const std::uint64_t most = std::min<std::uint64_t>(number(before), std::uint64_t{1} << 62);
    rows.bind(1, film.value()).bind(2, most).bind(3, std::min<std::uint64_t>(limit, std::uint64_t{1} << 62));
    std::vector<CommitInfo> infos;
    while (TRY(rows.step())) infos.push_back(info_of(rows));
    if (!infos.empty()) return infos;
    const std::optional<FilmRow> row = TRY(film_row(film));
    if (!row || row->head.seq == Seq{}) return fail(ErrorKind::not_found, "no such film. film=" + film.value());
    return infos;
  }

  Result<std::vector<Row>> list() override {
    const std::lock_guard lock(mutex_);
    const auto open = ensure_open(Create::no);
    if (!open && open.error().kind == ErrorKind::not_found) return std::vector<Row>();
    if (!open) return std::unexpected(open.error());
    Statement films = TRY(Statement::prepare(connection_->get(),
        "SELECT film, head_epoch, head_seq, head_hash, updated_at_ms FROM films WHERE head_seq > 0 ORDER BY film"));
    std::vector<Row> rows;
    while (TRY(films.step())) {
      const auto film = parse_film_id(films.text(0));
      if (!film) return fail(ErrorKind::corrupt, "database holds a film id that is none. path=" + path_);
      rows.push_back({*film, {Epoch{films.number(1)}, Seq{films.number(2)}, films.text(3)}, wall_time(films.number(4))});
    }
    return rows;
  }

 private:
  enum class Create { no, yes };
  struct Weight {
    std::size_t base = 0, delta = 0;
  };

  // not_found: there is no file and none may be made: a reader must not leave an empty database behind.
  Result<void> ensure_open(Create create) {
    if (connection_) return {};
    if (damage_) return std::unexpected(*damage_);
    std::error_code error;
    const bool there = std::filesystem::exists(path_, error);
    if (error) return fail(ErrorKind::unavailable, "database cannot be reached. path=" + path_ + " reason=" + error.message());
    if (has_orphaned_log(there)) {
      damage_ = Error{ErrorKind::corrupt, "the database file is gone or empty, but its log holds commits. path=" + path_};
      return std::unexpected(*damage_);
    }
    if (!there && create == Create::no) return fail(ErrorKind::not_found, "the database does not exist. path=" + path_);
    if (!there) TRY(make_folder());
    auto opened = open_checked();
    if (!opened && opened.error().kind == ErrorKind::corrupt) damage_ = opened.error();
    return opened;
  }

  // SQLite deletes the log of a database without pages. A database gets its first page before its first log, so such a
  // log is evidence of commits whose file somebody lost.
  [[nodiscard]] bool has_orphaned_log(bool is_there) const {
    std::error_code error;
    if (is_there && (std::filesystem::file_size(path_, error) > 0 || error)) return false;
    const auto log_bytes = std::filesystem::file_size(path_ + "-wal", error);
    return !error && log_bytes > 0;
  }

  Result<void> make_folder() {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorKind::unavailable, "folder of the database cannot be made. path=" + folder.string() + " reason=" + error.message());
    return {};
  }

  Result<void> open_checked() {
    Connection connection = TRY(Connection::open(path_));
    TRY(connection.run("PRAGMA journal_mode = WAL"));
    TRY(connection.run("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 2000"));
    Statement health = TRY(Statement::prepare(connection.get(), "PRAGMA quick_check(1)"));
    if (!TRY(health.step()) || health.text(0) != "ok")
      return fail(ErrorKind::corrupt, "database is damaged: " + health.text(0).substr(0, 200) + ". path=" + path_);
    health.reset();
    TRY(store::migrate(connection, "db_" + sha256_hex(std::to_string(system_random()->next()) + this_process_writer()).substr(0, 24)));
    statements_ = TRY(Statements::prepare(connection.get()));
    connection_.emplace(std::move(connection));
    return {};
  }

  Result<std::optional<FilmRow>> film_row(const FilmId& film) {
    Statement row = TRY(Statement::prepare(connection_->get(),
        "SELECT epoch, owner, head_epoch, head_seq, head_hash FROM films WHERE film = ?1"));
    row.bind(1, film.value());
    if (!TRY(row.step())) return std::optional<FilmRow>();
    return std::optional(FilmRow{Epoch{row.number(0)}, row.text(1), {Epoch{row.number(2)}, Seq{row.number(3)}, row.text(4)}});
  }

  Result<Weight> weigh(const FilmId& film) {
    Statement base = TRY(Statement::prepare(connection_->get(),
        "SELECT seq, length(body) FROM bases WHERE film = ?1 ORDER BY seq DESC LIMIT 1"));
    base.bind(1, film.value());
    if (!TRY(base.step())) return Weight{};
    const std::uint64_t seq = base.number(0);
    Weight weight{base.number(1), 0};
    Statement deltas = TRY(Statement::prepare(connection_->get(),
        "SELECT coalesce(sum(length(delta)), 0) FROM commits WHERE film = ?1 AND seq > ?2"));
    deltas.bind(1, film.value()).bind(2, seq);
    if (TRY(deltas.step())) weight.delta = deltas.number(0);
    return weight;
  }

  Result<void> advance(const Lease& lease, const CommitInfo& info) {
    Statement& update = statements_.advance;
    TRY(update.bind(1, lease.film().value()).bind(2, number(lease.epoch())).bind(3, number(info.head.epoch))
            .bind(4, number(info.head.seq)).bind(5, info.head.hash).bind(6, milliseconds(info.at)).bind(7, info.previous_hash).run());
    if (connection_->changes() == 1) return {};
    const std::optional<FilmRow> row = TRY(film_row(lease.film()));
    if (!row || row->epoch != lease.epoch())
      return fail(ErrorKind::fenced, "a newer worker owns the film. film=" + lease.film().value());
    return fail(ErrorKind::conflict, "film moved on. film=" + lease.film().value() + " at=" + std::to_string(number(row->head.seq)));
  }

  Result<void> insert_commit(const FilmId& film, const Commit& commit) {
    const CommitInfo& info = commit.info;
    return statements_.insert_commit.bind(1, film.value()).bind(2, number(info.head.seq)).bind(3, number(info.head.epoch))
        .bind(4, to_string(info.kind)).bind(5, info.node).bind(6, info.item).bind(7, milliseconds(info.at)).bind(8, info.writer)
        .bind(9, info.previous_hash).bind(10, info.head.hash).bind_blob(11, commit.delta).run();
  }

  Result<void> insert_base(const FilmId& film, const Head& head, std::string_view body) {
    return statements_.insert_base.bind(1, film.value()).bind(2, number(head.seq)).bind(3, number(head.epoch))
        .bind(4, head.hash).bind_blob(5, body).run();
  }

  Loaded<Checkpoint> read_verified(const FilmId& film, Seq seq) {
    auto loaded = read_rows(film, seq);
    return loaded ? *std::move(loaded) : as_outcome(loaded.error());
  }

  Result<Loaded<Checkpoint>> read_rows(const FilmId& film, Seq seq) {
    if (number(seq) > std::uint64_t{1} << 62) return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "no such seq"};
    Statement base_row = TRY(Statement::prepare(connection_->get(),
        "SELECT epoch, seq, hash, body FROM bases WHERE film = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1"));
    base_row.bind(1, film.value()).bind(2, number(seq));
    if (!TRY(base_row.step())) return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "no such seq"};
    const store::Base base{{Epoch{base_row.number(0)}, Seq{base_row.number(1)}, base_row.text(2)}, base_row.text(3)};
    if (number(base.head.seq) > number(seq)) return Loaded<Checkpoint>{Outcome::corrupt, std::nullopt, "a base has no possible seq"};
    Statement rows = TRY(Statement::prepare(connection_->get(), std::string("SELECT ") + commit_columns +
        ", delta FROM commits WHERE film = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq"));
    rows.bind(1, film.value()).bind(2, number(base.head.seq)).bind(3, number(seq));
    std::vector<Commit> after;
    while (TRY(rows.step())) {
      if (!commit_kind(rows.text(2))) return Loaded<Checkpoint>{Outcome::corrupt, std::nullopt, "a commit has an unknown kind"};
      after.push_back({info_of(rows), rows.text(9)});
    }
    Loaded<Checkpoint> loaded = store::replay(film, base, after);
    if (loaded.value && loaded.value->head.seq != seq) return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "no such seq"};
    return loaded;
  }

  Result<void> set_aside_rows(const FilmId& film, const std::string& reason) {
    Transaction transaction = TRY(Transaction::begin(*connection_));
    const std::uint64_t now = milliseconds(clock_->wall());
    for (const char* sql : {
             "INSERT INTO set_aside SELECT film, ?2, ?3, 'film', head_seq, head_hash FROM films WHERE film = ?1",
             "INSERT INTO set_aside SELECT film, ?2, ?3, 'base', seq, body FROM bases WHERE film = ?1",
             "INSERT INTO set_aside SELECT film, ?2, ?3, 'commit', seq, delta FROM commits WHERE film = ?1"}) {
      Statement keep = TRY(Statement::prepare(connection_->get(), sql));
      TRY(keep.bind(1, film.value()).bind(2, now).bind(3, reason).run());
    }
    for (const char* sql : {"DELETE FROM bases WHERE film = ?1", "DELETE FROM commits WHERE film = ?1", "DELETE FROM films WHERE film = ?1"}) {
      Statement drop = TRY(Statement::prepare(connection_->get(), sql));
      TRY(drop.bind(1, film.value()).run());
    }
    fault_point("checkpoint.set_aside.before");
    TRY(transaction.commit());
    fault_point("checkpoint.set_aside.after");
    weights_.erase(film.value());
    return {};
  }

  // The whole file is damaged: it moves away with its log, and a new database, with another incarnation, takes its place.
  Result<std::string> set_aside_file() {
    statements_ = {};
    connection_.reset();
    const std::string kept = path_ + ".set-aside-" + std::to_string(milliseconds(clock_->wall()));
    for (const char* suffix : {"", "-wal", "-shm"}) {
      fault_point("checkpoint.set_aside_file.before");
      if (std::rename((path_ + suffix).c_str(), (kept + suffix).c_str()) != 0 && errno != ENOENT)
        return fail(ErrorKind::unavailable, "damaged database cannot be moved away. path=" + path_ + " reason=" + std::generic_category().message(errno));
    }
    const std::string folder = std::filesystem::path(path_).parent_path().string();
    const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool durable = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!durable) return fail(ErrorKind::unavailable, "folder of the database cannot be synced. path=" + folder);
    fault_point("checkpoint.set_aside_file.after");
    damage_.reset();
    weights_.clear();
    return kept;
  }

  std::string path_;
  std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::optional<Connection> connection_;
  Statements statements_;  // after connection_: finalised first
  std::optional<Error> damage_;
  std::map<std::string, Weight> weights_;
};

}  // namespace

std::unique_ptr<CheckpointStore> open_sqlite_store(const std::string& path, std::shared_ptr<Clock> clock) {
  return std::make_unique<SqliteStore>(path, std::move(clock));
}

}  // namespace workprint
