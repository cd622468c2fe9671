// Commands that only look: status, state, explain, history, list, takes, graph, version; and fork.
#include <cstdio>

#include "cli/studio_floor.h"
#include "recovery/recovery_table.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::cli {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

struct Opened {
  std::unique_ptr<StudioFloor> floor;
  FilmId film;
};

Result<Opened> open_film(const Request& request) {
  FilmId film = TRY(parse_film_id(request.film));
  return Opened{TRY(StudioFloor::open(request)), std::move(film)};
}

unsigned long long shown(Seq seq) { return number(seq); }

int settled_scenes(const Json& state) {
  int settled = 0;
  const Json scenes = state.value("storyboardState", Json::object()).value("scenes", Json::object());
  for (const auto& [id, scene] : scenes.items())
    if (scene.contains("generatedVideo") || scene.contains("placeholder")) ++settled;
  return settled;
}

Json status_json(const FullState& full, const std::string& film) {
  const Json meta = full.state.value("$workprint", Json::object());
  Json json = {{"film", film},
               {"provenance", to_json(full.provenance)},
               {"nextNodes", meta.value("nextNodes", Json::array())},
               {"openEffects", meta.value("openEffects", Json::object()).size()},
               {"interrupts", meta.value("interrupts", Json::object())},
               {"scenes", full.state.value("storyboard", Json::object()).value("scenes", Json::array()).size()},
               {"scenesDone", settled_scenes(full.state)}};
  if (full.state.contains("halted")) json["halted"] = full.state["halted"];
  if (const auto movie = film::rendered_object(full.state)) json["movie"] = *movie;
  if (full.state.contains("filmReport")) json["filmReport"] = full.state["filmReport"];
  return json;
}

}  // namespace

Exit prune(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto kept = opened->floor->service->prune(opened->film, request.keep);
  if (!kept) return report_error(kept.error());
  if (request.json)
    print(pretty_json({{"film", opened->film.value()}, {"oldestSeq", number(*kept)}}));
  else
    print("film " + opened->film.value() + ": commits from seq " + std::to_string(number(*kept)) + " on are kept\n");
  return Exit::done;
}

Exit status(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto full = opened->floor->service->full_state(opened->film);
  if (!full) return report_error(full.error());
  Json json = status_json(*full, opened->film.value());
  if (const auto receipt = opened->floor->service->receipt(opened->film)) json["receipt"] = to_json(*receipt);
  if (request.json) {
    print(pretty_json(json));
    return Exit::done;
  }
  const std::string title = full->state.value("storyboard", Json::object()).value("metadata", Json::object()).value("title", "(no storyboard yet)");
  std::printf("film    %s  \"%s\"\n", opened->film.value().c_str(), title.c_str());
  std::printf("from    %s, epoch %llu, seq %llu, %.1f s old%s\n", full->provenance.tier.c_str(),
              static_cast<unsigned long long>(number(full->provenance.head.epoch)), shown(full->provenance.head.seq),
              full->provenance.age_seconds, full->provenance.degraded ? " (the database does not answer)" : "");
  if (full->provenance.published_seq) std::printf("saved   state.json at seq %llu\n", shown(*full->provenance.published_seq));
  if (json.contains("receipt") && json["receipt"].contains("snapshot"))
    std::printf("receipt from state.json alone: resumes at seq %llu, %llu steps behind, at most $%.4f again\n",
                static_cast<unsigned long long>(json["receipt"]["snapshot"].value("seq", std::uint64_t{0})),
                static_cast<unsigned long long>(json["receipt"]["snapshot"].value("stepsLost", std::uint64_t{0})),
                static_cast<double>(json["receipt"]["snapshot"].value("usdMicros", std::int64_t{0})) / 1e6);
  std::printf("scenes  %d of %d done\n", json["scenesDone"].get<int>(), json["scenes"].get<int>());
  std::string next;
  for (const Json& node : json["nextNodes"]) next += node.value("node", "") + (node.contains("item") ? "/" + node.value("item", "") : "") + " ";
  const bool begun = full->state.contains("$workprint");
  if (!begun) next = "not taken up yet: workprint resume " + opened->film.value();
  std::printf("next    %s\n", begun && json["nextNodes"].empty() ? "nothing: the film is complete" : next.c_str());
  if (json.contains("halted")) std::printf("halted  %s\n", json["halted"].get<std::string>().c_str());
  for (const auto& [interrupt, question] : json["interrupts"].items())
    if (!question.contains("answer")) std::printf("waits   %s: %s\n", interrupt.c_str(), question.value("error", "").c_str());
  if (json.contains("movie")) std::printf("movie   %s\n", opened->floor->object_path(json["movie"].get<std::string>()).c_str());
  return Exit::done;
}

Exit state(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto full = request.seq ? opened->floor->service->state_at(opened->film, Seq{*request.seq})
                                : opened->floor->service->full_state(opened->film);
  if (!full) return report_error(full.error());
  print(pretty_json(full->state));
  return Exit::done;
}

