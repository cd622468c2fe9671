#include "object/upload_journal.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "object/scratch_folder.h"

namespace workprint {
namespace {

const UploadIdentity movie{.address = "https://service/bucket/f/movie.mp4",
                           .digest = {.size_bytes = 100, .crc32c = 7, .sha256 = std::string(64, 'a')},
                           .condition = IfAbsent()};
const KeptUpload upload{.put_id = "put", .session = "https://service/session?secret", .piece_bytes = 10};

}  // namespace

TEST_CASE("upload journal: what was kept is found again, until it is dropped") {
  const ScratchFolder scratch;
  const UploadJournal journal(scratch.path() / "a" / "uploads");
  {
    auto page = journal.open(movie);
    CHECK_FALSE(page.kept());
    page.keep(upload);
    CHECK(page.is_kept());
    page.keep({.put_id = "put", .session = "another"});  // the first one was gone
  }
  {
    auto page = journal.open(movie);
    REQUIRE(page.kept());
    CHECK(page.kept()->session == "another");
    CHECK(page.kept()->put_id == "put");
    UploadIdentity other = movie;
    other.address += "2";
    CHECK_FALSE(journal.open(other).kept());
    page.drop();
    CHECK_FALSE(page.kept());
  }
  CHECK_FALSE(journal.open(movie).kept());
  CHECK(std::filesystem::is_empty(scratch.path() / "a" / "uploads"));
}

TEST_CASE("upload journal: of other bytes there is nothing to go on with, but a session to end") {
  const ScratchFolder scratch;
  const UploadJournal journal(scratch.path());
  journal.open(movie).keep(upload);
  UploadIdentity other = movie;
  SUBCASE("bytes") { other.digest.sha256 = std::string(64, 'b'); }
  SUBCASE("size") { other.digest.size_bytes = 101; }
  SUBCASE("condition") { other.condition = IfVersion{"1"}; }
  const auto page = journal.open(other);
  CHECK_FALSE(page.kept());
  CHECK(page.abandoned_session() == upload.session);
  CHECK_FALSE(journal.open(movie).kept());
}

TEST_CASE("upload journal: two uploads never share a session, in one process or in two") {
  const ScratchFolder scratch;
  const UploadJournal journal(scratch.path());
  auto first = journal.open(movie);
  first.keep(upload);
  auto second = journal.open(movie);
  CHECK_FALSE(second.kept());
  second.keep({.put_id = "theirs", .session = "theirs"});
  CHECK_FALSE(second.is_kept());
  second.drop();
  const pid_t process = ::fork();
  if (process == 0) ::_exit(journal.open(movie).kept() ? 1 : 0);
  int status = 0;
  ::waitpid(process, &status, 0);
  CHECK(status == 0);
  // Both found the page free before either wrote.
  UploadIdentity other = movie;
  other.address += "2";
  auto third = journal.open(other);
  auto fourth = journal.open(other);
  third.keep(upload);
  fourth.keep({.put_id = "theirs", .session = "theirs"});
  CHECK_FALSE(fourth.is_kept());
  fourth.drop();
  CHECK(third.is_kept());
  third = {};
  first = {};
  CHECK(journal.open(movie).kept()->session == upload.session);
  CHECK(journal.open(other).kept()->session == upload.session);
}

TEST_CASE("upload journal: old pages are swept, and nothing else in the folder is touched") {
  const ScratchFolder scratch;
  const UploadJournal journal(scratch.path());
  journal.open(movie).keep(upload);
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::days(9);
  std::filesystem::path page;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) page = entry.path();
  const auto make = [&](const std::string& name) {
    std::ofstream(scratch.path() / name) << "not ours";
    std::filesystem::last_write_time(scratch.path() / name, long_ago);
  };
  for (const char* name : {"song.ogg", "notes.json", ".hidden"}) make(name);
  std::filesystem::create_directory(scratch.path() / "0123456789abcdef0123456789abcdef.json");
  std::filesystem::last_write_time(scratch.path() / "0123456789abcdef0123456789abcdef.json", long_ago);
  std::filesystem::last_write_time(page, long_ago);
  UploadIdentity other = movie;
  other.address += "2";
  static_cast<void>(journal.open(other));
  CHECK_FALSE(std::filesystem::exists(page));
  for (const char* name : {"song.ogg", "notes.json", ".hidden", "0123456789abcdef0123456789abcdef.json"}) CHECK_MESSAGE(std::filesystem::exists(scratch.path() / name), name);
}

TEST_CASE("upload journal: without a folder nothing is written down") {
  const UploadJournal journal;
  auto page = journal.open(movie);
  page.keep(upload);
  CHECK_FALSE(page.is_kept());
  page.drop();
  CHECK_FALSE(page.kept());
}

}  // namespace workprint
