#include "store/film_row.h"

#include "store/rule.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

constexpr std::string_view film_columns =
    "id, film_id, epoch, owner, head_epoch, head_seq, head_hash, base_seq, base_bytes, delta_bytes_since_base, updated_at_ms, checksum, term_ms, "
    "alive_ms";
constexpr std::string_view commit_columns =
    "seq, epoch, kind, node, item, at_ms, writer, previous_hash, hash, delta, seal";

std::uint64_t milliseconds(WallTime time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

Result<WallTime> stored_time(std::uint64_t ms) {
  const WallTime time{std::chrono::milliseconds(static_cast<std::int64_t>(ms))};
  if (!is_storable_time(time)) return fail(ErrorKind::corrupt, "a stored time is out of its range");
  return time;
}

std::unexpected<Error> broken(const std::string& why, const std::string& film, std::uint64_t seq) {
  return fail(ErrorKind::corrupt, why + ". film=" + film + " seq=" + std::to_string(seq));
}

// The deltas' hashes do not cover this row, and who may write depends on it.
std::uint64_t checksum(const FilmRow& row) {
  const std::string words =
      std::to_string(row.id) + "\n" + row.film + "\n" + std::to_string(number(row.epoch)) + "\n" + row.owner + "\n" +
      std::to_string(number(row.head.epoch)) + "\n" + std::to_string(number(row.head.seq)) + "\n" + row.head.hash + "\n" +
      std::to_string(number(row.base_seq)) + "\n" + std::to_string(row.base_bytes) + "\n" +
      std::to_string(row.delta_bytes_since_base) + "\n" + std::to_string(milliseconds(row.updated_at)) + "\n" +
      std::to_string(row.term_ms) + "\n" + std::to_string(row.alive_ms);
  return crc32c(words);
}

Result<FilmRow> film_from(const Statement& rows) {
  FilmRow row;
  row.id = TRY(rows.number(0));
  row.film = rows.text(1);
  row.epoch = Epoch{TRY(rows.number(2))};
  row.owner = rows.text(3);
  row.head.epoch = Epoch{TRY(rows.number(4))};
  row.head.seq = Seq{TRY(rows.number(5))};
  row.head.hash = rows.text(6);
  row.base_seq = Seq{TRY(rows.number(7))};
  row.base_bytes = TRY(rows.number(8));
  row.delta_bytes_since_base = TRY(rows.number(9));
  const std::uint64_t updated_at_ms = TRY(rows.number(10));
  row.updated_at = TRY(stored_time(updated_at_ms));
  row.term_ms = TRY(rows.number(12));
  row.alive_ms = TRY(rows.number(13));
  if (TRY(rows.number(11)) != checksum(row)) return fail(ErrorKind::corrupt, "a film's row fails its checksum. row=" + std::to_string(row.id));
  return row;
}

Result<CommitRow> commit_from(const Statement& rows, const FilmId& film) {
  CommitRow row;
  CommitInfo& info = row.commit.info;
  info.head.epoch = Epoch{TRY(rows.number(1))};
  info.head.seq = Seq{TRY(rows.number(0))};
  info.head.hash = rows.text(8);
  const auto kind = commit_kind(rows.text(2));
  if (!kind) return broken("a commit has an unknown kind", film.value(), number(info.head.seq));
  info.kind = *kind;
  info.node = rows.text(3);
  info.item = rows.text(4);
  const std::uint64_t at_ms = TRY(rows.number(5));
  info.at = TRY(stored_time(at_ms));
  info.writer = rows.text(6);
  info.previous_hash = rows.text(7);
  row.is_restored = rows.is_null(9);
  row.commit.delta = rows.text(9);
  const std::string own = record::commit_hash(film, info, row.commit.delta);
  if (own != (row.is_restored ? rows.text(10) : info.head.hash))
    return broken("a commit's row does not have its hash", film.value(), number(info.head.seq));
  return row;
}

struct BaseRow {
  Seq seq{};
  std::string body;
};

Result<std::optional<BaseRow>> base_before(Connection& connection, const FilmRow& film, Seq seq) {
  Statement rows = TRY(connection.prepare(
      "SELECT seq, sha256, body FROM bases WHERE film = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1"));
  rows.bind(1, film.id).bind(2, number(seq));
  if (!TRY(rows.step())) return std::optional<BaseRow>();
  BaseRow base{Seq{TRY(rows.number(0))}, rows.text(2)};
  if (sha256_hex(base.body) != rows.text(1)) return broken("a base does not have its hash", film.film, number(base.seq));
  return std::optional(std::move(base));
}

// Everything before the oldest commit was forgotten on purpose when that commit has a base: prune leaves it so.
Result<bool> is_pruned(Connection& connection, const FilmRow& film, Seq seq) {
  Statement oldest = TRY(connection.prepare("SELECT min(seq), EXISTS (SELECT 1 FROM bases WHERE film = ?1 AND anchor = 1 AND seq = (SELECT min(seq) FROM commits WHERE film = ?1)) "
                                            "FROM commits WHERE film = ?1"));
  oldest.bind(1, film.id);
  if (!TRY(oldest.step()) || oldest.is_null(0)) return false;
  const std::uint64_t first = TRY(oldest.number(0));
  return number(seq) < first && oldest.text(1) == "1";
}

// A seq that is not there may never have been: an installed state bridges over what it does not know.
Result<Loaded<Checkpoint>> missing(Connection& connection, const FilmRow& film, Seq seq) {
  Statement rows = TRY(connection.prepare(
      "SELECT delta IS NULL FROM commits WHERE film = ?1 AND seq > ?2 ORDER BY seq LIMIT 1"));
  rows.bind(1, film.id).bind(2, number(seq));
  const bool is_followed = TRY(rows.step());
  if (TRY(is_pruned(connection, film, seq))) return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "this commit was pruned"};
  if (is_followed && rows.text(0) == "1")
    return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "this commit is not known here: a newer state was installed over it"};
  return broken("a commit's row is gone", film.film, number(seq));
}

}  // namespace

