#include "store/database_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/fault.h"
#include "base/file.h"
#include "store/schema.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

namespace fs = std::filesystem;

struct Finding {
  Outcome outcome = Outcome::found;
  std::string detail;
};

Finding corrupt(std::string why) { return {Outcome::corrupt, std::move(why)}; }

std::unexpected<Error> system_failure(const std::string& doing, const std::string& path) {
  const int code = errno;
  return fail(ErrorKind::unavailable, doing + ": " + describe_errno(code) + ". path=" + path);
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<void> sync(const std::string& path, int flags) {
  const File file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) return system_failure("cannot be made durable", path);
  return {};
}

Result<void> sync_folder(const std::string& path) { return sync(folder_of(path), O_RDONLY | O_DIRECTORY); }

/// 0: empty or missing. Errors: unavailable.
Result<std::uint64_t> size_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return static_cast<std::uint64_t>(info.st_size);
  if (errno == ENOENT) return std::uint64_t{0};
  return system_failure("cannot be looked at", path);
}

Result<void> configure(Connection& connection, const SqliteLimits& limits) {
  const std::string mode = TRY(connection.text("PRAGMA journal_mode = WAL"));
  if (mode != "wal") return fail(ErrorKind::unavailable, "the file system cannot keep a write-ahead log. journal_mode=" + mode);
  // mmap_size: a page that cannot be read must be an error and not a signal. secure_delete: Debian's default writes
  // zeros over what we only replace. trusted_schema, cell_size_check: the file may be damaged.
  return connection.run(fmt::format(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0; PRAGMA secure_delete = OFF; "
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA wal_autocheckpoint = {}; "
      "PRAGMA journal_size_limit = {}",
      limits.checkpoint_pages, std::int64_t{limits.checkpoint_pages} * 4096 * 4));
}

// A file that is being made, removed again however that ends. A commit may have left its log beside it.
struct Draft {
  std::string path;
  ~Draft() {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
  }
};

// The file appears under its name with all tables in it, so an empty file or one without tables is always damage.
Result<void> create(const std::string& path, const SqliteLimits& limits) {
  std::error_code error;
  fs::create_directories(folder_of(path), error);
  if (error) return fail(ErrorKind::unavailable, "folder cannot be made: " + error.message() + ". path=" + folder_of(path));
  const Draft draft{fmt::format("{}.new-{:016x}", path, system_random()->next())};
  const std::string& fresh = draft.path;
  {
    Connection connection = TRY(Connection::open(fresh, Connection::Create::yes, limits.busy));
    TRY(configure(connection, limits));
    TRY(create_schema(connection, new_incarnation()));
  }
  TRY(sync(fresh, O_RDONLY));
  fault_point("checkpoint.create.before");
  const bool linked = ::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST;  // somebody else may have been first
  if (!linked) return system_failure("database cannot be given its name", path);
  fault_point("checkpoint.create.after");
  ::unlink(fresh.c_str());  // now, so that the folder's sync takes the second name away too
  return sync_folder(path);
}

Result<Finding> check_identity(Connection& connection) {
  const std::string application = TRY(connection.text("PRAGMA application_id"));
  const std::string format = TRY(connection.text("PRAGMA user_version"));
  const std::string tables = TRY(connection.text("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'"));
  const bool has_meta = ("," + tables + ",").find(",meta,") != std::string::npos;
  if (application != std::to_string(database_application))
    return has_meta ? corrupt("the mark of this program is damaged")
                    : Finding{Outcome::foreign, "the database belongs to another program. application_id=" + application};
  if (!has_meta) return corrupt("the table meta is missing");
  const std::string recorded = TRY(connection.text("SELECT value FROM meta WHERE name = 'format'"));
  if (recorded != format) return corrupt("two records of the format disagree. header=" + format + " meta=" + recorded);
  if (format.size() > 3 || format == "0") return corrupt("the format is out of its range. format=" + format);
  if (std::stoul(format) > database_format)
    return Finding{Outcome::too_new, fmt::format("database needs a program that reads its format {}; this one reads up to {}", format, database_format)};
  return Finding{};
}

