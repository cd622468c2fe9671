#include "film/events.h"

#include "film/peek.h"
#include "film/views.h"

namespace film {
namespace {

using namespace workprint;

// A line of the film's life: what differs between `before` and `after`.
class Teller {
 public:
  Teller(const CommitInfo& info, const Json& before, const Json& after)
      : info_(info), before_(before), after_(after), meta_before_(member(before, "$workprint")), meta_after_(member(after, "$workprint")) {}

  std::vector<FeedEvent> tell() {
    tell_beginnings();
    tell_delta();
    tell_scenes();
    tell_questions();
    tell_ends();
    tell_commands();
    return std::move(events_);
  }

 private:
  void add(const char* type, Json payload) {
    FeedEvent event;
    event.type = type;
    event.payload = std::move(payload);
    events_.push_back(std::move(event));
  }

  void tell_beginnings() {
    if (info_.kind == CommitKind::command && meta_before_.is_null()) {
      add("WORKFLOW_STARTED", {{"resumed", false}, {"tier", "fresh"}, {"initialState", old_shape(after_)}});
      return;
    }
    if (info_.kind != CommitKind::takeover) return;
    static const Json none = Json::object();
    const Json& report = member(meta_after_, "recovery");
    const Json& one = report.is_array() && !report.empty() ? report[0] : none;
    Json payload = {{"resumed", true}};
    if (!text(one, "decision").empty()) payload["decision"] = text(one, "decision");
    for (const Json& tier : one.value("tiers", Json::array()))
      if (tier.value("taken", false)) payload["tier"] = tier.value("tier", "");
    add("WORKFLOW_STARTED", std::move(payload));
    if (!one.empty()) add("RECOVERY_REPORT", one);
  }

  void tell_delta() {
    // Only what moved is compared: states are large, commits are small.
    Json patch = Json::object();
    for (const auto& [name, value] : after_.items()) {
      const Json& was = member(before_, name);
      if (name == "$workprint" || was == value) continue;
      patch[name] = was.is_object() && value.is_object() ? merge_diff(was, value) : value;
    }
    for (const auto& [name, value] : before_.items())
      if (name != "$workprint" && !after_.contains(name)) patch[name] = nullptr;
    if (patch.empty()) return;
    add("STATE_DELTA", {{"fromSeq", number(info_.head.seq) - 1}, {"patch", std::move(patch)}});
  }

  [[nodiscard]] static const Json& scenes_of(const Json& document) { return member(member(document, "storyboardState"), "scenes"); }

  [[nodiscard]] Json place_of(const std::string& id) const {
    const Json& plan = member(member(after_, "storyboard"), "scenes");
    Json place = {{"sceneId", std::atoi(id.c_str())}};
    if (!plan.is_array()) return place;
    for (std::size_t i = 0; i < plan.size(); ++i)
      if (plan[i].value("id", -1) == place["sceneId"]) place["sceneIndex"] = i;
    place["totalScenes"] = plan.size();
    return place;
  }

  void tell_scenes() {
    if (info_.kind == CommitKind::intent && info_.node == "process_scene" && begins_task()) add("SCENE_STARTED", place_of(info_.item));
    const Json &old = scenes_of(before_), &now = scenes_of(after_);
    if (!now.is_object()) return;
    for (const auto& [id, scene] : now.items()) {
      const Json& was = member(old, id);
      if (was == scene || !scene.is_object()) continue;
      const Json& clip = member(scene, "generatedVideo");
      if (clip.is_object() && clip != member(was, "generatedVideo") && info_.kind == CommitKind::step) {
        Json payload = place_of(id);
        payload["videoUrl"] = public_uri(clip);
        add("SCENE_COMPLETED", std::move(payload));
      } else if (!text(scene, "placeholder").empty() && text(was, "placeholder").empty()) {
        Json payload = place_of(id);
        payload["reason"] = "placeholder";
        add("SCENE_SKIPPED", std::move(payload));
      } else {
        add("SCENE_PROGRESS", progress_of(id, scene, was));
      }
    }
  }

  [[nodiscard]] static Json progress_of(const std::string& id, const Json& scene, const Json& was) {
    Json payload = {{"sceneId", std::atoi(id.c_str())}, {"progressMessage", text(scene, "progressMessage")}};
    if (!text(scene, "status").empty()) payload["status"] = text(scene, "status");
    for (const char* asset : {"startFrame", "endFrame", "generatedVideo"})
      if (member(scene, asset) != member(was, asset) && member(scene, asset).is_object()) payload[asset] = with_uris(member(scene, asset));
    return payload;
  }

  // Whether this is the first effect of the task: a later take is progress, not a start.
  [[nodiscard]] bool begins_task() const {
    const Json& open = member(meta_before_, "openEffects");
    if (!open.is_object()) return true;
    for (const Json& effect : open)
      if (text(effect, "node") == info_.node && text(effect, "item") == info_.item) return false;
    return true;
  }

  void tell_questions() {
    const Json &old = member(meta_before_, "interrupts"), &now = member(meta_after_, "interrupts");
    if (now.is_object())
      for (const auto& [id, question] : now.items()) {
        const Json& was = member(old, id);
        if (was.is_null()) add("LLM_INTERVENTION_NEEDED", question_view(id, question));
        if (!member(question, "answer").is_null() && member(was, "answer").is_null())
          add("INTERVENTION_RESOLVED", {{"interruptId", id}, {"action", text(member(question, "answer"), "action")}, {"nodeName", text(question, "node")}});
      }
  }

  void tell_ends() {
    const std::string old = text(before_, "halted"), now = text(after_, "halted");
    if (now != old && now == "stopped") add("WORKFLOW_PAUSED", {{"reason", "stopped"}});
    if (now != old && now == "aborted") {
      add("INTERVENTION_RESOLVED", {{"interruptId", ""}, {"action", "abort"}, {"nodeName", ""}});
      add("WORKFLOW_FAILED", {{"error", "aborted by a person"}, {"kind", "cancelled"}});
    }
    const Json& report = member(after_, "filmReport");
    if (report.is_object() && report != member(before_, "filmReport"))
      add("WORKFLOW_COMPLETED", {{"videoUrl", public_uri(member(after_, "renderedVideo"))},
                                 {"outcome", text(report, "outcome")},
                                 {"placeholders", member(report, "placeholders")},
                                 {"costUsdMicros", cost_total(after_)}});
  }

  void tell_commands() {
    const Json &old = member(before_, "commands"), &now = member(after_, "commands");
    if (!now.is_object()) return;
    for (const auto& [id, command] : now.items()) {
      if (!member(old, id).is_null()) continue;
      Json payload = {{"commandId", id}, {"type", text(command, "type")}, {"outcome", text(command, "outcome")}};
      if (!text(command, "error").empty()) payload["error"] = text(command, "error");
      add("COMMAND_RESULT", std::move(payload));
    }
  }

  const CommitInfo& info_;
  const Json& before_;
  const Json& after_;
  const Json &meta_before_, &meta_after_;
  std::vector<FeedEvent> events_;
};

}  // namespace

std::vector<FeedEvent> events_of(const CommitInfo& info, const Json& before, const Json& after) { return Teller(info, before, after).tell(); }

}  // namespace film
