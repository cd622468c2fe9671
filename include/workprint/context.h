/// What a node may ask of the engine while it runs: paid effects, a person's answer, progress, a private folder.
///
/// Thread-safety: one Context belongs to one task; its methods are called from that task's thread only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "workprint/channel.h"
#include "workprint/clock.h"
#include "workprint/id.h"
#include "workprint/object_store.h"
#include "workprint/result.h"

namespace workprint {

/// An object as state names it: `{path, size, sha256}`.
struct Asset {
  std::string path;  ///< object name from the store's root
  std::uint64_t size_bytes = 0;
  std::string sha256;
  friend bool operator==(const Asset&, const Asset&) = default;
};
[[nodiscard]] Json to_json(const Asset& asset);
/// Errors: corrupt, naming what is wrong with it.
Result<Asset> asset_from_json(const Json& json);
[[nodiscard]] Asset to_asset(const ObjectInfo& info);

/// Whether calling the provider again with the same idempotency key is free and gives the same operation.
enum class Dedupes : std::uint8_t { no, yes };

/// One paid or irreversible call. The key is `<base>/<number>`; numbers of a base are never given twice.
struct EffectRequest {
  std::string key;                     ///< parts of `[A-Za-z0-9_-]` joined by `/`, last one a number; 200 bytes at most
  Json input = Json::object();         ///< what is asked; hashed into the intent, not stored
  std::string provider, model;
  std::int64_t estimate_usd_micros = 0;
  std::optional<std::string> object;   ///< the create-only object its result becomes; found in the store: adopted
  /// Checks an object found in the store before it is adopted as the result. Unset: size and hash are enough.
  std::function<Result<void>(const ObjectInfo&)> accept;
  /// The object's name alone says what it is: found in the store before any intent, it is the result, and no call is
  /// made. For a film whose state was lost while its objects were not.
  bool adopt_existing = false;
  Dedupes dedupes = Dedupes::no;
  std::vector<Write> note;             ///< merge patches for eyes only, committed with the intent
};

enum class EffectState : std::uint8_t {
  done,    ///< it happened, once; `object`/`value` hold what came of it
  failed,  ///< the provider said no, definitely; `error` says why
  unknown  ///< its answer never came and nobody can tell; this number is closed, use the next one
};

struct EffectResult {
  EffectState state = EffectState::done;
  std::optional<Asset> object;
  Json value = Json::object();   ///< small; large results are objects
  std::int64_t usd_micros = 0;
  std::optional<Error> error;    ///< when failed
  std::vector<Write> note;       ///< merge patches for eyes only, committed with the result
  bool replayed = false;         ///< from the record: nothing was called
};

/// The provider call as the effect's function sees it.
class EffectCall {
 public:
  virtual ~EffectCall() = default;
  [[nodiscard]] virtual const std::string& idempotency_key() const = 0;
  /// The remote operation an earlier life of this effect submitted: poll it, never submit again.
  [[nodiscard]] virtual const std::optional<std::string>& handle() const = 0;
  /// Makes the remote operation's handle durable in both tiers before it returns. Call it right after the submit and
  /// before any wait. Errors: fenced, unavailable: return them at once.
  virtual Result<void> submitted(const std::string& handle) = 0;
  [[nodiscard]] virtual std::stop_token stop() const = 0;
};

/// Calls the provider. Errors: invalid or corrupt: a definite failure (recorded; the number is closed) ·
/// unavailable: not known to have happened · cancelled: the effect stays open and goes on at resume.
using EffectFunction = std::function<Result<EffectResult>(EffectCall&)>;

/// A question to a person. The same task asks the same questions in the same order when it is replayed.
struct Question {
  std::string type;      ///< "llm_intervention", "llm_retry_exhausted", "effect_in_doubt", "budget_exceeded", ...
  std::string error;     ///< one line: what happened
  ErrorKind kind = ErrorKind::unavailable;
  Json params = Json::object();          ///< what retry would use; no secrets
  std::vector<std::string> editable;     ///< members of params a person may revise
  std::string effect_key;                ///< may be empty
};

enum class AnswerAction : std::uint8_t { retry, skip, abort };

struct Answer {
  AnswerAction action = AnswerAction::retry;
  Json revised_params = Json::object();
};

struct Progress {
  std::string message;                 ///< one line, at most 200 bytes
  std::optional<double> fraction;      ///< 0..1
};

class Context {
 public:
  virtual ~Context() = default;
  [[nodiscard]] virtual const FilmId& film() const = 0;
  [[nodiscard]] virtual const std::string& node() const = 0;
  [[nodiscard]] virtual const std::string& item() const = 0;  ///< empty when the node has no items
  [[nodiscard]] virtual std::stop_token stop() const = 0;
  [[nodiscard]] virtual ObjectStore& objects() = 0;
  [[nodiscard]] virtual Clock& clock() = 0;

  /// A folder only this task sees; empty at its start, removed at its end.
  virtual Result<std::filesystem::path> scratch() = 0;

  /// Does `request` at most once over all lives of the film. The intent is durable before `call` runs, its result
  /// before this returns. Asked again for a recorded key it returns the record without a call.
  /// Errors: invalid (key; or the key belongs to another task); cancelled; fenced; unavailable.
  virtual Result<EffectResult> effect(const EffectRequest& request, const EffectFunction& call) = 0;

  /// Whether any task has an open effect of this base: what lies at its objects' names belongs to that task.
  [[nodiscard]] virtual bool is_open(std::string_view base) const = 0;

  /// The first number this task may use for `base`: 1 + the highest ever committed. The same in each replay.
  [[nodiscard]] virtual int first_number(std::string_view base) const = 0;

  /// Opens an interrupt, or returns the answer it was given. Without an answer: `cancelled`; return it, the task is
  /// parked without a thread and replayed when the answer is there. An `abort` answer never gets here.
  virtual Result<Answer> ask(const Question& question) = 0;
  /// 1 + how often a person answered "retry" to this task's questions, those about money aside.
  [[nodiscard]] virtual int round() const = 0;

  /// For eyes; never stored, never read by a node. Drops reports that come faster than they can be shown.
  virtual void progress(const Progress& progress) = 0;
  /// One line for the log.
  virtual void note(std::string_view line) = 0;
};

}  // namespace workprint
