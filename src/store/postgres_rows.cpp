#include "store/postgres_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>

#include "base/fault.h"
#include "record/commit.h"
#include "store/replay.h"
#include "store/rule.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::store::postgres {
namespace {

// --- a film's row ----------------------------------------------------------------------------------------------------

constexpr int film_columns = 13, commit_columns = 11;

// `{film}`: the columns of film_from, in its order. `{checksum}`: what `checksum` computes, in SQL, because a new row's id
// is known to the server only, and absence is proven there. `{commit}`: the columns of commit_from.
// `{durably}` runs once in a statement that wrote anything: a server that was told to acknowledge before its disk has the
// bytes is told otherwise for this transaction; a stricter one stays so.
std::string sql(std::string_view text) {
  return fmt::format(
      fmt::runtime(text),
      fmt::arg("film", "f.id, f.film_id, f.epoch, f.owner, f.term_ms, f.alive_at, f.head_epoch, f.head_seq, f.head_hash, f.base_bytes, "
                       "f.delta_bytes_since_base, f.updated_at_ms, f.checksum"),
      fmt::arg("checksum", "encode(substr(sha256(convert_to(concat_ws(E'\\n', f.id, f.film_id, f.epoch, f.owner, f.term_ms, f.head_epoch, "
                           "f.head_seq, f.head_hash, f.base_bytes, f.delta_bytes_since_base, f.updated_at_ms), 'UTF8')), 1, 8), 'hex')"),
      fmt::arg("commit", "c.seq, c.epoch, c.kind, c.node, c.item, c.at_ms, c.writer, c.previous_hash, c.hash, c.delta, c.seal"),
      fmt::arg("durably", "(SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
                          "ELSE current_setting('synchronous_commit') END, true))"));
}

std::uint64_t milliseconds(WallTime time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

Result<WallTime> stored_time(std::uint64_t ms) {
  const WallTime time{std::chrono::milliseconds(static_cast<std::int64_t>(ms))};
  if (!is_storable_time(time)) return fail(ErrorKind::corrupt, "a stored time is out of its range");
  return time;
}

std::unexpected<Error> broken(const std::string& why, const std::string& film, std::uint64_t seq) {
  return fail(ErrorKind::corrupt, why + ". film=" + film + " seq=" + std::to_string(seq));
}

std::unexpected<Error> from_standby() {
  return fail(ErrorKind::unavailable, "the server is a standby: what it holds may be old");
}

// The deltas' hashes do not cover this row, and who may write depends on it.
std::string checksum(const FilmRow& row) {
  const std::string words =
      std::to_string(row.id) + "\n" + row.film + "\n" + std::to_string(number(row.epoch)) + "\n" + row.owner + "\n" +
      std::to_string(row.term_ms) + "\n" + std::to_string(number(row.head.epoch)) + "\n" + std::to_string(number(row.head.seq)) + "\n" +
      row.head.hash + "\n" + std::to_string(row.base_bytes) + "\n" + std::to_string(row.delta_bytes_since_base) + "\n" +
      std::to_string(milliseconds(row.updated_at));
  return sha256_hex(words).substr(0, 16);
}

Result<FilmRow> film_from(const Rows& rows, int at) {
  FilmRow row;
  row.id = TRY(rows.number(at, 0));
  row.film = rows.text(at, 1);
  row.epoch = Epoch{TRY(rows.number(at, 2))};
  row.owner = rows.text(at, 3);
  row.term_ms = TRY(rows.number(at, 4));
  row.alive_at = rows.time(at, 5);
  row.head.epoch = Epoch{TRY(rows.number(at, 6))};
  row.head.seq = Seq{TRY(rows.number(at, 7))};
  row.head.hash = rows.text(at, 8);
  row.base_bytes = TRY(rows.number(at, 9));
  row.delta_bytes_since_base = TRY(rows.number(at, 10));
  const std::uint64_t updated_at_ms = TRY(rows.number(at, 11));
  row.updated_at = TRY(stored_time(updated_at_ms));
  if (rows.text(at, 12) != checksum(row)) return fail(ErrorKind::corrupt, "a film's row fails its checksum. row=" + std::to_string(row.id));
  return row;
}

// Absence is a claim that a fresh start may rest on: an index, or rows that no longer say whose they are, do not prove it.
// `by_name` looks at every row, and believes what each says. Neither has an index to walk, not that of `id` either, which
// min(id) would have.
Result<void> prove_absence(Connection& connection, const std::string& film, Proof proof, Deadline deadline) {
  static const Query by_all{"workprint_prove_absence", sql("SELECT pg_is_in_recovery(), "
                                                           "(SELECT min(f.id + 0) FROM workprint.films f WHERE f.film_id || '' = $1 OR f.checksum <> {checksum})")};
  static const Query by_name{"workprint_look_by_name", sql("SELECT pg_is_in_recovery(), (SELECT min(f.id + 0) FROM workprint.films f WHERE f.film_id || '' = $1)")};
  fault_point("checkpoint.prove_absence.before");
  Parameters values;
  const Rows rows = TRY(connection.run(proof == Proof::by_name ? by_name : by_all, values.text(film), deadline, "prove that a film is absent"));
  if (rows.is_true(0, 0)) return from_standby();
  if (rows.is_null(0, 1)) return {};
  return fail(ErrorKind::corrupt, "a film's row is damaged or its index has lost it. film=" + film + " row=" + std::to_string(TRY(rows.number(0, 1))));
}

// Rows of `film` as `query` finds them by index; none when its absence is proven. Another worker may begin the film between
// the two looks: what only the second has seen is looked for again before it is called damage.
Result<Rows> find_or_prove_absence(Connection& connection, const Query& query, const Parameters& values, const std::string& film, Proof proof,
                                   Deadline deadline, std::string_view doing) {
  constexpr int rounds = 3;
  for (int round = 1;; ++round) {
    Rows rows = TRY(connection.run(query, values, deadline, doing));
    if (rows.size() > 0) return rows;
    const auto proven = prove_absence(connection, film, proof, deadline);
    if (proven) return rows;
    if (proven.error().kind != ErrorKind::corrupt || round == rounds) return std::unexpected(proven.error());
  }
}

}  // namespace

Result<std::optional<FilmSeen>> find_film(Connection& connection, const std::string& film, Deadline deadline, Proof proof) {
  static const Query query{"workprint_find_film", sql("SELECT {film}, clock_timestamp(), pg_is_in_recovery() FROM workprint.films f WHERE f.film_id = $1")};
  Parameters values;
  const Rows rows = TRY(find_or_prove_absence(connection, query, values.text(film), film, proof, deadline, "find a film"));
  if (rows.size() == 0) return std::optional<FilmSeen>();
  if (rows.is_true(0, film_columns + 1)) return from_standby();
  FilmSeen seen{TRY(film_from(rows, 0)), rows.time(0, film_columns)};
  return std::optional(std::move(seen));
}

Result<std::vector<FilmRow>> all_films(Connection& connection, Deadline deadline) {
  static const Query query{"", sql("SELECT {film} FROM workprint.films f ORDER BY f.film_id COLLATE \"C\"")};
  const Rows rows = TRY(connection.run(query, {}, deadline, "list films"));
  std::vector<FilmRow> films;
  for (int at = 0; at < rows.size(); ++at) films.push_back(TRY(film_from(rows, at)));
  return films;
}

// --- leases ----------------------------------------------------------------------------------------------------------

Result<std::optional<FilmRow>> insert_film(Connection& connection, const FilmRow& row, Deadline deadline) {
  static const Query query{"workprint_insert_film", sql(R"sql(
WITH f AS (SELECT nextval('workprint.films_id_seq') AS id, $1::text AS film_id, $2::int8 AS epoch, $3::text AS owner,
  $4::int8 AS term_ms, clock_timestamp() AS alive_at, 0::int8 AS head_epoch, 0::int8 AS head_seq, '' AS head_hash,
  0::int8 AS base_bytes, 0::int8 AS delta_bytes_since_base, $5::int8 AS updated_at_ms)
INSERT INTO workprint.films SELECT f.*, {checksum} FROM f ON CONFLICT (film_id) DO NOTHING
RETURNING id, alive_at, checksum, {durably})sql")};
  Parameters values;
  values.text(row.film).number(number(row.epoch)).text(row.owner).number(row.term_ms).number(milliseconds(row.updated_at));
  const Rows rows = TRY(connection.run(query, values, deadline, "make a film's row"));
  if (rows.size() == 0) return std::optional<FilmRow>();
  FilmRow made = row;
  made.id = TRY(rows.number(0, 0));
  made.alive_at = rows.time(0, 1);
  if (rows.text(0, 2) != checksum(made)) return fail(ErrorKind::corrupt, "the server computes another checksum. film=" + row.film);
  return std::optional(std::move(made));
}

Result<bool> take_film(Connection& connection, const FilmRow& before, const FilmRow& row, Deadline deadline) {
  // A commit moves the head and a sign of life moves alive_at, so a holder that stirs in between is not taken over.
  static const Query query{"workprint_take_film", sql(R"sql(
UPDATE workprint.films SET epoch = $6, owner = $7, term_ms = $8, alive_at = clock_timestamp(), checksum = $9
WHERE id = $1 AND epoch = $2 AND head_seq = $3 AND head_hash = $4 AND alive_at = $5 RETURNING {durably})sql")};
  Parameters values;
  const std::string sum = checksum(row);
  values.number(before.id).number(number(before.epoch)).number(number(before.head.seq)).text(before.head.hash).time(before.alive_at);
  values.number(number(row.epoch)).text(row.owner).number(row.term_ms).text(sum);
  return TRY(connection.run(query, values, deadline, "take a film")).size() == 1;
}

Result<bool> touch_film(Connection& connection, const FilmId& film, Epoch epoch, Deadline deadline) {
  // Lost with the server's power it costs at most the rest of a term, so it does not wait for the disk.
  static const Query query{"workprint_touch_film", R"sql(
UPDATE workprint.films SET alive_at = clock_timestamp() WHERE film_id = $1 AND epoch = $2
RETURNING (SELECT set_config('synchronous_commit', 'off', true)))sql"};
  Parameters values;
  return TRY(connection.run(query, values.text(film.value()).number(number(epoch)), deadline, "renew a lease")).size() == 1;
}

Result<void> end_term(Connection& connection, const FilmId& film, Epoch epoch, Deadline deadline) {
  // Lost with the server's power it costs one term.
  static const Query query{"workprint_end_term", "UPDATE workprint.films SET alive_at = 'epoch' WHERE film_id = $1 AND epoch = $2 "
                                                 "RETURNING (SELECT set_config('synchronous_commit', 'off', true))"};
  Parameters values;
  TRY(connection.run(query, values.text(film.value()).number(number(epoch)), deadline, "give a lease back"));
  return {};
}

// --- writing ---------------------------------------------------------------------------------------------------------

namespace {

// The film's row decides: whatever does not follow from it is not in `moved`, and leaves no row behind.
// `o:name` and `m:name` are the columns of what is written, before and after the row has decided.
constexpr std::string_view move_films = R"sql(
WITH moved AS (
  UPDATE workprint.films f SET head_epoch = o:head_epoch, head_seq = o:head_seq, head_hash = o:head_hash, base_bytes = o:base_bytes,
    delta_bytes_since_base = o:delta_bytes, updated_at_ms = o:at_ms, checksum = o:checksum, alive_at = clock_timestamp(){from}
  WHERE f.id = o:film AND f.epoch = o:epoch AND f.head_seq = o:seq_before AND f.head_hash = o:hash_before
  RETURNING {moved}{durable_column}){base_statements}
INSERT INTO workprint.commits SELECT m:film, m:head_seq, m:head_epoch, m:kind, m:node, m:item, m:at_ms, m:writer, m:previous_hash,
  m:head_hash, m:delta, m:seal
FROM moved RETURNING film)sql";

constexpr std::string_view move_bases = R"sql(,
thinned AS (
  DELETE FROM workprint.bases b USING moved WHERE b.film = m:film AND m:base_anchor IS NOT NULL AND NOT b.anchor),
based AS (
  INSERT INTO workprint.bases SELECT m:film, m:head_seq, m:base_anchor = 'yes', m:base_sha256, m:base_body FROM moved
  WHERE m:base_anchor IS NOT NULL))sql";

// In the order of their parameters; the last three only where there are bases.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> move_columns{{
    {"film", "int8"}, {"epoch", "int8"}, {"seq_before", "int8"}, {"hash_before", "text"}, {"head_epoch", "int8"}, {"head_seq", "int8"},
    {"head_hash", "text"}, {"base_bytes", "int8"}, {"delta_bytes", "int8"}, {"at_ms", "int8"}, {"checksum", "text"}, {"kind", "text"},
    {"node", "text"}, {"item", "text"}, {"writer", "text"}, {"previous_hash", "text"}, {"delta", "bytea"}, {"seal", "text"},
    {"base_anchor", "text"}, {"base_sha256", "text"}, {"base_body", "bytea"}}};

