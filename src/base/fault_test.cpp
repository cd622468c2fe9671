#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/fault.h"

namespace workprint {
namespace {

void cross_three() {
  fault_point("test/first");
  fault_point("test/second");
  fault_point("test/third");
}

/// Runs only the test case named `name` of this very program, with two variables set. Returns the wait status.
int run_again(const char* name, const char* fault_at, const std::string& trace) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("WORKPRINT_FAULT_AT", fault_at, 1);
    ::setenv("WORKPRINT_FAULT_TRACE", trace.c_str(), 1);
    const std::string filter = std::string("--test-case=") + name;
    ::execl("/proc/self/exe", "self", filter.c_str(), "--no-skip", "--out=/dev/null", nullptr);
    ::_exit(99);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("fault point: the handler of a test sees each crossing until it is taken away") {
  std::vector<std::string> seen;
  set_fault_handler([&](std::string_view name) { seen.emplace_back(name); });
  cross_three();
  set_fault_handler({});
  cross_three();
  CHECK(seen == std::vector<std::string>{"test/first", "test/second", "test/third"});
}

TEST_CASE("fault point subject" * doctest::skip()) { cross_three(); }

TEST_CASE("fault point: the environment kills at the n-th crossing and the trace ends there") {
  std::string folder = (std::filesystem::temp_directory_path() / "workprint_fault_XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string trace = folder + "/trace";

  const int status = run_again("fault point subject", "2", trace);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  std::ifstream file(trace);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "1 test/first\n2 test/second\n");

  const int whole = run_again("fault point subject", "4", trace);
  CHECK(WIFEXITED(whole));
  CHECK(WEXITSTATUS(whole) == 0);
  std::filesystem::remove_all(folder);
}

}  // namespace workprint
