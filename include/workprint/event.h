/// What an observer of a running film sees. For eyes and logs: no node and no route reads events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "workprint/json.h"

namespace workprint {

/// `type` is one of
///   recovery  payload: the RecoveryReport
///   commit    {kind, node?, item?, micros}: one durable change; `seq` is its number; how long it took to be durable
///   task      {node, item?, what: started|finished|waiting|cancelled|failed, error?}
///   effect    {key, node, item?, what: queued|executing|made|done|adopted|replayed|polling|failed|unknown, usdMicros?}
///   progress  {node, item?, message, fraction?}
///   published {}: state.json is in the object store, with all up to `seq`
///   lag       {seqs, seconds, error}: it is not, and why
///   tier      {tier: checkpoint|both, what: lost|back, error?}: a tier was lost and what it is replaced by, or is back
///   interrupt {id, node, item?, type, error, editable}
///   note      {node, item?, message}
///   transfer  {object, way: up|down, doneBytes, sizeBytes}: how far a large object is on its way to or from tier 2
///   end       {status}
///   released  {}: this process no longer writes the film, however it ended
struct Event {
  std::string type;
  std::string film;
  std::uint64_t epoch = 0, seq = 0;
  Json payload = Json::object();
};

/// Called from several threads, one call at a time; must return quickly and must not call back into the engine.
using EventSink = std::function<void(const Event&)>;

}  // namespace workprint