struct MoveKind {
  bool is_one, has_bases, says_durably;
};

// Many are arrays joined as a table `o`; one is its parameters where they are used, which is less work for the server.
std::string move_text(MoveKind kind) {
  std::string text(move_films), names, parameters;
  const auto put = [&](std::string_view place, std::string_view words) {
    for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + words.size())) text.replace(at, place.size(), words);
  };
  put("{base_statements}", kind.has_bases ? move_bases : "");
  put("{durable_column}", kind.says_durably ? ", {durably} AS durable" : "");
  for (std::size_t i = 0; i < move_columns.size() - (kind.has_bases ? 0 : 3); ++i) {
    const auto& [name, type] = move_columns[i];
    const std::string parameter = fmt::format("${}::{}{}", i + 1, type, kind.is_one ? "" : "[]");
    // Longer names may begin with this one: what ends a name is not a letter.
    for (const char* end : {" ", ",", "\n", "{", ")"}) {
      put(fmt::format("o:{}{}", name, end), (kind.is_one ? parameter : fmt::format("o.{}", name)) + end);
      put(fmt::format("m:{}{}", name, end), (kind.is_one ? parameter : fmt::format("moved.{}", name)) + end);
    }
    names += fmt::format("{}{}", i == 0 ? "" : ", ", name);
    parameters += (i == 0 ? "" : ", ") + parameter;
  }
  put("{from}", kind.is_one ? "" : fmt::format("\n  FROM unnest({}) AS o({})", parameters, names));
  put("{moved}", kind.is_one ? "f.id" : "o.*");
  return sql(text);
}