Result<std::vector<FilmRow>> all_films(Connection& connection) {
  Statement rows = TRY(connection.prepare("SELECT " + std::string(film_columns) + " FROM films NOT INDEXED ORDER BY film_id"));
  std::vector<FilmRow> films;
  while (TRY(rows.step())) films.push_back(TRY(film_from(rows)));
  return films;
}

Result<std::optional<FilmRow>> find_film(Connection& connection, const std::string& film) {
  Statement rows = TRY(connection.prepare("SELECT " + std::string(film_columns) + " FROM films WHERE film_id = ?1"));
  rows.bind(1, film);
  if (TRY(rows.step())) {
    FilmRow row = TRY(film_from(rows));
    if (row.film == film) return std::optional(std::move(row));
  }
  rows.reset();
  // Absence is a claim that a fresh start may rest on: the index alone does not prove it.
  for (const FilmRow& row : TRY(all_films(connection)))
    if (row.film == film) return fail(ErrorKind::corrupt, "the index of films has lost one. film=" + film);
  return std::optional<FilmRow>();
}

Result<std::vector<std::uint64_t>> damaged_films(Connection& connection) {
  Statement rows = TRY(connection.prepare("SELECT " + std::string(film_columns) + " FROM films NOT INDEXED"));
  std::vector<std::uint64_t> ids;
  while (TRY(rows.step()))
    if (!film_from(rows)) ids.push_back(TRY(rows.number(0)));
  return ids;
}

