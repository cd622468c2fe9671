// The engine's records inside `$workprint` as JSON, both ways. Reading is strict: a person may have edited the file.
#include <array>

#include "run/run.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::run {
namespace {

constexpr std::array state_words{"intent", "submitted", "done", "failed", "in_doubt"};
constexpr std::array action_words{"retry", "skip", "abort"};

const Json& member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t integer(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorKind::corrupt, "the engine's record in the state is not as written. at=" + what);
}

ErrorKind kind_of(const std::string& word) {
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::not_found, ErrorKind::conflict, ErrorKind::fenced,
                               ErrorKind::unavailable, ErrorKind::cancelled, ErrorKind::corrupt})
    if (workprint::to_string(kind) == word) return kind;
  return ErrorKind::unavailable;
}

Result<EffectResult> result_from_json(const Json& json, EffectRecord::State state) {
  EffectResult result;
  result.replayed = true;
  result.usd_micros = integer(json, "usdMicros");
  if (json.contains("object")) result.object = TRY(asset_from_json(json["object"]));
  if (json.contains("value")) result.value = json["value"];
  if (state == EffectRecord::State::failed) {
    result.state = EffectState::failed;
    result.error = Error{kind_of(text(json, "kind")), text(json, "error")};
  }
  if (state == EffectRecord::State::in_doubt) result.state = EffectState::unknown;
  return result;
}

Result<EffectRecord> effect_from_json(const std::string& key, const Json& json) {
  EffectRecord record;
  record.key = key;
  record.task = {text(json, "node"), text(json, "item")};
  const auto word = std::ranges::find(state_words, text(json, "state"));
  if (record.task.node.empty() || word == state_words.end()) return broken("openEffects." + key);
  record.state = static_cast<EffectRecord::State>(word - state_words.begin());
  record.idempotency_key = text(json, "idempotencyKey");
  record.input_hash = text(json, "inputHash");
  record.provider = text(json, "provider");
  record.model = text(json, "model");
  record.estimate_usd_micros = integer(json, "estimateUsdMicros");
  record.intent_seq = static_cast<std::uint64_t>(integer(json, "intentSeq"));
  if (json.contains("handle")) record.handle = text(json, "handle");
  if (record.state == EffectRecord::State::submitted && !record.handle) return broken("openEffects." + key + ".handle");
  if (record.state >= EffectRecord::State::done)
    record.result = TRY(result_from_json(member(json, "result"), record.state));
  return record;
}

Result<Interrupt> interrupt_from_json(const std::string& id, const Json& json) {
  Interrupt interrupt;
  interrupt.id = id;
  interrupt.task = {text(json, "node"), text(json, "item")};
  if (interrupt.task.node.empty()) return broken("interrupts." + id);
  interrupt.question.type = text(json, "type");
  interrupt.question.error = text(json, "error");
  interrupt.question.kind = kind_of(text(json, "kind"));
  interrupt.question.params = json.value("params", Json::object());
  interrupt.question.effect_key = text(json, "effectKey");
  for (const Json& name : member(json, "editable"))
    if (name.is_string()) interrupt.question.editable.push_back(name.get<std::string>());
  interrupt.attempt_count = static_cast<std::uint64_t>(integer(json, "attemptCount"));
  if (const Json& answer = member(json, "answer"); answer.is_object()) {
    const auto word = std::ranges::find(action_words, text(answer, "action"));
    if (word == action_words.end()) return broken("interrupts." + id + ".answer.action");
    interrupt.answer = Answer{static_cast<AnswerAction>(word - action_words.begin()),
                              answer.value("revisedParams", Json::object())};
  }
  return interrupt;
}

void name_task(Json& json, const Task& task) {
  json["node"] = task.node;
  if (!task.item.empty()) json["item"] = task.item;
}

}  // namespace

std::string_view to_string(EffectRecord::State state) { return state_words[static_cast<std::size_t>(state)]; }

Json to_json(const Writes& writes) {
  Json list = Json::array();
  for (const Write& write : writes.list()) list.push_back({{"channel", write.channel}, {"value", write.value}});
  return list;
}

Result<std::vector<Write>> writes_from_json(const Json& json) {
  std::vector<Write> writes;
  if (!json.is_array()) return broken("doneTasks.writes");
  for (const Json& one : json) {
    if (!one.is_object() || !one.contains("channel") || !one["channel"].is_string()) return broken("doneTasks.writes");
    // A removed value was written as null, and null members do not survive a merge patch: absent reads as null.
    writes.push_back({one["channel"].get<std::string>(), one.value("value", Json())});
  }
  return writes;
}