// A session of our own was told to wait for the disk when the schema was looked at; another one is told each time.
const Query& move_query(MoveKind kind) {
  static const std::array queries = [] {
    std::array<Query, 8> all;
    const char* names[] = {"workprint_move_films",         "workprint_move_film",         "workprint_move_films_and_bases",         "workprint_move_film_and_base",
                           "workprint_move_films_durably", "workprint_move_film_durably", "workprint_move_films_and_bases_durably", "workprint_move_film_and_base_durably"};
    for (unsigned i = 0; i < all.size(); ++i) all[i] = {names[i], move_text({(i & 1) != 0, (i & 2) != 0, (i & 4) != 0})};
    return all;
  }();
  return queries[(kind.is_one ? 1u : 0u) | (kind.has_bases ? 2u : 0u) | (kind.says_durably ? 4u : 0u)];
}

// One array a column of `o`.
struct Columns {
  using Numbers = Parameters::Numbers;
  using Words = Parameters::Words;
  Numbers film, epoch, seq_before, head_epoch, head_seq, base_bytes, delta_bytes, at_ms;
  Words hash_before, head_hash, checksum, kind, node, item, writer, previous_hash, delta, seal, base_anchor, base_sha256, base_body;
  std::deque<std::string> kept;

  std::string_view keep(std::string text) { return kept.emplace_back(std::move(text)); }