Result<void> insert_film(Connection& connection, FilmRow& row) {
  // The id is part of the checksum and known only afterwards.
  Statement insert = TRY(connection.prepare(
      "INSERT INTO films (film_id, epoch, owner, head_epoch, head_seq, head_hash, base_seq, base_bytes, delta_bytes_since_base, "
      "updated_at_ms, checksum, term_ms, alive_ms) VALUES (?1, ?2, ?3, 0, 0, '', 0, 0, 0, ?4, 0, ?5, ?6)"));
  TRY(insert.bind(1, row.film).bind(2, number(row.epoch)).bind(3, row.owner).bind(4, milliseconds(row.updated_at))
          .bind(5, row.term_ms).bind(6, row.alive_ms).run());
  row.id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(connection.get()));
  Statement seal = TRY(connection.prepare("UPDATE films SET checksum = ?2 WHERE id = ?1"));
  return seal.bind(1, row.id).bind(2, checksum(row)).run();
}

Result<bool> update_film(Connection& connection, Statement& update, const FilmRow& before, const FilmRow& row) {
  TRY(update.bind(1, row.id).bind(2, number(row.epoch)).bind(3, row.owner).bind(4, number(row.head.epoch))
          .bind(5, number(row.head.seq)).bind(6, row.head.hash).bind(7, number(row.base_seq)).bind(8, row.base_bytes)
          .bind(9, row.delta_bytes_since_base).bind(10, milliseconds(row.updated_at)).bind(11, checksum(row))
          .bind(12, number(before.epoch)).bind(13, number(before.head.seq)).bind(14, before.head.hash)
          .bind(15, row.term_ms).bind(16, row.alive_ms).run());
  return connection.changes() == 1;
}

namespace {

Statement& bind_info(Statement& insert, const FilmRow& film, const CommitInfo& info) {
  return insert.bind(1, film.id).bind(2, number(info.head.seq)).bind(3, number(info.head.epoch)).bind(4, to_string(info.kind))
      .bind(5, info.node).bind(6, info.item).bind(7, milliseconds(info.at)).bind(8, info.writer).bind(9, info.previous_hash)
      .bind(10, info.head.hash);
}

}  // namespace

Result<void> insert_commit(Statement& insert, const FilmRow& film, const Commit& commit) {
  return bind_info(insert, film, commit.info).bind_blob(11, commit.delta).bind_null(12).run();
}

Result<void> insert_restored(Statement& insert, const FilmRow& film, const FilmId& id, CommitInfo info) {
  info.kind = CommitKind::restored;
  const std::string seal = record::commit_hash(id, info, {});
  return bind_info(insert, film, info).bind_null(11).bind(12, seal).run();
}

Result<void> insert_base(Connection& connection, const FilmRow& film, Seq seq, Anchor anchor, const std::string& body) {
  Statement thin = TRY(connection.prepare("DELETE FROM bases WHERE film = ?1 AND anchor = 0"));
  TRY(thin.bind(1, film.id).run());
  Statement insert = TRY(connection.prepare("INSERT INTO bases (film, seq, anchor, sha256, body) VALUES (?1, ?2, ?3, ?4, ?5)"));
  const std::string hash = sha256_hex(body);
  return insert.bind(1, film.id).bind(2, number(seq)).bind(3, std::uint64_t{anchor == Anchor::yes}).bind(4, hash).bind_blob(5, body).run();
}

Result<std::vector<CommitRow>> commits_between(Connection& connection, const FilmRow& film, const FilmId& id, Seq first, Seq last) {
  Statement rows = TRY(connection.prepare("SELECT " + std::string(commit_columns) +
                                          " FROM commits WHERE film = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq"));
  rows.bind(1, film.id).bind(2, number(first)).bind(3, number(last));
  std::vector<CommitRow> commits;
  while (TRY(rows.step())) commits.push_back(TRY(commit_from(rows, id)));
  return commits;
}

