/// Counts what a running worker does, for /metrics: the text format of Prometheus.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "workprint/clock.h"
#include "workprint/event.h"

namespace workprint::cli {

/// Thread-safety: any thread.
class Meter {
 public:
  explicit Meter(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}
  void on(const Event& event);
  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::array<double, 10> bounds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10};  // seconds

  struct Film {
    std::uint64_t committed = 0, published = 0, epoch = 0;
    std::uint64_t wanted = 0;  ///< the newest commit but for intents, which are published with what follows them
    std::optional<Instant> behind_since;  ///< of the oldest commit that should be in state.json and is not
  };
  void on_commit(const Event& event);
  void on_effect(const Event& event);

  const std::shared_ptr<Clock> clock_;

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> commits_, effects_, ends_, lost_tiers_;
  std::array<std::uint64_t, bounds.size() + 1> commit_seconds_{};
  double commit_seconds_sum_ = 0;
  std::uint64_t cost_usd_micros_ = 0, publications_ = 0, takeovers_ = 0;
  std::map<std::string, Film> films_;  ///< being worked on here
};

}  // namespace workprint::cli
