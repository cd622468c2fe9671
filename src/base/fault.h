/// Places where a crash is interesting: one fault point in each gap between two durable operations.
///
/// Inactive (always, outside of tests) a point costs one relaxed load. Two environment variables wake them:
/// WORKPRINT_FAULT_AT=<n> kills this process with SIGKILL at the n-th crossing, counted from 1 over all points and
/// threads; WORKPRINT_FAULT_TRACE=<file> appends "<n> <name>" for each crossing. The names: docs/protocols/fault-points.md.
/// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>

namespace workprint {

namespace detail {
extern std::atomic<bool> faults_are_active;
void cross_fault_point(std::string_view name);
}  // namespace detail

inline void fault_point(std::string_view name) {
  if (detail::faults_are_active.load(std::memory_order_relaxed)) [[unlikely]] detail::cross_fault_point(name);
}

/// For tests: calls `handler` at each crossing, after the trace and before the kill; an empty one ends that.
void set_fault_handler(std::function<void(std::string_view)> handler);

}  // namespace workprint
