#include "record/commit.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "workprint/digest.h"

namespace workprint::record {
namespace {

const FilmId film = *parse_film_id("film");

Json valid_document() {
  const std::string hash(64, 'a');
  return {{"title", "Harbor"},
          {"length", 13.5},
          {"$workprint",
           {{"format", 1}, {"film", "film"}, {"epoch", 2}, {"seq", 7}, {"graphFingerprint", hash}, {"previousHash", hash},
            {"hash", hash}, {"nextNodes", Json::array({{{"node", "render"}, {"item", "3"}}})}, {"openEffects", Json::object()},
            {"doneTasks", Json::object()}, {"interrupts", Json::object()}, {"writtenAt", "2026-03-02T09:11:36.431Z"}, {"writer", "w"}}}};
}

Commit valid_commit() {
  Commit commit;
  commit.info = {{Epoch{2}, Seq{7}, {}}, std::string(64, 'a'), CommitKind::handle, "render", "3",
                 WallTime(std::chrono::milliseconds(1'772'442'696'431)), "w"};
  commit.delta = R"({"set":{"title":"Harbor"}})";
  seal(film, commit);
  return commit;
}

Outcome read(const Json& document) { return decode_document(film, encode_document(document)).outcome; }

}  // namespace

TEST_CASE("codec: a document reads back as it was written, and a second writing gives the same bytes") {
  const std::string bytes = encode_document(valid_document());
  const auto loaded = decode_document(film, bytes);
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(loaded.value->head == Head{Epoch{2}, Seq{7}, std::string(64, 'a')});
  CHECK(encode_document(loaded.value->document) == bytes);
}

TEST_CASE("codec: a document may be laid out by a person, but not changed") {
  const std::string pretty = pretty_json(*parse_json(encode_document(valid_document())));
  CHECK(decode_document(film, pretty).outcome == Outcome::found);
  std::string changed = pretty;
  changed.replace(changed.find("Harbor"), 6, "harbor");
  CHECK(decode_document(film, changed).outcome == Outcome::corrupt);
}

TEST_CASE("codec: every member of $workprint is held to its rule") {
  const Json wrong = Json::parse(R"({
    "epoch": [null, -1, 1.5, "2", 9007199254740993],
    "seq": [null, -1, 0.5, "7", true],
    "graphFingerprint": [null, "", "abc", 7],
    "previousHash": [null, "abc", 7],
    "hash": [null, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 7],
    "nextNodes": [null, {}, ["render"], [{"item": "3"}], [{"node": 3}], [{"node": "a", "item": 3}]],
    "openEffects": [null, [], {"a": 1}],
    "doneTasks": [null, [], {"a": []}],
    "interrupts": [null, "", {"a": null}],
    "writtenAt": [null, "", "2026-03-02", "2026-03-02 09:11:36.431Z", 7],
    "writer": [null, 7],
    "kind": [null, "steps"], "node": [null, 7], "item": [null, 7], "store": [null, 7], "objects": [null, 7],
    "format": [null, 0, -1, "1", 1.5],
    "film": [null, 7]})");
  for (const auto& [name, values] : wrong.items())
    for (const Json& value : values) {
      CAPTURE(name);
      Json document = valid_document();
      document["$workprint"][name] = value;
      CHECK_MESSAGE(read(document) == Outcome::corrupt, value.dump());
    }
  for (const char* name : {"format", "film", "epoch", "seq", "graphFingerprint", "previousHash", "nextNodes", "openEffects",
                           "doneTasks", "interrupts", "writtenAt", "writer"}) {
    Json document = valid_document();
    document["$workprint"].erase(name);
    CHECK_MESSAGE(read(document) == Outcome::corrupt, std::string(name));
  }
}

TEST_CASE("codec: a document of another film is foreign, and one of a later format is too new") {
  Json document = valid_document();
  document["$workprint"]["film"] = "other";
  CHECK(read(document) == Outcome::foreign);
  for (const std::uint64_t format : {std::uint64_t{2}, std::uint64_t{4294967297}}) {
    document["$workprint"]["format"] = format;
    const auto loaded = decode_document(film, encode_document(document));
    CHECK(loaded.outcome == Outcome::too_new);
    CHECK(loaded.detail.find("format " + std::to_string(format)) != std::string::npos);
  }
}

TEST_CASE("codec: a document that is cut or has one byte changed is never accepted as another one") {
  const std::string bytes = encode_document(valid_document());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    REQUIRE(decode_document(film, bytes.substr(0, length)).outcome == Outcome::corrupt);
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      CAPTURE(at);
      CAPTURE(bit);
      REQUIRE(decode_document(film, changed).outcome != Outcome::found);
    }
}

TEST_CASE("codec: the example of the state's page is read, and its content hash is its head's") {
  const std::string path = std::string(__FILE__).substr(0, std::string(__FILE__).rfind("src/")) + "tests/compat/state/v1/harbor-lights.json";
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  REQUIRE_FALSE(bytes.empty());
  const auto loaded = decode_document(*parse_film_id("harbor-lights"), bytes);
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(loaded.value->head == Head{Epoch{1}, Seq{47}, "08852a19fbf370b5e4b8fe7cc7a68e6f6cbbcc216a6a4083af3a253e960d15a8"});
}

