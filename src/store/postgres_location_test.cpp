#include "store/postgres_location.h"

#include <doctest/doctest.h>

#include "workprint/checkpoint_store.h"

namespace workprint::store::postgres {
namespace {

std::string option(const Location& location, const std::string& name) {
  for (const auto& [key, value] : location.options)
    if (key == name) return value;
  return {};
}

}  // namespace

TEST_CASE("a postgres location is read whole and shown without its secrets") {
  const auto location = parse_location("postgres://user:se%40cret@example.org:6432/films?sslmode=require&schema=work_2&prepare=off");
  REQUIRE(location.has_value());
  CHECK(option(*location, "host") == "example.org");
  CHECK(option(*location, "password") == "se@cret");
  CHECK(option(*location, "sslmode") == "require");
  CHECK(option(*location, "schema") == "");
  CHECK(location->schema == "work_2");
  CHECK(location->prepare == Location::Prepare::off);
  CHECK(location->shown == "postgres://example.org:6432/films");
  CHECK(without_secrets(*location, "server says:\n\t se@cret is wrong\n") == "server says: *** is wrong");
  CHECK(parse_location("postgres:").has_value());
  CHECK(parse_location("postgres:?schema=a")->schema == "a");
  CHECK(parse_location("postgresql://a:1,b:2/d")->shown == "postgres://a,b:1,2/d");
}

TEST_CASE("a postgres location that is wrong is refused without repeating any of it") {
  for (const char* wrong : {"postgres://user:s3c@ret@host/db", "postgres://user:s3c/ret@host/db", "postgres://user:12/s3cret@host/db",
                            "postgres://user:s3c?ret@host/db", "postgres://user:s3c%ret@host/db", "postgres://user:s3cret@host:port/db",
                            "postgres://user:s3cret@host/db?nonsense=1", "postgres://user:s3cret@host/db?schema=public", "postgres:user:s3cret",
                            "postgres://user:s3cret@host/db?schema=A%22", "postgres://user:s3cret@host/db?prepare=maybe", "postgres://u:s3cret@h/d?x"}) {
    CAPTURE(wrong);
    const auto location = parse_location(wrong);
    REQUIRE_FALSE(location.has_value());
    CHECK(location.error().kind == ErrorKind::invalid);
    CHECK(location.error().message.find("s3c") == std::string::npos);
    const auto store = open_postgres_store(wrong, system_clock());
    CHECK(store->load(*parse_film_id("film")).outcome == Outcome::unreachable);
    CHECK(store->incarnation().error().kind == ErrorKind::invalid);
    CHECK(store->describe() == "postgres:");
  }
}

TEST_CASE("a store is opened by the setting that names it") {
  const auto open = [](const std::string& location) { return open_checkpoint_store(location, system_clock(), "/nowhere"); };
  CHECK((*open(""))->describe() == "sqlite:/nowhere/workprint.db");
  CHECK((*open("sqlite:a.db"))->describe() == "sqlite:/nowhere/a.db");
  CHECK((*open("sqlite:/b/a.db"))->describe() == "sqlite:/b/a.db");
  CHECK((*open("memory:"))->describe() == "memory:");
  CHECK((*open("postgres://u:secret@h/d"))->describe() == "postgres://h:5432/d");
  for (const char* wrong : {"postgre://user:s3cret@host/db", "sqlite:", "mysql://x", "postgres://a@b@c/d", "memory"}) {
    const auto refused = open(wrong);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::invalid);
    CHECK(refused.error().message.find("s3cret") == std::string::npos);
  }
  CHECK(open("mysql://x").error().message.find("sqlite:<path>") != std::string::npos);
}

}  // namespace workprint::store::postgres