  void add(const FilmWrite& write) {
    const FilmRow& row = write.row;
    film.push_back(row.id);
    epoch.push_back(number(write.before.epoch));
    seq_before.push_back(number(write.before.head.seq));
    hash_before.emplace_back(write.before.head.hash);
    head_epoch.push_back(number(row.head.epoch));
    head_seq.push_back(number(row.head.seq));
    head_hash.emplace_back(row.head.hash);
    base_bytes.push_back(row.base_bytes);
    delta_bytes.push_back(row.delta_bytes_since_base);
    at_ms.push_back(milliseconds(row.updated_at));
    checksum.emplace_back(keep(postgres::checksum(row)));
    kind.emplace_back(to_string(write.info.kind));
    node.emplace_back(write.info.node);
    item.emplace_back(write.info.item);
    writer.emplace_back(write.info.writer);
    previous_hash.emplace_back(write.info.previous_hash);
    add_delta(write);
    add_base(write);
  }

  void add_delta(const FilmWrite& write) {
    delta.push_back(write.delta ? std::optional<std::string_view>(*write.delta) : std::nullopt);
    if (write.delta)
      seal.emplace_back(std::nullopt);
    else
      seal.emplace_back(keep(record::commit_hash(*parse_film_id(write.row.film), write.info, {})));
  }