Result<Finding> check_content(Connection& connection) {
  const std::string expected = TRY(expected_schema_text());
  if (TRY(schema_text(connection)) != expected) return corrupt("the definitions of the tables are not as written");
  const std::string health = TRY(connection.text("PRAGMA quick_check(1)"));
  if (health != "ok") return corrupt("pages are damaged: " + health.substr(0, 200));
  if (!is_incarnation(TRY(connection.text("SELECT value FROM meta WHERE name = 'incarnation'"))))
    return corrupt("the store's id is damaged");
  return Finding{};
}

Result<Finding> examine(Connection& connection, const SqliteLimits& limits) {
  TRY(configure(connection, limits));
  Finding identity = TRY(check_identity(connection));
  if (identity.outcome != Outcome::found) return identity;
  TRY(upgrade_schema(connection));
  return check_content(connection);
}

// Before SQLite sees the file: it would take an empty one for a new database.
Result<Finding> look_at_file(const std::string& path, const SqliteLimits& limits, IfMissing missing) {
  const auto there = identify(path);
  if (!there && there.error().kind != ErrorKind::not_found) return std::unexpected(there.error());
  if (there) return TRY(size_of(path)) == 0 ? corrupt("the database file is empty") : Finding{};
  // SQLite would play the old log into a new database of the same name.
  if (TRY(size_of(path + "-wal")) > 0) return corrupt("the database file is gone, but its log is there");
  if (missing == IfMissing::leave) return Finding{Outcome::absent, "there is no database file"};
  TRY(create(path, limits));
  return Finding{};
}

Result<Finding> open_checked(const std::string& path, const SqliteLimits& limits, IfMissing missing, std::optional<Connection>& out) {
  Finding file = TRY(look_at_file(path, limits, missing));
  if (file.outcome != Outcome::found) return file;
  Connection connection = TRY(Connection::open(path, Connection::Create::no, limits.busy));
  Finding finding = TRY(examine(connection, limits));
  if (finding.outcome == Outcome::found) out.emplace(std::move(connection));
  return finding;
}

std::string compact(WallTime time) {
  std::string text = to_rfc3339(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

Result<FileIdentity> identify(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return FileIdentity{info.st_dev, info.st_ino};
  if (errno == ENOENT) return fail(ErrorKind::not_found, "there is no database file. path=" + path);
  return system_failure("database cannot be reached", path);
}

Loaded<Connection> open_database(const std::string& path, const SqliteLimits& limits, IfMissing missing) {
  Loaded<Connection> loaded;
  auto finding = open_checked(path, limits, missing, loaded.value);
  if (finding) {
    loaded.outcome = finding->outcome;
    if (!finding->detail.empty()) loaded.detail = finding->detail + ". path=" + path;
  } else {
    loaded.outcome = finding.error().kind == ErrorKind::corrupt ? Outcome::corrupt : Outcome::unreachable;
    loaded.detail = finding.error().message;
  }
  return loaded;
}

Result<std::string> move_aside(const std::string& path, WallTime now) {
  const std::string stem = path + ".set-aside-" + compact(now);
  std::string kept = stem;
  for (int i = 2; fs::exists(kept) || fs::exists(kept + "-wal"); ++i) kept = stem + "-" + std::to_string(i);
  // The database first: a log without its database is seen as damage, a database without its log as an older state.
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (::rename((path + suffix).c_str(), (kept + suffix).c_str()) != 0 && errno != ENOENT)
      return system_failure("damaged database cannot be moved away", path + suffix);
    fault_point("checkpoint.set_aside.renamed");
  }
  TRY(sync_folder(path));
  return kept;
}

}  // namespace workprint::store
