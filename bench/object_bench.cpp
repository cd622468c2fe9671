// Moves a file of 256 MiB to and from a server on this machine that does nothing with the bytes, with our store and with the
// curl program, in turn. The store reads and hashes the file before it uploads it, and hashes what it downloads; curl does
// neither. So the transport alone is measured too, which must reach 0.9 of curl's speed, and the memory must stay constant.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "object/base64.h"
#include "object/gcs_bucket.h"
#include "object/scratch_folder.h"
#include "workprint/json.h"

namespace workprint {
namespace {

constexpr std::uint64_t size_bytes = 256u << 20;
constexpr int rounds = 3;

/// Google Cloud Storage of one object, whose bytes are always those of one file.
class IdleServer {
 public:
  IdleServer(int file, const FileDigest& digest) : file_(file), digest_(digest) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "a port is free");
    check(::listen(listener_, 64) == 0, "a socket listens");
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    process_ = ::fork();
    if (process_ == 0) serve();
  }
  ~IdleServer() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    ::close(listener_);
  }
  [[nodiscard]] const std::string& origin() const { return origin_; }

 private:
  [[noreturn]] void serve() {
    for (;;) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      std::thread([this, connection] {
        talk(connection);
        ::close(connection);
      }).detach();
    }
  }

  std::string resource() const {
    return Json{{"name", "f/movie.mp4"}, {"generation", "7"}, {"size", std::to_string(digest_.size_bytes)}, {"crc32c", crc32c_text(digest_.crc32c)},
                {"metadata", {{"workprint-sha256", digest_.sha256}}}}
        .dump();
  }

  void talk(int connection) const {
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::string buffer;
    std::vector<char> piece(1u << 20);
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
        const ssize_t n = ::recv(connection, piece.data(), piece.size(), 0);
        if (n <= 0) return;
        buffer.append(piece.data(), static_cast<std::size_t>(n));
      }
      const std::string head = buffer.substr(0, end);
      buffer.erase(0, end + 4);
      std::uint64_t left = 0;
      if (const auto at = head.find("\r\nContent-Length: "); at != std::string::npos) left = std::stoull(head.substr(at + 18));
      left -= std::min<std::uint64_t>(left, buffer.size());
      buffer.clear();
      while (left > 0) {
        const ssize_t n = ::recv(connection, piece.data(), std::min<std::uint64_t>(left, piece.size()), 0);
        if (n <= 0) return;
        left -= static_cast<std::uint64_t>(n);
      }
      answer(connection, head);
    }
  }

  void answer(int connection, const std::string& head) const {
    const auto send = [&](const std::string& status, const std::string& headers, const std::string& body) {
      const std::string all = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
      static_cast<void>(::send(connection, all.data(), all.size(), MSG_NOSIGNAL));
    };
    if (head.starts_with("POST")) return send("200 OK", "Location: " + origin_ + "/session\r\n", "");
    if (const auto range = head.find("Content-Range: bytes "); range != std::string::npos) {
      const std::uint64_t last = std::stoull(head.substr(head.find('-', range + 20) + 1));
      if (last + 1 < digest_.size_bytes) return send("308 Resume", "Range: bytes=0-" + std::to_string(last) + "\r\n", "");
    }
    if (head.starts_with("PUT") || head.find("alt=media") == std::string::npos) return send("200 OK", "", resource());
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(digest_.size_bytes) + "\r\n\r\n";
    static_cast<void>(::send(connection, start.data(), start.size(), MSG_NOSIGNAL));
    for (off_t offset = 0; static_cast<std::uint64_t>(offset) < digest_.size_bytes;)
      if (::sendfile(connection, file_, &offset, digest_.size_bytes - static_cast<std::uint64_t>(offset)) <= 0) return;
  }

  int file_;
  FileDigest digest_;
  int listener_ = -1;
  pid_t process_ = -1;
  std::string origin_;
};

double seconds_of(const std::function<void()>& act) {
  const auto before = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

long memory_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  check(result.has_value(), "the bench works");
  return *std::move(result);
}

void must_run(const std::string& command) { check(std::system(command.c_str()) == 0, "curl works"); }

