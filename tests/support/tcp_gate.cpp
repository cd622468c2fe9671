#include "tests/support/tcp_gate.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace workprint {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int tcp_socket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

}  // namespace

TcpGate::TcpGate(int target_port) : listener_(tcp_socket()), target_port_(target_port) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  REQUIRE(::listen(listener_, 64) == 0);
  port_ = ntohs(address.sin_port);
  taker_ = std::jthread([this] { take_clients(); });
}

TcpGate::~TcpGate() {
  is_ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  taker_.join();
  servers_.clear();
  ::close(listener_);
}

void TcpGate::hold(bool closed) { is_held_ = closed; }

void TcpGate::take_clients() {
  while (!is_ending_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    servers_.emplace_back([this, client] { serve(client); });
  }
}

// True: goes on. An answer that must be lost is waited for first, so that what was asked has taken effect.
bool TcpGate::pass(int from, int to, bool is_question, bool& must_cut_answer) {
  std::array<char, 65536> piece{};
  const ssize_t got = ::recv(from, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  if (!is_question && must_cut_answer) {
    ++cuts_;
    return false;
  }
  if (is_question && lose_question_.exchange(false)) {
    ++cuts_;
    return false;
  }
  if (is_question && lose_answer_.exchange(false)) must_cut_answer = true;
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t one = ::send(to, piece.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
    if (one <= 0) return false;
    sent += one;
  }
  return true;
}

void TcpGate::serve(int client) {
  const int server = tcp_socket();
  const sockaddr_in address = loopback(target_port_);
  bool goes_on = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, must_cut_answer = false;
  while (goes_on && !is_ending_) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), 20) <= 0 || is_closed()) continue;
    if (ends[0].revents != 0) goes_on = pass(client, server, true, must_cut_answer);
    if (goes_on && ends[1].revents != 0) goes_on = pass(server, client, false, must_cut_answer);
  }
  ::close(server);
  ::close(client);
}

}  // namespace workprint