Exit explain(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const RecoveryReport report = opened->floor->service->explain(opened->film);
  print(request.json ? pretty_json(to_json(report)) : to_text(report));
  return Exit::done;
}

Exit receipt(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto receipt = opened->floor->service->receipt(opened->film);
  if (!receipt) return report_error(receipt.error());
  print(request.json ? pretty_json(to_json(*receipt)) : to_text(*receipt));
  return Exit::done;
}

Exit tiers(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto compared = opened->floor->service->tiers(opened->film, request.repair ? Repair::yes : Repair::no);
  if (!compared) return report_error(compared.error());
  if (request.json) {
    print(pretty_json(to_json(*compared)));
  } else {
    print(to_text(compared->report));
    for (const std::string& line : compared->repaired) std::printf("repaired %s\n", line.c_str());
    for (const std::string& name : compared->orphans) std::printf("orphan   %s (the next resume adopts it)\n", name.c_str());
    std::printf("%s\n", compared->converged ? "both tiers hold the same state" : "the tiers differ");
  }
  return compared->converged || !refuses(compared->report.decision) ? Exit::done : Exit::damaged;
}

Exit history(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto commits = opened->floor->service->history(opened->film, Seq{request.seq.value_or(std::uint64_t{1} << 60)}, 200);
  if (!commits) return report_error(commits.error());
  Json list = Json::array();
  for (const CommitInfo& one : *commits) {
    if (request.json)
      list.push_back({{"seq", number(one.head.seq)}, {"epoch", number(one.head.epoch)}, {"kind", to_string(one.kind)}, {"node", one.node},
                      {"item", one.item}, {"hash", one.head.hash}, {"at", to_rfc3339(one.at)}, {"writer", one.writer}});
    else
      std::printf("%6llu  epoch %llu  %s  %-9s %s%s%s\n", shown(one.head.seq), static_cast<unsigned long long>(number(one.head.epoch)),
                  to_rfc3339(one.at).c_str(), std::string(to_string(one.kind)).c_str(), one.node.c_str(),
                  one.item.empty() ? "" : "/", one.item.c_str());
  }
  if (request.json) print(pretty_json(list));
  return Exit::done;
}

Exit fork(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto target = parse_film_id(request.target);
  if (!target) return report_error(target.error());
  const auto head = opened->floor->service->fork(opened->film, request.seq ? std::optional(Seq{*request.seq}) : std::nullopt, *target);
  if (!head) return report_error(head.error());
  std::printf("film    %s, from %s; go on with: workprint resume %s\n", target->value().c_str(), opened->film.value().c_str(), target->value().c_str());
  return Exit::done;
}

Exit list(const Request& request) {
  auto floor = StudioFloor::open(request);
  if (!floor) return report_error(floor.error());
  const auto rows = (*floor)->service->list();
  if (!rows) return report_error(rows.error());
  Json json = Json::array();
  for (const FilmRow& row : *rows) {
    const std::string checkpoint = row.checkpoint ? std::to_string(number(row.checkpoint->seq)) : "-";
    const std::string snapshot = row.snapshot ? std::to_string(number(row.snapshot->seq)) : "-";
    if (request.json)
      json.push_back({{"film", row.film}, {"checkpoint", checkpoint}, {"snapshot", snapshot}, {"detail", row.detail}});
    else
      std::printf("%-32s checkpoint %6s  state.json %6s  %s\n", row.film.c_str(), checkpoint.c_str(), snapshot.c_str(), row.detail.c_str());
  }
  if (request.json) print(pretty_json(json));
  return Exit::done;
}

Exit takes(const Request& request) {
  const auto opened = open_film(request);
  if (!opened) return report_error(opened.error());
  const auto full = opened->floor->service->full_state(opened->film);
  if (!full) return report_error(full.error());
  if (request.json) {
    print(pretty_json(full->state.value("takes", Json::object())));
    return Exit::done;
  }
  for (const film::TakeRow& row : film::list_takes(full->state)) {
    char score[16] = "-";
    if (row.score) std::snprintf(score, sizeof score, "%.3f", *row.score);
    std::printf("%c %-28s take %-3d %-8s %6s %-18s %s\n", row.circled ? '*' : ' ', row.asset.c_str(), row.number, row.state.c_str(), score,
                row.overall.c_str(), row.object.c_str());
  }
  return Exit::done;
}

Exit graph(const Request&) {
  const auto studio = film::studio::builtin_studio(1);
  const auto workflow = film::film_workflow(*studio, {});
  if (!workflow) return report_error(workflow.error());
  print(workflow->graph.mermaid());
  return Exit::done;
}

Exit recovery_table(const Request&) {
  print(recovery::to_markdown());
  return Exit::done;
}

Exit version(const Request&) {
  std::printf("workprint 0.2.0 (state format 1)\n");
  return Exit::done;
}

}  // namespace workprint::cli