int run() {
  const ScratchFolder scratch;
  const auto source = scratch.path() / "source";
  const auto target = scratch.path() / "target";
  {
    std::ofstream file(source, std::ios::binary);
    std::string block(1u << 20, '\0');
    const auto random = seeded_random(1);
    for (std::uint64_t i = 0; i < size_bytes / block.size(); ++i) {
      for (std::size_t at = 0; at < block.size(); at += 8) {
        const std::uint64_t number = random->next();
        std::memcpy(block.data() + at, &number, sizeof number);
      }
      file << block;
    }
  }
  const FileDigest digest = must(digest_file(source));
  const File file(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
  const IdleServer server(file.get(), digest);
  const HttpContext context = open_http_context();
  const auto store = open_network_store(
      open_gcs_bucket({.bucket = "films", .prefix = {}, .endpoint = server.origin()}, context, nullptr), "", context);
  const std::string url = server.origin() + "/storage/v1/b/films/o/f?alt=media";
  const std::string quiet = "curl --noproxy '*' -s -f -o ";
  const long memory_before = memory_kib();

  double curl_up = 1e9, curl_down = 1e9, ours_up = 1e9, ours_down = 1e9, store_up = 1e9, store_down = 1e9, hashing = 1e9;
  for (int i = 0; i < rounds; ++i) {
    curl_up = std::min(curl_up, seconds_of([&] {
      must_run(quiet + "/dev/null -H Expect: -T " + source.string() + " '" + server.origin() + "/plain'");
    }));
    ours_up = std::min(ours_up, seconds_of([&] {
      const HttpExchange exchange = context.transport->exchange(
          {.method = "PUT",
           .url = server.origin() + "/plain",
           .body = HttpBody{.bytes = {}, .file = file.get(), .offset = 0, .file_bytes = size_bytes},
           .content_type = "video/mp4"},
          context.limits);
      check(exchange.response.status == 200, "the transport works");
    }));
    store_up = std::min(store_up, seconds_of([&] { must(store->put_file("f/movie.mp4", source, IfAbsent())); }));
    std::filesystem::remove(target);
    curl_down = std::min(curl_down, seconds_of([&] { must_run(quiet + target.string() + " '" + url + "'"); }));
    std::filesystem::remove(target);
    ours_down = std::min(ours_down, seconds_of([&] {
      auto file_out = must(NewFile::create(target));
      HttpRequest request{.method = "GET", .url = url};
      request.sink = file_out.sink();
      request.expected_bytes = size_bytes;
      check(context.transport->exchange(request, context.limits).received_bytes == size_bytes, "the transport works");
    }));
    std::filesystem::remove(target);
    store_down = std::min(store_down, seconds_of([&] { must(store->get_file("f/movie.mp4", target)); }));
    hashing = std::min(hashing, seconds_of([&] { must(digest_file(source)); }));
  }
  const long memory_grown = memory_kib() - memory_before;
  const double mebibytes = static_cast<double>(size_bytes >> 20);
  std::printf("object upload: curl %.0f MiB/s, transport %.0f MiB/s (%.2f of curl), store with hashing %.0f MiB/s\n", mebibytes / curl_up,
              mebibytes / ours_up, curl_up / ours_up, mebibytes / store_up);
  std::printf("object download: curl %.0f MiB/s, transport %.0f MiB/s (%.2f of curl), store with hashing %.0f MiB/s\n",
              mebibytes / curl_down, mebibytes / ours_down, curl_down / ours_down, mebibytes / store_down);
  std::printf("object hashing alone: %.0f MiB/s; memory grew by %ld KiB over %d files of %.0f MiB\n", mebibytes / hashing, memory_grown,
              2 * rounds * 2, mebibytes);
  const bool is_fast = curl_up / ours_up >= 0.9 && curl_down / ours_down >= 0.9;
  const bool is_small = memory_grown < 32 << 10;
  if (!is_fast) std::fprintf(stderr, "object_bench: slower than 0.9 of curl\n");
  if (!is_small) std::fprintf(stderr, "object_bench: memory is not constant\n");
  return is_fast && is_small ? 0 : 1;
}

}  // namespace
}  // namespace workprint

int main() { return workprint::run(); }
