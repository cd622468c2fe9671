/// How often a peer may ask: one token bucket for each.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "workprint/clock.h"

namespace workprint::http {

/// Thread-safety: one thread at a time.
class RateGate {
 public:
  /// `per_second` 0: everybody, always.
  RateGate(double per_second, double burst, std::size_t peers_max = 4096)
      : per_second_(per_second), burst_(burst), peers_max_(peers_max) {}
  /// Takes a token of `peer` if there is one.
  bool admits(const std::string& peer, Instant now);
  [[nodiscard]] std::size_t peers() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    Instant seen_at{};
  };
  [[nodiscard]] double tokens(const Bucket& bucket, Instant now) const;
  void make_room(Instant now);

  double per_second_, burst_;
  std::size_t peers_max_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace workprint::http