Result<std::vector<Task>> due_tasks(const Json& document) {
  std::vector<Task> tasks;
  for (const Json& one : member(member(document, meta_member), "nextNodes")) {
    Task task{text(one, "node"), text(one, "item")};
    if (task.node.empty()) return broken("nextNodes");
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<std::vector<EffectRecord>> open_effects(const Json& document) {
  std::vector<EffectRecord> records;
  for (const auto& [key, json] : member(member(document, meta_member), "openEffects").items())
    records.push_back(TRY(effect_from_json(key, json)));
  return records;
}

Result<std::vector<EffectRecord>> effects_of(const Json& document, const Task& task) {
  std::vector<EffectRecord> records = TRY(open_effects(document));
  std::erase_if(records, [&](const EffectRecord& record) { return record.task != task; });
  return records;
}

Result<std::int64_t> cost_so_far(const Json& document) {
  std::int64_t total = 0;
  const Json& cost = member(document, standard::cost.name.c_str());
  if (cost.is_object())
    for (const Json& one : cost) total += one.is_number_integer() ? one.get<std::int64_t>() : 0;
  for (const EffectRecord& one : TRY(open_effects(document))) total += one.result ? one.result->usd_micros : one.estimate_usd_micros;
  return total;
}

Result<std::optional<EffectRecord>> find_effect(const Json& document, const std::string& key) {
  const Json& all = member(member(document, meta_member), "openEffects");
  if (!all.is_object() || !all.contains(key)) return std::optional<EffectRecord>();
  return std::optional(TRY(effect_from_json(key, all[key])));
}

Result<std::vector<Interrupt>> interrupts(const Json& document) {
  std::vector<Interrupt> all;
  for (const auto& [id, json] : member(member(document, meta_member), "interrupts").items())
    all.push_back(TRY(interrupt_from_json(id, json)));
  return all;
}

Result<std::optional<Finished>> find_finished(const Json& document, const Task& task) {
  const Json& all = member(member(document, meta_member), "doneTasks");
  const std::string key = task.key();
  if (!all.is_object() || !all.contains(key)) return std::optional<Finished>();
  return std::optional(Finished{task, TRY(writes_from_json(member(all[key], "writes")))});
}

Delta plan_intent(const EffectRecord& record) {
  Json json = {{"state", "intent"},
               {"intentSeq", record.intent_seq},
               {"idempotencyKey", record.idempotency_key},
               {"inputHash", record.input_hash},
               {"provider", record.provider},
               {"model", record.model},
               {"estimateUsdMicros", record.estimate_usd_micros}};
  name_task(json, record.task);
  Delta delta;
  delta.meta["openEffects"][record.key] = std::move(json);
  return delta;
}

Delta plan_handle(const std::string& key, const std::string& handle, const std::string& at) {
  Delta delta;
  delta.meta["openEffects"][key] = {{"state", "submitted"}, {"handle", handle}, {"submittedAt", at}};
  return delta;
}

Delta plan_result(const std::string& key, const EffectResult& result) {
  Json json = {{"usdMicros", result.usd_micros}};
  if (result.object) json["object"] = workprint::to_json(*result.object);
  if (!result.value.is_null() && !result.value.empty()) json["value"] = result.value;
  if (result.error) {
    json["error"] = result.error->message;
    json["kind"] = workprint::to_string(result.error->kind);
  }
  const EffectRecord::State state = result.state == EffectState::done     ? EffectRecord::State::done
                                    : result.state == EffectState::failed ? EffectRecord::State::failed
                                                                          : EffectRecord::State::in_doubt;
  Delta delta;
  delta.meta["openEffects"][key] = {{"state", to_string(state)}, {"result", std::move(json)}};
  return delta;
}

Delta plan_task_done(const Finished& finished) {
  Writes writes;
  for (const Write& write : finished.writes) writes.add(write);
  Delta delta;
  // An array inside a merge patch replaces whole, nulls and all: the writes come back as they were.
  delta.meta["doneTasks"][finished.task.key()] = {{"writes", to_json(writes)}};
  return delta;
}

Delta plan_interrupt(const Interrupt& interrupt, const std::string& at) {
  const Question& question = interrupt.question;
  Json json = {{"type", question.type},         {"nodeName", interrupt.task.node},
               {"error", question.error},       {"kind", workprint::to_string(question.kind)},
               {"params", question.params},     {"editable", question.editable},
               {"openedAt", at},                {"attemptCount", interrupt.attempt_count},
               {"functionName", question.effect_key.empty() ? interrupt.task.node : question.effect_key}};
  if (!question.effect_key.empty()) json["effectKey"] = question.effect_key;
  name_task(json, interrupt.task);
  Delta delta;
  delta.meta["interrupts"][interrupt.id] = std::move(json);
  return delta;
}

Delta plan_answer(const std::string& id, const Answer& answer) {
  Delta delta;
  delta.meta["interrupts"][id] = {
      {"answer", {{"action", action_words[static_cast<std::size_t>(answer.action)]},
                  {"revisedParams", answer.revised_params}}}};
  return delta;
}

bool has_open_question(const std::vector<Interrupt>& all, const Task& task) {
  return std::ranges::any_of(all, [&](const Interrupt& one) { return one.task == task && !one.answer; });
}

std::string idempotency_key(const FilmId& film, const std::string& effect_key) {
  return "wp_" + sha256_hex(film.value() + "\n" + effect_key).substr(0, 40);
}

std::string interrupt_id(const FilmId& film, const Task& task, std::size_t ordinal) {
  return "int_" + sha256_hex(film.value() + "\n" + task.key() + "\n" + std::to_string(ordinal)).substr(0, 12);
}

Result<EffectName> parse_effect_key(std::string_view key) {
  const auto wrong = [&] {
    return fail(ErrorKind::invalid, "effect key is not <base>/<number> of [A-Za-z0-9_-] parts. key=" + std::string(key.substr(0, 80)));
  };
  const auto slash = key.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || key.size() > 200 || key.size() - slash > 10) return wrong();
  std::int64_t number = 0;
  for (const char c : key.substr(slash + 1)) {
    if (c < '0' || c > '9') return wrong();
    number = number * 10 + (c - '0');
  }
  if (slash + 1 == key.size() || number < 1) return wrong();
  char before = '/';
  for (const char c : key.substr(0, slash)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!plain && (c != '/' || before == '/')) return wrong();
    before = c;
  }
  if (before == '/') return wrong();
  return EffectName{std::string(key.substr(0, slash)), number};
}

}  // namespace workprint::run
