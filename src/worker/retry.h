/// The one place that decides whether and when something is tried again.
#pragma once

#include <algorithm>
#include <optional>

#include "workprint/clock.h"
#include "workprint/graph.h"

namespace workprint::worker {

/// Counts the attempts of one task. Backoff doubles from `backoff_first` to `backoff_max`; half of it is random, so that
/// workers that failed together do not come back together.
class Retry {
 public:
  Retry(const RetryPolicy& policy, Random& random) : policy_(policy), random_(random), backoff_(policy.backoff_first) {}

  /// How long to wait before the next attempt; nothing: the error stands.
  std::optional<Duration> next(const Error& error) {
    if (++failed_ >= policy_.attempts_max) return std::nullopt;
    if (std::ranges::find(policy_.kinds, error.kind) == policy_.kinds.end()) return std::nullopt;
    const Duration half = std::max(backoff_ / 2, Duration(1));
    backoff_ = std::min(backoff_ * 2, policy_.backoff_max);
    return half + Duration(static_cast<Duration::rep>(random_.next() % static_cast<std::uint64_t>(half.count())));
  }

 private:
  const RetryPolicy& policy_;
  Random& random_;
  Duration backoff_;
  int failed_ = 0;
};

}  // namespace workprint::worker