Result<std::vector<CommitInfo>> commits_before(Connection& connection, const FilmRow& film, const FilmId& id, Seq before, std::size_t limit) {
  Statement rows = TRY(connection.prepare("SELECT " + std::string(commit_columns) +
                                          " FROM commits WHERE film = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3"));
  rows.bind(1, film.id).bind(2, std::min(number(before), number_max)).bind(3, std::min<std::uint64_t>(limit, number_max));
  std::vector<CommitInfo> infos;
  bool is_bridge = false;  // the commit after the one being read
  while (TRY(rows.step())) {
    CommitRow row = TRY(commit_from(rows, id));
    const bool is_newest = infos.empty();
    if (!is_newest && !is_bridge &&
        (next(row.commit.info.head.seq) != infos.back().head.seq || infos.back().previous_hash != row.commit.info.head.hash))
      return broken("commits do not follow each other", film.film, number(row.commit.info.head.seq));
    is_bridge = row.is_restored;
    infos.push_back(std::move(row.commit.info));
  }
  return infos;
}

Result<std::vector<Commit>> commits_after(Connection& connection, const FilmRow& film, const FilmId& id, Seq after, std::size_t limit) {
  Statement rows = TRY(connection.prepare("SELECT " + std::string(commit_columns) +
                                          " FROM commits WHERE film = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"));
  rows.bind(1, film.id).bind(2, std::min(number(after), number_max)).bind(3, std::min<std::uint64_t>(limit, number_max));
  std::vector<Commit> commits;
  while (TRY(rows.step())) {
    CommitRow row = TRY(commit_from(rows, id));
    if (!commits.empty() && !row.is_restored && row.commit.info.previous_hash != commits.back().info.head.hash)
      return broken("commits do not follow each other", film.film, number(row.commit.info.head.seq));
    commits.push_back(std::move(row.commit));
  }
  return commits;
}

Result<Seq> prune_commits(Connection& connection, const FilmRow& film, const FilmId& id, Seq keep_from) {
  Statement newest = TRY(connection.prepare("SELECT max(seq) FROM bases WHERE film = ?1"));
  newest.bind(1, film.id);
  if (!TRY(newest.step()) || newest.is_null(0)) return broken("a film has no base", film.film, number(film.head.seq));
  const Seq from{std::min(number(keep_from), TRY(newest.number(0)))};
  const Loaded<Checkpoint> state = TRY(read_state(connection, film, id, from));
  if (state.outcome == Outcome::absent) {
    Statement oldest = TRY(connection.prepare("SELECT min(seq) FROM commits WHERE film = ?1"));
    oldest.bind(1, film.id);
    TRY(oldest.step());
    return Seq{TRY(oldest.number(0))};
  }
  if (!state.value) return fail(ErrorKind::corrupt, state.detail);
  const std::string body = TRY(make_base(id, state.value->head, state.value->document)), hash = sha256_hex(body);
  Statement keep = TRY(connection.prepare("INSERT INTO bases (film, seq, anchor, sha256, body) VALUES (?1, ?2, 1, ?3, ?4) "
                                          "ON CONFLICT (film, seq) DO UPDATE SET anchor = 1"));
  TRY(keep.bind(1, film.id).bind(2, number(from)).bind(3, hash).bind_blob(4, body).run());
  for (const char* table : {"commits", "bases"}) {
    Statement forget = TRY(connection.prepare("DELETE FROM " + std::string(table) + " WHERE film = ?1 AND seq < ?2"));
    TRY(forget.bind(1, film.id).bind(2, number(from)).run());
  }
  return from;
}

Result<Loaded<Checkpoint>> read_state(Connection& connection, const FilmRow& film, const FilmId& id, Seq seq) {
  if (seq == Seq{} || number(seq) > number(film.head.seq))
    return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "never committed here"};
  const std::optional<BaseRow> base = TRY(base_before(connection, film, seq));
  if (!base) return missing(connection, film, seq);
  std::vector<CommitRow> rows = TRY(commits_between(connection, film, id, base->seq, seq));
  if (rows.empty() || rows.front().commit.info.head.seq != base->seq) return broken("a base has no commit", film.film, number(base->seq));
  if (rows.back().commit.info.head.seq != seq) return missing(connection, film, seq);
  std::vector<Commit> after;
  for (std::size_t i = 1; i < rows.size(); ++i) after.push_back(std::move(rows[i].commit));
  return replay(id, {rows.front().commit.info.head, base->body}, after);
}

}  // namespace workprint::store