  void add_base(const FilmWrite& write) {
    if (write.base.empty()) {
      for (Words* column : {&base_anchor, &base_sha256, &base_body}) column->emplace_back(std::nullopt);
      return;
    }
    base_anchor.emplace_back(write.anchor == Anchor::yes ? "yes" : "no");
    base_sha256.emplace_back(keep(sha256_hex(write.base)));
    base_body.emplace_back(write.base);
  }
};

}  // namespace

Result<std::set<std::uint64_t>> write_films(Connection& connection, std::span<const FilmWrite* const> writes, Deadline deadline) {
  Columns columns;
  for (const FilmWrite* write : writes) columns.add(*write);
  const bool has_bases = std::ranges::any_of(writes, [](const FilmWrite* write) { return !write->base.empty(); });
  const bool is_one = writes.size() == 1;
  Parameters values;
  const auto numbers = [&](const Parameters::Numbers& column) { is_one ? values.number(column[0]) : values.numbers(column); };
  const auto texts = [&](const Parameters::Words& column) { is_one ? values.text_or_null(column[0]) : values.texts(column); };
  const auto bytes = [&](const Parameters::Words& column) { is_one ? values.bytes_or_null(column[0]) : values.byte_strings(column); };
  for (const auto* column : {&columns.film, &columns.epoch, &columns.seq_before}) numbers(*column);
  texts(columns.hash_before);
  for (const auto* column : {&columns.head_epoch, &columns.head_seq}) numbers(*column);
  texts(columns.head_hash);
  for (const auto* column : {&columns.base_bytes, &columns.delta_bytes, &columns.at_ms}) numbers(*column);
  for (const auto* column : {&columns.checksum, &columns.kind, &columns.node, &columns.item, &columns.writer, &columns.previous_hash}) texts(*column);
  bytes(columns.delta);
  texts(columns.seal);
  if (has_bases) {
    for (const auto* column : {&columns.base_anchor, &columns.base_sha256}) texts(*column);
    bytes(columns.base_body);
  }
  const Rows rows = TRY(connection.run(move_query({is_one, has_bases, !connection.waits_for_disk()}), values, deadline, "commit"));
  std::set<std::uint64_t> moved;
  for (int at = 0; at < rows.size(); ++at) moved.insert(TRY(rows.number(at, 0)));
  return moved;
}

// --- reading ---------------------------------------------------------------------------------------------------------

