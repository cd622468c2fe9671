// The database as tables that other programs and people may touch: every row that lies is seen, nothing of it is handed
// out, and what is set aside is kept.
#include <doctest/doctest.h>

#include "record/commit.h"
#include "store/postgres_store.h"
#include "store/schema.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/postgres/shared_server.h"

namespace workprint {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::holds;
using conformance::Line;
using conformance::word_of;

struct SchemaFixture {
  std::string schema = fresh_schema();
  FilmId film = film_named("film");

  [[nodiscard]] std::shared_ptr<CheckpointStore> open() const { return open_postgres_store(shared_server().location("schema=" + schema), system_clock()); }
  std::string run(std::string sql) const {
    for (std::size_t at = sql.find("S."); at != std::string::npos; at = sql.find("S.", at + schema.size())) sql.replace(at, 2, schema + ".");
    return shared_server().run(sql);
  }
  Line make(std::string_view name, int commits, std::size_t bytes = 1700) const {
    const auto store = open();
    Line line(film_named(name));
    const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
    for (int i = 0; i < commits; ++i) granted(line.grow(*store, lease, bytes));
    return line;
  }
};

}  // namespace

TEST_CASE_FIXTURE(SchemaFixture, "postgres: looking at a database without a schema makes none") {
  const auto store = open();
  CHECK(store->load(film).outcome == Outcome::absent);
  CHECK(granted(store->list()).empty());
  CHECK(word_of(store->history(film, Seq{1}, 1)) == "not_found");
  CHECK(shared_server().run("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'") == "0");
  shared_server().run("CREATE SCHEMA " + schema);
  CHECK(store->load(film).outcome == Outcome::absent);
  CHECK(store::is_incarnation(granted(identity_of(*store))));
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: every row that lies is corrupt; set aside, the film can begin again and the rows are kept") {
  for (const char* lie : {
           "UPDATE S.films SET epoch = epoch + 1", "UPDATE S.films SET owner = 'somebody'", "UPDATE S.films SET term_ms = 5",
           "UPDATE S.films SET film_id = 'another'", "UPDATE S.films SET head_seq = 11", "UPDATE S.films SET updated_at_ms = 5",
           "UPDATE S.films SET head_hash = repeat('a', 64)", "UPDATE S.films SET base_bytes = base_bytes + 1",
           "UPDATE S.films SET head_seq = 9223372036854775807", "UPDATE S.films SET epoch = 9223372036854775807",
           "UPDATE S.films SET checksum = repeat('0', 16)",
           "UPDATE S.commits SET delta = convert_to(replace(convert_from(delta, 'UTF8'), 'a', 'b'), 'UTF8') WHERE seq = 12",
           "UPDATE S.commits SET at_ms = at_ms + 1 WHERE seq = 12", "UPDATE S.commits SET at_ms = 9223372036854775807 WHERE seq = 12",
           "UPDATE S.commits SET kind = 'steps' WHERE seq = 12", "UPDATE S.commits SET kind = 'task' WHERE seq = 12",
           "UPDATE S.commits SET seq = 13 WHERE seq = 12", "UPDATE S.commits SET writer = 'x' WHERE seq = 12",
           "UPDATE S.commits SET hash = previous_hash WHERE seq = 12", "UPDATE S.commits SET epoch = 9000000000000000001 WHERE seq = 12",
           "DELETE FROM S.commits WHERE seq = 12", "DELETE FROM S.commits WHERE seq = 11", "DELETE FROM S.commits", "DELETE FROM S.bases",
           "UPDATE S.bases SET body = '\\x7b7d'", "UPDATE S.bases SET sha256 = repeat('a', 64)", "UPDATE S.bases SET seq = seq + 1",
           "UPDATE S.meta SET value = 'db_0123' WHERE name = 'incarnation'", "UPDATE S.meta SET value = '7' WHERE name = 'format'",
           "UPDATE S.meta SET value = 'other' WHERE name = 'application'", "DELETE FROM S.meta", "DELETE FROM S.meta WHERE name = 'format'",
           "DROP TABLE S.meta", "DROP TABLE S.bases", "DROP INDEX S.commits_by_seq", "ALTER TABLE S.commits DROP COLUMN seal",
           "ALTER TABLE S.bases ALTER COLUMN anchor TYPE text"}) {
    CAPTURE(lie);
    schema = fresh_schema();
    make("film", 12);
    run(lie);
    const auto store = open();
    const Loaded<Checkpoint> loaded = store->load(film);
    if (std::string_view(lie) == "DELETE FROM S.meta") {
      CHECK_MESSAGE(loaded.outcome == Outcome::foreign, loaded.detail);  // nothing says any more whose it is
      continue;
    }
    CHECK_MESSAGE(loaded.outcome == Outcome::corrupt, loaded.detail);
    const std::string kept = granted(store->set_aside(film, loaded.detail));
    CHECK_MESSAGE(store->load(film).outcome == Outcome::absent, kept);
    Line again(film);
    const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{1}}));
    granted(again.grow(*store, lease));
    holds(store->load(film), again.checkpoint());
    const auto place = kept.find(" schema ");
    if (place == std::string::npos)
      CHECK(run("SELECT count(*) FROM S.set_aside_films") == "1");
    else
      CHECK(shared_server().run("SELECT count(*) FROM " + kept.substr(place + 8) + ".films") == "1");
  }
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: damage of one film is not another film's") {
  make("film", 12);
  const Line other = make("other", 3);
  run("UPDATE S.commits SET writer = 'x' WHERE seq = 12");
  const auto store = open();
  CHECK(store->load(film).outcome == Outcome::corrupt);
  holds(store->load(other.film()), other.checkpoint());
  CHECK(store->load(film_named("absent")).outcome == Outcome::absent);
  CHECK(word_of(store->history(film, Seq{100}, 100)) == "corrupt");
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a row that lost its film's name keeps everybody from beginning a film anew") {
  const Line line = make("film", 3);
  const auto store = open();
  // Proven for one name, which says nothing of another, and not for long.
  CHECK(store->load(film_named("absent")).outcome == Outcome::absent);
  run("UPDATE S.films SET film_id = 'fiml'");
  for (const char* name : {"film", "nobody"}) {
    const auto taken = store->acquire(film_named(name), {this_process_writer(), Epoch{}});
    REQUIRE_FALSE_MESSAGE(taken.has_value(), name);
    CHECK(taken.error().kind == ErrorKind::corrupt);
    CHECK(store->load(film_named(name)).outcome == Outcome::corrupt);
  }
  run("UPDATE S.films SET film_id = 'film'");
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a row that every index has lost is damage, and no absence") {
  make("film", 3);
  // Enough rows that the planner would rather walk an index than read all.
  run("INSERT INTO S.films SELECT n, 'other' || n, 1, '', 0, 'epoch', 1, 0, '', 0, 0, 0, '' FROM generate_series(1000, 3000) n");
  run("UPDATE S.films SET checksum = encode(substr(sha256(convert_to(concat_ws(E'\\n', id, film_id, epoch, owner, term_ms, head_epoch, head_seq, head_hash, "
      "base_bytes, delta_bytes_since_base, updated_at_ms), 'UTF8')), 1, 8), 'hex') WHERE id >= 1000");
  const auto store = open();
  CHECK(store->load(film_named("late")).outcome == Outcome::absent);
  const std::string indexes = " WHERE indrelid = '" + schema + ".films'::regclass";
  run("UPDATE pg_index SET indisready = false" + indexes);
  run("WITH gone AS (DELETE FROM S.films WHERE id < 1000 RETURNING *) INSERT INTO S.films SELECT * FROM gone");
  run("INSERT INTO S.films SELECT 4000, 'late', epoch, owner, term_ms, alive_at, head_epoch, head_seq, head_hash, base_bytes, delta_bytes_since_base, "
      "updated_at_ms, checksum FROM S.films WHERE id + 0 < 1000");
  run("UPDATE pg_index SET indisready = true" + indexes);
  run("ANALYZE S.films");
  // Who has just seen that a film is absent asks no more than whether somebody was faster; no index answers that either.
  CHECK(word_of(store->acquire(film_named("late"), {this_process_writer(), Epoch{}})) == "corrupt");
  run("DELETE FROM S.films WHERE film_id || '' = 'late'");
  const auto loaded = open()->load(film);
  CHECK_MESSAGE(loaded.outcome == Outcome::corrupt, loaded.detail);
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a table that changes under prepared statements is looked at again") {
  Line line = make("film", 3);
  const auto store = open();
  holds(store->load(film), line.checkpoint());
  run("ALTER TABLE S.commits ALTER COLUMN node TYPE varchar(200)");
  const auto changed = store->load(film);
  CHECK_MESSAGE(changed.outcome == Outcome::corrupt, changed.detail);
  CHECK_MESSAGE(changed.detail.find("commits.node") != std::string::npos, changed.detail);
  run("ALTER TABLE S.commits ALTER COLUMN node TYPE text");
  holds(store->load(film), line.checkpoint());
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{1}}));
  granted(line.grow(*store, lease));
  holds(store->load(film), line.checkpoint());
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a base of another film is foreign") {
  make("film", 1);
  const Line other = make("other", 1);
  run("UPDATE S.bases SET (sha256, body) = (SELECT sha256, body FROM S.bases WHERE film = 2) WHERE film = 1");
  CHECK(open()->load(film).outcome == Outcome::foreign);
  holds(open()->load(other.film()), other.checkpoint());
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a flipped byte of a delta or a base never gives a wrong state") {
  const Line line = make("film", 7);
  const auto store = open();
  int corrupt = 0;
  for (const char* place : {"commits SET delta = set_byte(delta, $ % length(delta), get_byte(delta, $ % length(delta)) # 4) WHERE seq = 7",
                            "bases SET body = set_byte(body, $ % length(body), get_byte(body, $ % length(body)) # 4) WHERE seq = (SELECT max(seq) FROM S.bases)"})
    for (int at = 0; at < 2000; at += 97) {
      std::string flip = std::string("UPDATE S.") + place;
      for (std::size_t mark = flip.find('$'); mark != std::string::npos; mark = flip.find('$')) flip.replace(mark, 1, std::to_string(at));
      run(flip);
      const Loaded<Checkpoint> loaded = store->load(film);
      CHECK_MESSAGE(loaded.outcome == Outcome::corrupt, loaded.detail);
      corrupt += loaded.outcome == Outcome::corrupt;
      run(flip);
    }
  holds(store->load(film), line.checkpoint());
  CHECK(corrupt == 42);
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a schema of a later version is too new, and is left as it is") {
  make("film", 1);
  const std::string incarnation = run("SELECT value FROM S.meta WHERE name = 'incarnation'");
  run("UPDATE S.meta SET value = '7' WHERE name = 'format'; UPDATE S.meta SET value = '" + store::postgres::meta_seal("7", incarnation) + "' WHERE name = 'seal'");
  const auto store = open();
  const Loaded<Checkpoint> loaded = store->load(film);
  CHECK(loaded.outcome == Outcome::too_new);
  CHECK_MESSAGE(loaded.detail.find("format 7") != std::string::npos, loaded.detail);
  CHECK(word_of(store->acquire(film, {this_process_writer(), Epoch{}})) == "invalid");
  CHECK(run("SELECT count(*) FROM S.commits") == "1");
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a schema of another program is foreign, and is left as it is") {
  run("CREATE SCHEMA " + schema + "; CREATE TABLE S.songs (name text); INSERT INTO S.songs VALUES ('one')");
  for (const char* more : {"SELECT 1", "CREATE TABLE S.meta (k int)", "DROP TABLE S.meta; CREATE TABLE S.meta (name text, value text)"}) {
    run(more);
    const auto store = open();
    CHECK(store->load(film).outcome == Outcome::foreign);
    CHECK(word_of(store->acquire(film, {this_process_writer(), Epoch{}})) == "corrupt");
    const auto refused = store->set_aside(film, "a test");
    CHECK(word_of(refused) == "unavailable");
    CHECK(refused.error().message.find("?schema=") != std::string::npos);
  }
  CHECK(run("SELECT count(*) FROM S.songs") == "1");
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: dropped under a writer it takes no more commits and is another store afterwards") {
  const auto store = open();
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, lease));
  const std::string first = granted(identity_of(*store));
  run("DROP SCHEMA " + schema + " CASCADE");
  CHECK(word_of(line.grow(*store, lease)) == "fenced");
  CHECK(word_of(store->renew(lease)) == "fenced");
  CHECK(store->load(film).outcome == Outcome::absent);
  CHECK(granted(store->list()).empty());
  CHECK(shared_server().run("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'") == "0");
  const std::string second = granted(identity_of(*store));
  CHECK(store::is_incarnation(second));
  CHECK(second != first);
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a database that was dropped is unreachable, made again it is another store") {
  PostgresServer& server = shared_server();
  server.run("DROP DATABASE IF EXISTS drill");
  server.run("CREATE DATABASE drill");
  const auto store = open_postgres_store(server.location("dbname=drill"), system_clock());
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, lease));
  const std::string first = granted(identity_of(*store));
  server.run("DROP DATABASE drill WITH (FORCE)");
  CHECK(store->load(film).outcome == Outcome::unreachable);
  CHECK(word_of(line.grow(*store, lease)) == "unavailable");
  server.run("CREATE DATABASE drill");
  CHECK(store->load(film).outcome == Outcome::absent);
  CHECK(granted(identity_of(*store)) != first);
  CHECK(word_of(line.grow(*store, lease)) == "fenced");
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: many programs that make the schema at the same time make one") {
  std::vector<std::string> made(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& one : made) threads.emplace_back([&] { one = identity_of(*open()).value_or("none"); });
  }
  for (const std::string& one : made) CHECK(one == made[0]);
  CHECK(store::is_incarnation(made[0]));
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a sign of life ahead of the server's clock keeps nobody out for longer than two terms") {
  const auto store = open();
  conformance::LiveProcess other;
  granted(store->acquire(film, {other.writer(), Epoch{}, std::chrono::seconds(30)}));
  run("UPDATE S.films SET alive_at = clock_timestamp() + interval '20 seconds'");
  CHECK(word_of(store->acquire(film, {this_process_writer(), Epoch{}})) == "conflict");
  run("UPDATE S.films SET alive_at = clock_timestamp() + interval '1 hour'");
  CHECK(granted(store->acquire(film, {this_process_writer(), Epoch{}})).epoch() == Epoch{2});
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a term runs on the server's clock, for a writer of another machine") {
  const auto store = open();
  constexpr Duration term = std::chrono::milliseconds(300);
  const auto begin = std::chrono::steady_clock::now();
  granted(store->acquire(film, {"elsewhere/11111111-1111-1111-1111-111111111111/77/5", Epoch{}, term}));
  int refused = 0;
  while (!store->acquire(film, {this_process_writer(), Epoch{}})) ++refused;
  CHECK(std::chrono::steady_clock::now() - begin >= term - std::chrono::milliseconds(20));
  CHECK(refused > 0);
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: a server told to acknowledge early is told otherwise by every write") {
  const auto store = open();
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, lease));
  // The level in force when a statement has run is seen by a trigger of its own transaction's end.
  run("CREATE TABLE S.seen (level text); CREATE FUNCTION S.look() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN INSERT INTO " + schema + ".seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END'; "
      "CREATE CONSTRAINT TRIGGER look AFTER INSERT OR UPDATE ON S.films DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION S.look()");
  const std::string relaxed_schema = "schema=" + schema + "&options=-csynchronous_commit%3Doff";
  const auto relaxed = open_postgres_store(shared_server().location(relaxed_schema), system_clock());
  const auto pooled = open_postgres_store(shared_server().location(relaxed_schema + "&prepare=off"), system_clock());
  granted(line.grow(*relaxed, lease));
  granted(line.grow(*pooled, lease));
  granted(relaxed->acquire(film, {this_process_writer(), Epoch{}}));
  granted(relaxed->acquire(film_named("second"), {this_process_writer(), Epoch{}}));
  CHECK(run("SELECT string_agg(level, ',') FROM S.seen") == "on,on,on,on");
}

TEST_CASE_FIXTURE(SchemaFixture, "postgres: bytes stay within four times the final state, however long the film") {
  for (const int steps : {30, 100, 300}) {
    schema = fresh_schema();
    const Line line = make("film", steps, 1500);
    const std::size_t state = record::encode_document(line.document()).size();
    const std::size_t rows = std::stoul(run("SELECT (SELECT sum(length(delta)) FROM S.commits) + (SELECT sum(length(body)) FROM S.bases)"));
    MESSAGE(steps, " steps: state ", state, ", rows ", rows);
    CHECK(rows <= 4 * state);
  }
}

}  // namespace workprint