TEST_CASE("codec: a delta reads back as it was written, and only in that spelling") {
  Delta delta;
  delta.set["title"] = "Harbor";
  delta.merge["takes"] = {{"1", {{"state", "made"}}}, {"2", nullptr}};
  delta.append["errors"] = {{"drop", 1}, {"values", {1, 2}}};
  delta.unset = {"halted"};
  delta.meta["nextNodes"] = Json::array();
  const std::string text = encode(delta);
  CHECK(text == R"({"append":{"errors":{"drop":1,"values":[1,2]}},"merge":{"takes":{"1":{"state":"made"},"2":null}},)"
                R"("meta":{"nextNodes":[]},"set":{"title":"Harbor"},"unset":["halted"]})");
  const auto back = decode_delta(text);
  REQUIRE(back.has_value());
  CHECK(encode(*back) == text);
  CHECK(encode(Delta()) == "{}");
  CHECK(decode_delta("{}").has_value());
  for (const char* wrong : {"", "[]", "{", "null", R"({"set":[]})", R"({"set":{}})", R"({"unset":[]})", R"({"unset":{"a":1}})",
                            R"({"unset":[1]})", R"({"unset":["$workprint"]})", R"({"set":{"$workprint":{}}})",
                            R"({"merge":{"$workprint":{}}})", R"({"append":{"a":[1]}})", R"({"append":{"a":{"values":1}}})",
                            R"({"append":{"a":{"drop":1}}})", R"({"append":{"a":{"drop":-1,"values":[]}}})",
                            R"({"append":{"a":{"drop":"1","values":[]}}})", R"({"append":{"a":{"values":[],"more":1}}})",
                            R"({"replace":{}})", R"({"set":{"a":1},"set":{"a":2}})", "{\"set\":{\"a\":\"\xff\"}}"}) {
    const auto decoded = decode_delta(wrong);
    CHECK_MESSAGE((!decoded && decoded.error().kind == ErrorKind::corrupt), wrong);
  }
}

TEST_CASE("codec: a delta is applied in the order unset, set, merge, append, and the commit's words are stamped") {
  Json document = {{"gone", 1}, {"log", {1, 2}}, {"map", {{"a", 1}, {"b", 2}}}};
  Delta delta;
  delta.unset = {"gone"};
  delta.set["new"] = 5;
  delta.merge["map"] = {{"a", nullptr}, {"c", 3}};
  delta.append["log"] = {{"drop", 1}, {"values", {3}}};
  delta.meta = {{"nextNodes", Json::array()}};
  const Commit commit = valid_commit();
  REQUIRE(apply(document, delta, film, commit.info).has_value());
  const Json meta = document["$workprint"];
  document.erase("$workprint");
  CHECK(document == Json({{"new", 5}, {"log", {2, 3}}, {"map", {{"b", 2}, {"c", 3}}}}));
  CHECK(meta["hash"] == commit.info.head.hash);
  CHECK(meta["kind"] == "handle");
  CHECK(meta["writtenAt"] == "2026-03-02T09:11:36.431Z");
  CHECK_FALSE(meta.contains("contentHash"));
  Delta too_much;
  too_much.append["log"] = {{"drop", 3}, {"values", {3}}};
  CHECK(apply(document, too_much, film, commit.info).error().kind == ErrorKind::corrupt);
}

TEST_CASE("codec: a commit's hash covers every word of it") {
  const Commit commit = valid_commit();
  const std::string previous = commit.info.previous_hash;
  CHECK(commit.info.head.hash == "27cc0db49028e6616c1bcbeb8b28c75c40534b1f7e94c48f3f1b544693877c64");
  CHECK(verify_link(film, commit, previous).has_value());
  const auto breaks = [&](auto change) {
    Commit other = commit;
    change(other);
    const auto verified = verify_link(film, other, previous);
    CHECK((!verified && verified.error().kind == ErrorKind::corrupt));
  };
  breaks([](Commit& c) { c.info.head.epoch = Epoch{3}; });
  breaks([](Commit& c) { c.info.head.seq = Seq{8}; });
  breaks([](Commit& c) { c.info.head.hash[0] = 'x'; });
  breaks([](Commit& c) { c.info.previous_hash[0] = 'b'; });
  breaks([](Commit& c) { c.info.kind = CommitKind::result; });
  breaks([](Commit& c) { c.info.node = "finalize"; });
  breaks([](Commit& c) { c.info.item = ""; });
  breaks([](Commit& c) { c.info.at += std::chrono::milliseconds(1); });
  breaks([](Commit& c) { c.info.writer = "x"; });
  breaks([](Commit& c) { c.delta += " "; });
  CHECK_FALSE(verify_link(*parse_film_id("other"), commit, previous).has_value());
  CHECK_FALSE(verify_link(film, commit, std::string(64, 'b')).has_value());
}

TEST_CASE("codec: every kind of commit has a word of its own") {
  for (int i = 0; i <= static_cast<int>(CommitKind::restored); ++i) {
    const auto kind = static_cast<CommitKind>(i);
    CHECK(commit_kind(to_string(kind)) == kind);
  }
  CHECK_FALSE(commit_kind("").has_value());
  CHECK_FALSE(commit_kind("Step").has_value());
}

}  // namespace workprint::record
