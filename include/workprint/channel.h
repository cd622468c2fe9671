/// Channels: the named, typed parts of a film's state, and how concurrent writes to one become a value.
///
/// Thread-safety: values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workprint/json.h"
#include "workprint/result.h"

namespace workprint {

enum class Merge : std::uint8_t {
  replace,  ///< the written value; one writer a step
  once,     ///< replace, only while absent
  append,   ///< written arrays one after another, in task order
  merge,    ///< JSON merge patch (RFC 7396): objects by key, null removes
  max,      ///< an integer, or an object of integers: the greater, per key
  custom,   ///< ChannelSpec::custom, in task order
};
[[nodiscard]] std::string_view to_string(Merge merge);

/// Pure: the value after `write`; `before` is null when the channel is absent.
using MergeFunction = std::function<Result<Json>(const Json* before, const Json& write)>;

struct ChannelSpec {
  std::string name;  ///< `[A-Za-z][A-Za-z0-9_]{0,63}`
  Merge merge = Merge::replace;
  MergeFunction custom;         ///< set exactly when merge is custom
  std::size_t keep_newest = 0;  ///< append only: 0 keeps all
};

/// A typed key. T converts by nlohmann's to_json/from_json; Json itself is always possible.
template <class T>
struct Channel {
  std::string name;
  Merge merge = Merge::replace;
  std::size_t keep_newest = 0;

  [[nodiscard]] ChannelSpec spec() const { return {name, merge, nullptr, keep_newest}; }
};

/// The channels every graph has. `attempts` and `cost` are written by the engine for each effect a task used.
namespace standard {
inline const Channel<Json> attempts{"attempts", Merge::max};      ///< effect base -> highest number used
inline const Channel<Json> cost{"cost", Merge::merge};            ///< effect key -> micro-dollars
inline const Channel<Json> errors{"errors", Merge::append, 200};  ///< {node, error, kind, skipped, timestamp, ...}
inline const Channel<Json> commands{"commands", Merge::merge};    ///< command id -> {type, seq, outcome}
inline const Channel<std::string> halted{"halted", Merge::replace};  ///< "stopped" or "aborted"; absent: running
}  // namespace standard

/// The committed channels as a task sees them. Refers to the document; lives as long as the call it was passed to.
class State {
 public:
  /// REQUIRES: `channels` is an object and outlives the State.
  explicit State(const Json& channels) : channels_(&channels) {}

  [[nodiscard]] bool has(std::string_view name) const { return channels_->contains(name); }
  /// The raw value; null when absent.
  [[nodiscard]] const Json& raw(std::string_view name) const;
  template <class T>
  [[nodiscard]] bool has(const Channel<T>& key) const {
    return has(key.name);
  }
  /// Errors: not_found (absent); corrupt (not a T: names the channel).
  template <class T>
  Result<T> get(const Channel<T>& key) const {
    if (!has(key.name)) return fail(ErrorKind::not_found, "channel is absent. channel=" + key.name);
    try {
      return raw(key.name).template get<T>();
    } catch (const Json::exception& wrong) {
      return fail(ErrorKind::corrupt, "channel has another type. channel=" + key.name + " found=" + wrong.what());
    }
  }
  /// The value, or `otherwise` when absent. Same error for a wrong type.
  template <class T>
  Result<T> get_or(const Channel<T>& key, T otherwise) const {
    if (!has(key.name)) return otherwise;
    return get(key);
  }

 private:
  const Json* channels_;
};

struct Write {
  std::string channel;
  Json value;
};

/// What a task wants changed, in order. A merge channel takes patches, an append channel arrays, a max channel objects
/// of integers; `null` written to a replace channel removes it.
class Writes {
 public:
  template <class T, class Value>
  Writes& set(const Channel<T>& key, Value&& value) {
    if constexpr (std::is_same_v<std::decay_t<Value>, Json>)
      list_.push_back({key.name, std::forward<Value>(value)});
    else
      list_.push_back({key.name, Json(T(std::forward<Value>(value)))});
    return *this;
  }
  /// A merge patch for a merge channel, or the value of another one, as JSON.
  template <class T>
  Writes& patch(const Channel<T>& key, Json value) {
    list_.push_back({key.name, std::move(value)});
    return *this;
  }
  template <class T>
  Writes& remove(const Channel<T>& key) {
    list_.push_back({key.name, Json()});
    return *this;
  }
  [[nodiscard]] const std::vector<Write>& list() const { return list_; }
  void add(Write write) { list_.push_back(std::move(write)); }
  void add(const Writes& other) { list_.insert(list_.end(), other.list_.begin(), other.list_.end()); }

 private:
  std::vector<Write> list_;
};

}  // namespace workprint
