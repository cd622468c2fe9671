#include "record/commit.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/conformance/checkpoint_store_contract.h"
#include "workprint/digest.h"

namespace workprint::record {
namespace {

using conformance::film_named;
using conformance::Line;

std::filesystem::path source_root() { return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path(); }

std::string file_text(const std::string& path) {
  std::ifstream in(source_root() / path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string harbor_lights() { return file_text("tests/compat/state/v1/harbor-lights.json"); }

Line three_commits() {
  Line line(film_named("film"));
  for (int i = 0; i < 3; ++i) line.next(Epoch{2});
  return line;
}

// The whole document sealed anew after a change: a forger's or an older program's bytes.
std::string resealed(Json document, const std::function<void(Json&)>& change) {
  change(document);
  return encode_document(std::move(document));
}

}  // namespace

TEST_CASE("commit: what is encoded is decoded to the same delta") {
  Delta delta;
  delta.set = {{"title", "T"}, {"n", 1.5}, {"deep", {{"null", nullptr}}}};
  delta.merge = {{"done", {{"a", nullptr}, {"\u00e4", {1, nullptr}}}}};
  delta.append = {{"log", {{"drop", 2}, {"values", {1, "x"}}}}};
  delta.unset = {"gone"};
  delta.meta = {{"nextNodes", Json::array()}};
  const std::string text = encode(delta);
  const auto decoded = decode_delta(text);
  REQUIRE(decoded);
  CHECK(decoded->set == delta.set);
  CHECK(decoded->merge == delta.merge);
  CHECK(decoded->append == delta.append);
  CHECK(decoded->unset == delta.unset);
  CHECK(decoded->meta == delta.meta);
  CHECK(encode(*decoded) == text);
  CHECK(encode(Delta()) == "{}");
  for (const char* wrong : {"", "[]", "{", R"({"set":1})", R"({"unset":{}})", R"({"other":{}})", R"({"set":{},"set":{}})"})
    CHECK_MESSAGE(decode_delta(wrong).error().kind == ErrorKind::corrupt, wrong);
}

TEST_CASE("commit: a delta that does not fit its document is corrupt") {
  Json document = {{"log", {1}}, {"title", "T"}};
  const CommitInfo info;
  for (const char* text : {R"({"append":{"log":{"drop":2,"values":[]}}})", R"({"append":{"title":{"values":[1]}}})",
                           R"({"append":{"log":{"drop":0}}})", R"({"append":{"log":[1]}})", R"({"append":{"log":{"drop":"x","values":[]}}})",
                           R"({"append":{"log":{"drop":-1,"values":[]}}})", R"({"unset":[1]})"}) {
    CAPTURE(text);
    const auto delta = decode_delta(text);
    const auto applied = delta ? apply(document, *delta, film_named("film"), info) : Result<void>(std::unexpected(delta.error()));
    REQUIRE_FALSE(applied);
    CHECK(applied.error().kind == ErrorKind::corrupt);
  }
}

TEST_CASE("commit: every part of a commit is in its hash, and no flipped byte of its delta is accepted") {
  Line line = three_commits();
  const std::string previous = line.head().hash;
  const Commit commit = line.next(Epoch{2});
  const FilmId film = film_named("film");
  REQUIRE(verify_link(film, commit, previous));
  CHECK_FALSE(verify_link(film, commit, std::string(64, '0')));
  CHECK_FALSE(verify_link(film_named("other"), commit, previous));
  const auto breaks = [&](const std::function<void(Commit&)>& change) {
    Commit changed = commit;
    change(changed);
    CHECK_FALSE(verify_link(film, changed, changed.info.previous_hash));
  };
  breaks([](Commit& c) { c.info.head.epoch = Epoch{3}; });
  breaks([](Commit& c) { c.info.head.seq = Seq{9}; });
  breaks([](Commit& c) { c.info.previous_hash[0] ^= 1; });
  breaks([](Commit& c) { c.info.kind = CommitKind::task; });
  breaks([](Commit& c) { c.info.node += "x"; });
  breaks([](Commit& c) { c.info.item.clear(); });
  breaks([](Commit& c) { c.info.at += std::chrono::milliseconds(1); });
  breaks([](Commit& c) { c.info.writer += "x"; });
  for (std::size_t at = 0; at < commit.delta.size(); ++at) breaks([&](Commit& c) { c.delta[at] ^= 4; });
  for (std::size_t length = 0; length < commit.delta.size(); ++length) breaks([&](Commit& c) { c.delta.resize(length); });
}

TEST_CASE("commit: a document is read back whole") {
  const Line line = three_commits();
  const std::string bytes = encode_document(line.document());
  const Loaded<Checkpoint> loaded = decode_document(film_named("film"), bytes);
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(loaded.value->head == line.head());
  CHECK(encode_document(loaded.value->document) == bytes);
  Json channels = loaded.value->document;
  channels[run::meta_member].erase("contentHash");
  CHECK(channels == line.document());
}

TEST_CASE("commit: a document with a flipped, lost or added byte is never accepted") {
  const std::string bytes = encode_document(three_commits().document());
  const FilmId film = film_named("film");
  int accepted = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const unsigned flip : {1u, 16u, 128u}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      accepted += decode_document(film, changed).outcome == Outcome::found ? 1 : 0;
    }
  for (std::size_t length = 0; length < bytes.size(); ++length)
    accepted += decode_document(film, std::string_view(bytes).substr(0, length)).outcome == Outcome::found ? 1 : 0;
  CHECK(accepted == 0);
  CHECK(decode_document(film, bytes + "}").outcome == Outcome::corrupt);
  CHECK(decode_document(film, bytes + bytes).outcome == Outcome::corrupt);
}

TEST_CASE("commit: a document that is sealed but not as it must be is refused by the member's name") {
  const Json document = three_commits().document();
  const FilmId film = film_named("film");
  const auto says = [&](const std::function<void(Json&)>& change, Outcome outcome, const std::string& part) {
    const Loaded<Checkpoint> loaded = decode_document(film, resealed(document, [&](Json& d) { change(d[run::meta_member]); }));
    CAPTURE(part);
    CHECK(loaded.outcome == outcome);
    CHECK_MESSAGE(loaded.detail.find(part) != std::string::npos, loaded.detail);
  };
  for (const char* member : {"epoch", "seq", "graphFingerprint", "previousHash", "nextNodes", "openEffects", "doneTasks", "interrupts", "writtenAt", "writer"}) {
    says([&](Json& meta) { meta.erase(member); }, Outcome::corrupt, member);
    says([&](Json& meta) { meta[member] = 1.5; }, Outcome::corrupt, member);
  }
  says([](Json& meta) { meta["hash"] = "short"; }, Outcome::corrupt, "hash");
  says([](Json& meta) { meta["seq"] = -1; }, Outcome::corrupt, "seq");
  says([](Json& meta) { meta.erase("format"); }, Outcome::corrupt, "format");
  says([](Json& meta) { meta["format"] = 2; }, Outcome::too_new, "format 2");
  says([](Json& meta) { meta["format"] = 4294967297; }, Outcome::too_new, "format 4294967297");
  says([](Json& meta) { meta["film"] = "other"; }, Outcome::foreign, "another film");
  for (const char* bytes : {"", "{}", "[]", "null", "{\"$workprint\":1}", "{\"$workprint\":{}}", "{\"a\":1,\"a\":2}"})
    CHECK(decode_document(film, bytes).outcome == Outcome::corrupt);
}

TEST_CASE("commit: a document of version 1 that another program wrote is read, and means the same when written again") {
  const std::string bytes = harbor_lights();
  REQUIRE_FALSE(bytes.empty());
  const FilmId film = film_named("harbor-lights");
  const Loaded<Checkpoint> loaded = decode_document(film, bytes);
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(loaded.value->head.epoch == Epoch{1});
  CHECK(loaded.value->head.seq == Seq{47});
  CHECK(loaded.value->head.hash == loaded.value->document[run::meta_member]["contentHash"]);
  const std::string again = encode_document(loaded.value->document);
  CHECK(again == canonical_json(*parse_json(bytes)));
  CHECK(decode_document(film, again).value->head == loaded.value->head);
  CHECK(decode_document(film_named("film"), bytes).outcome == Outcome::foreign);
}

TEST_CASE("commit: a document without a chain hash is installed and gone on from") {
  const auto store = open_memory_store(system_clock());
  const FilmId film = film_named("harbor-lights");
  const Loaded<Checkpoint> loaded = decode_document(film, harbor_lights());
  REQUIRE(loaded.value);
  const Lease lease = conformance::granted(store->acquire(film, {this_process_writer(), loaded.value->head.epoch}));
  conformance::granted(store->install(lease, *loaded.value, {loaded.value->head, "", CommitKind::restored, {}, {}, WallTime(), "w"}));
  const Loaded<Checkpoint> stored = store->load(film);
  REQUIRE_MESSAGE(stored.value.has_value(), stored.detail);
  CHECK(stored.value->head == loaded.value->head);
  Line line(film, *stored.value);
  Delta delta;
  delta.set["hasAudio"] = false;
  const Commit commit = line.sealed(lease.epoch(), delta);
  conformance::granted(store->commit(lease, commit, line.document()));
  conformance::holds(store->load(film), line.checkpoint());
}

TEST_CASE("commit: what is hashed is canonical JSON, whatever stands in the names") {
  const FilmId film = film_named("tide");
  for (const std::string& odd : {std::string(), std::string("a\"b\\c\n\t\r\b\f\x01\x1f\x7f/"), std::string("\u00e9\u2028\U0001f3ac ~")}) {
    const CommitInfo info{{Epoch{3}, Seq{9}, {}}, odd, CommitKind::task, odd, odd, WallTime(std::chrono::milliseconds(1)), odd};
    const Json header = {{"film", "tide"}, {"epoch", 3}, {"seq", 9}, {"previousHash", odd}, {"kind", "task"}, {"node", odd}, {"item", odd},
                         {"at", to_rfc3339(info.at)}, {"writer", odd}};
    CHECK(commit_hash(film, info, "{}") == sha256_hex(canonical_json(header) + "\n{}"));
  }
}

TEST_CASE("commit: the worked examples of docs/formats are what this program computes") {
  const FilmId film = film_named("tide");
  CommitInfo info{{Epoch{1}, Seq{2}, {}}, "4d9dbb7cbe41cd8ebad15daac3911a19a369be72134d72ea0e9a809f085b28b1", CommitKind::step, "look", {},
                  WallTime(std::chrono::milliseconds(1'772'442'696'431)), "studio-1/5c7d1f0e/4711/874894"};
  const std::string delta = R"({"meta":{"doneTasks":{"look":null},"nextNodes":[{"item":"0","node":"make"}]}})";
  const std::string hash = "ea3bc1c44f8c265fcc583fab0502a91d2ce5dcc04ab1c2f7d7dcfdce879b6ed7";
  CHECK(commit_hash(film, info, delta) == hash);
  const std::string commit_page = file_text("docs/formats/commit.md");
  for (const std::string& text : {delta, hash, info.previous_hash, info.writer}) CHECK(commit_page.find(text) != std::string::npos);

  const std::string page = file_text("docs/formats/state.md");
  const auto begin = page.find("```json\n"), end = page.find("\n```", begin);
  REQUIRE(begin < end);
  const Loaded<Checkpoint> loaded = decode_document(film, page.substr(begin + 8, end - begin - 8));
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(loaded.value->head.seq == Seq{4});
}

TEST_CASE("commit: the words of kinds are read back") {
  for (unsigned i = 0; i <= static_cast<unsigned>(CommitKind::restored); ++i) {
    const auto kind = static_cast<CommitKind>(i);
    CHECK(commit_kind(to_string(kind)) == kind);
  }
  CHECK_FALSE(commit_kind("stop"));
}

}  // namespace workprint::record