namespace {

/// One row of `commits`, its own hash (or seal) verified.
struct CommitRow {
  Commit commit;
  bool is_restored = false;
};

Result<CommitRow> commit_from(const Rows& rows, int at, int first, const FilmId& film) {
  CommitRow row;
  CommitInfo& info = row.commit.info;
  info.head.seq = Seq{TRY(rows.number(at, first))};
  info.head.epoch = Epoch{TRY(rows.number(at, first + 1))};
  const auto kind = commit_kind(rows.text(at, first + 2));
  if (!kind) return broken("a commit has an unknown kind", film.value(), number(info.head.seq));
  info.kind = *kind;
  info.node = rows.text(at, first + 3);
  info.item = rows.text(at, first + 4);
  const std::uint64_t at_ms = TRY(rows.number(at, first + 5));
  info.at = TRY(stored_time(at_ms));
  info.writer = rows.text(at, first + 6);
  info.previous_hash = rows.text(at, first + 7);
  info.head.hash = rows.text(at, first + 8);
  row.is_restored = rows.is_null(at, first + 9);
  row.commit.delta = rows.text(at, first + 9);
  const std::string own = record::commit_hash(film, info, row.commit.delta);
  if (own != (row.is_restored ? rows.text(at, first + 10) : std::string_view(info.head.hash)))
    return broken("a commit's row does not have its hash", film.value(), number(info.head.seq));
  return row;
}

// One statement sees one moment. The base's bytes come once, beside its own commit.
const Query& state_query() {
  static const Query query{"workprint_state", sql(R"sql(
WITH film AS MATERIALIZED (SELECT * FROM workprint.films WHERE film_id = $1),
base AS MATERIALIZED (
  SELECT b.seq, b.sha256, b.body FROM workprint.bases b, film f WHERE b.film = f.id AND b.seq <= least($2, f.head_seq)
  ORDER BY b.seq DESC LIMIT 1)
SELECT {film}, pg_is_in_recovery(), {commit}, b.seq, CASE WHEN c.seq = b.seq THEN b.sha256 END, CASE WHEN c.seq = b.seq THEN b.body END
FROM film f LEFT JOIN base b ON true
LEFT JOIN workprint.commits c ON c.film = f.id AND c.seq BETWEEN b.seq AND least($2, f.head_seq)
ORDER BY c.seq)sql")};
  return query;
}
constexpr int recovery_column = film_columns, commit_column = film_columns + 1, base_column = commit_column + commit_columns;

Loaded<Checkpoint> absent(std::string why) { return {Outcome::absent, std::nullopt, std::move(why)}; }

// Everything before the oldest commit was forgotten on purpose when that commit has a base: prune leaves it so.
Result<bool> is_pruned(Connection& connection, const FilmRow& film, Seq seq, Deadline deadline) {
  Parameters values;
  values.number(film.id).number(number(seq));
  const Rows rows = TRY(connection.run({"", "SELECT o.seq > $2 AND EXISTS (SELECT FROM workprint.bases b WHERE b.film = $1 AND b.anchor AND b.seq = o.seq) "
                                            "FROM (SELECT min(seq) AS seq FROM workprint.commits WHERE film = $1) o"},
                                       values, deadline, "look for the oldest commit"));
  return rows.size() > 0 && !rows.is_null(0, 0) && rows.is_true(0, 0);
}

// A seq that is not there may never have been: an installed state bridges over what it does not know.
Result<Loaded<Checkpoint>> missing(Connection& connection, const FilmRow& film, Seq seq, Deadline deadline) {
  Parameters values;
  values.number(film.id).number(number(seq));
  const Rows rows = TRY(connection.run({"", "SELECT delta IS NULL FROM workprint.commits WHERE film = $1 AND seq > $2 ORDER BY seq LIMIT 1"},
                                       values, deadline, "look for a commit"));
  if (rows.size() > 0 && rows.is_true(0, 0)) return absent("this commit is not known here: a newer state was installed over it");
  if (TRY(is_pruned(connection, film, seq, deadline))) return absent("this commit was pruned");
  return broken("a commit's row is gone", film.film, number(seq));
}

Result<Loaded<Checkpoint>> replay_rows(Connection& connection, const Rows& rows, const FilmRow& film, const FilmId& id, Seq seq, Deadline deadline) {
  if (rows.is_null(0, base_column)) return missing(connection, film, seq, deadline);
  const std::uint64_t base_seq = TRY(rows.number(0, base_column));
  if (rows.is_null(0, base_column + 2)) return broken("a base has no commit", film.film, base_seq);
  Base base;
  base.body = rows.text(0, base_column + 2);
  if (sha256_hex(base.body) != rows.text(0, base_column + 1)) return broken("a base does not have its hash", film.film, base_seq);
  std::vector<Commit> after;
  for (int at = 0; at < rows.size(); ++at) {
    CommitRow row = TRY(commit_from(rows, at, commit_column, id));
    if (at == 0)
      base.head = row.commit.info.head;
    else
      after.push_back(std::move(row.commit));
  }
  if ((after.empty() ? base.head.seq : after.back().info.head.seq) != seq) return missing(connection, film, seq, deadline);
  return replay(id, base, after);
}

}  // namespace

Result<Loaded<Checkpoint>> read_state(Connection& connection, const FilmId& film, std::optional<Seq> seq, Deadline deadline, bool* is_proven) {
  Parameters values;
  values.text(film.value()).number(seq ? std::min(number(*seq), number_max) : number_max);
  const Rows rows = TRY(find_or_prove_absence(connection, state_query(), values, film.value(), Proof::by_all_rows, deadline, "load a film"));
  if (rows.size() == 0) {
    if (is_proven != nullptr) *is_proven = true;
    return absent("the database does not hold this film");
  }
  if (rows.is_true(0, recovery_column)) return from_standby();
  const FilmRow row = TRY(film_from(rows, 0));
  if (row.head.seq == Seq{}) return absent("the database has no commit of this film");
  const Seq wanted = seq.value_or(row.head.seq);
  if (wanted == Seq{} || number(wanted) > number(row.head.seq)) return absent("never committed here");
  Loaded<Checkpoint> loaded = TRY(replay_rows(connection, rows, row, film, wanted, deadline));
  if (wanted != row.head.seq) return loaded;
  if (loaded.outcome == Outcome::absent) return fail(ErrorKind::corrupt, "the newest commit's row is gone. film=" + film.value());
  if (loaded.value && loaded.value->head != row.head)
    return fail(ErrorKind::corrupt, "the film's row and its newest commit disagree. film=" + film.value());
  return loaded;
}

Result<std::vector<CommitInfo>> read_history(Connection& connection, const FilmId& film, Seq before, std::size_t limit, Deadline deadline) {
  static const Query query{"", sql(R"sql(
SELECT {film}, pg_is_in_recovery(), {commit} FROM workprint.films f LEFT JOIN LATERAL (
  SELECT * FROM workprint.commits WHERE film = f.id AND seq < $2 ORDER BY seq DESC LIMIT $3) c ON true
WHERE f.film_id = $1 ORDER BY c.seq DESC)sql")};
  Parameters values;
  values.text(film.value()).number(std::min(number(before), number_max)).number(std::min<std::uint64_t>(limit, number_max));
  const Rows rows = TRY(find_or_prove_absence(connection, query, values, film.value(), Proof::by_all_rows, deadline, "read a film's history"));
  if (rows.size() > 0 && rows.is_true(0, recovery_column)) return from_standby();
  if (rows.size() == 0 || TRY(film_from(rows, 0)).head.seq == Seq{})
    return fail(ErrorKind::not_found, "the database has no commit of this film. film=" + film.value());
  std::vector<CommitInfo> infos;
  bool is_bridge = false;  // the commit after the one being read
  for (int at = 0; at < rows.size() && !rows.is_null(at, commit_column); ++at) {
    CommitRow row = TRY(commit_from(rows, at, commit_column, film));
    if (!infos.empty() && !is_bridge &&
        (next(row.commit.info.head.seq) != infos.back().head.seq || infos.back().previous_hash != row.commit.info.head.hash))
      return broken("commits do not follow each other", film.value(), number(row.commit.info.head.seq));
    is_bridge = row.is_restored;
    infos.push_back(std::move(row.commit.info));
  }
  return infos;
}

Result<std::vector<Commit>> read_log(Connection& connection, const FilmId& film, Seq after, std::size_t limit, Deadline deadline) {
  static const Query query{"workprint_log", sql(R"sql(
SELECT {film}, pg_is_in_recovery(), {commit} FROM workprint.films f LEFT JOIN LATERAL (
  SELECT * FROM workprint.commits WHERE film = f.id AND seq > $2 ORDER BY seq LIMIT $3) c ON true
WHERE f.film_id = $1 ORDER BY c.seq)sql")};
  Parameters values;
  values.text(film.value()).number(std::min(number(after), number_max)).number(std::min<std::uint64_t>(limit, number_max));
  const Rows rows = TRY(find_or_prove_absence(connection, query, values, film.value(), Proof::by_all_rows, deadline, "read a film's commits"));
  if (rows.size() > 0 && rows.is_true(0, recovery_column)) return from_standby();
  if (rows.size() == 0 || TRY(film_from(rows, 0)).head.seq == Seq{})
    return fail(ErrorKind::not_found, "the database has no commit of this film. film=" + film.value());
  std::vector<Commit> commits;
  for (int at = 0; at < rows.size() && !rows.is_null(at, commit_column); ++at) {
    CommitRow row = TRY(commit_from(rows, at, commit_column, film));
    if (!commits.empty() && !row.is_restored && row.commit.info.previous_hash != commits.back().info.head.hash)
      return broken("commits do not follow each other", film.value(), number(row.commit.info.head.seq));
    commits.push_back(std::move(row.commit));
  }
  return commits;
}

Result<Seq> prune_commits(Connection& connection, const FilmRow& row, const FilmId& film, Seq keep_from, Deadline deadline) {
  Parameters one;
  one.number(row.id);
  const Rows known = TRY(connection.run({"", "SELECT (SELECT max(seq) FROM workprint.bases WHERE film = $1), (SELECT min(seq) FROM workprint.commits WHERE film = $1)"},
                                        one, deadline, "look at a film's bases"));
  if (known.is_null(0, 0) || known.is_null(0, 1)) return broken("a film has no base", film.value(), number(row.head.seq));
  const Seq from{std::min(number(keep_from), TRY(known.number(0, 0)))};
  const Loaded<Checkpoint> state = TRY(read_state(connection, film, from, deadline));
  if (state.outcome == Outcome::absent) return Seq{TRY(known.number(0, 1))};
  if (!state.value) return fail(ErrorKind::corrupt, state.detail);
  const std::string body = TRY(make_base(film, state.value->head, state.value->document)), hash = sha256_hex(body);
  Parameters values;
  values.number(row.id).number(number(from)).text(hash).bytes_or_null(std::string_view(body));
  // What is kept is immutable: a writer's commits beside this change neither.
  TRY(connection.run({"", "WITH kept AS (INSERT INTO workprint.bases (film, seq, anchor, sha256, body) VALUES ($1, $2, true, $3, $4) "
                          "ON CONFLICT (film, seq) DO UPDATE SET anchor = true RETURNING seq), "
                          "bases AS (DELETE FROM workprint.bases WHERE film = $1 AND seq < $2), commits AS (DELETE FROM workprint.commits WHERE film = $1 AND seq < $2) "
                          "SELECT seq FROM kept"},
                     values, deadline, "prune a film"));
  return from;
}

// --- damage ----------------------------------------------------------------------------------------------------------

namespace {

Result<std::optional<std::uint64_t>> move_in_transaction(Connection& connection, const FilmId& film, const std::string& reason, WallTime now,
                                                         Deadline deadline) {
  // The film's rows, and every film's row that no longer says whose it is: while one of those is there, nobody is absent.
  static const Query query{"", sql(R"sql(
WITH gone AS MATERIALIZED (SELECT f.id FROM workprint.films f WHERE f.film_id || '' = $1 OR f.checksum <> {checksum}),
entry AS (
  INSERT INTO workprint.set_aside (film_id, at_ms, reason) SELECT $1, $2, $3 WHERE EXISTS (SELECT 1 FROM gone) RETURNING id),
films AS (DELETE FROM workprint.films WHERE id IN (SELECT id FROM gone) RETURNING *),
commits AS (DELETE FROM workprint.commits WHERE film IN (SELECT id FROM gone) RETURNING *),
bases AS (DELETE FROM workprint.bases WHERE film IN (SELECT id FROM gone) RETURNING *),
kept_films AS (INSERT INTO workprint.set_aside_films SELECT entry.id, films.* FROM entry, films),
kept_commits AS (INSERT INTO workprint.set_aside_commits SELECT entry.id, commits.* FROM entry, commits),
kept_bases AS (INSERT INTO workprint.set_aside_bases SELECT entry.id, bases.* FROM entry, bases)
SELECT id, {durably} FROM entry)sql")};
  Parameters values;
  const auto at = static_cast<std::uint64_t>(std::max(WallTime{}, now).time_since_epoch().count());
  values.text(film.value()).number(at).text(reason);
  const Rows rows = TRY(connection.run(query, values, deadline, "set a film aside"));
  if (rows.size() == 0) return std::optional<std::uint64_t>();
  return std::optional(TRY(rows.number(0, 0)));
}

}  // namespace

Result<std::optional<std::uint64_t>> move_rows_aside(Connection& connection, const FilmId& film, const std::string& reason, WallTime now,
                                                     Deadline deadline) {
  // No index: what it has lost must move too.
  TRY(connection.run_script("BEGIN; SELECT set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true), "
                            "set_config('enable_indexonlyscan', 'off', true), set_config('enable_hashjoin', 'on', true)", deadline, "begin"));
  auto moved = move_in_transaction(connection, film, reason, now, deadline);
  if (!moved) {
    [[maybe_unused]] const auto undone = connection.run_script("ROLLBACK", deadline, "rollback");
    return moved;
  }
  fault_point("checkpoint.set_aside.before");
  TRY(connection.run_script("COMMIT", deadline, "commit"));
  fault_point("checkpoint.set_aside.after");
  return moved;
}

}  // namespace workprint::store::postgres
