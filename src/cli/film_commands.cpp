// Commands that make a film move: run, resume, stop, retake, resolve.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "cli/studio_floor.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::cli {

Exit report_error(const Error& error, const std::string& film) {
  std::fprintf(stderr, "workprint: %s\n", error.message.c_str());
  if (error.kind == ErrorKind::unavailable && !film.empty())
    std::fprintf(stderr, "  nothing is lost; when it is back: workprint resume %s\n", film.c_str());
  return exit_of(error.kind);
}

namespace {

std::string quoted_root(const Request& request) { return request.root.empty() ? "" : "--root '" + request.root + "' "; }

void print_questions(StudioFloor& floor, const Request& request, const FilmId& film) {
  const auto full = floor.service->full_state(film);
  if (!full) return;
  const Json meta = full->state.value("$workprint", Json::object());
  const Json questions = meta.value("interrupts", Json::object());
  for (const auto& [id, question] : questions.items()) {
    if (question.contains("answer")) continue;
    std::printf("  waits: %s %s: %s\n", question.value("node", "").c_str(), question.value("item", "").c_str(), question.value("error", "").c_str());
    std::printf("  answer: workprint %sresolve %s retry|skip|abort --interrupt %s\n", quoted_root(request).c_str(), film.value().c_str(), id.c_str());
  }
}

// What the person gets to see at the end of a run, whatever its end was.
Exit print_outcome(StudioFloor& floor, const Request& request, const FilmId& film, const RunReport& report) {
  floor.display->clear_line();
  if (request.json && report.not_saved) std::fprintf(stderr, "workprint: not saved in the object store yet: %s\n", report.not_saved->c_str());
  if (request.json) return report.not_saved && report.status == FilmStatus::complete ? Exit::unavailable : exit_of(report.status);
  const auto full = floor.service->full_state(film);
  std::printf("film    %s: %s at seq %llu\n", film.value().c_str(), std::string(to_string(report.status)).c_str(),
              static_cast<unsigned long long>(number(report.head.seq)));
  if (full)
    if (const auto object = film::rendered_object(full->state)) {
      std::printf("movie   %s\n", floor.object_path(*object).c_str());
      std::printf("also    %s (storyboard, contact sheet, poster, captions, shot list, manifest)\n",
                  floor.object_path(film.value() + "/deliver").c_str());
    }
  std::printf("state   %s\n", floor.object_path(film.value() + "/state.json").c_str());
  std::printf("        %s\n", floor.store_path().c_str());
  if (report.degraded) std::printf("DEGRADED the database does not answer: the newest state is in state.json only; the next resume repairs it\n");
  if (report.not_saved) std::printf("NOT SAVED in the object store yet: %s\n", report.not_saved->c_str());
  if (report.status == FilmStatus::waiting) print_questions(floor, request, film);
  if (report.status != FilmStatus::complete)
    std::printf("resume  workprint %sresume %s\n", quoted_root(request).c_str(), film.value().c_str());
  return report.not_saved && report.status == FilmStatus::complete ? Exit::unavailable : exit_of(report.status);
}

void print_recovery(const StudioFloor& floor, const Request& request) {
  if (request.json || !floor.service->last_report()) return;
  floor.display->clear_line();
  std::fputs(to_text(*floor.service->last_report()).c_str(), stdout);
  std::fflush(stdout);
}

Exit finish(StudioFloor& floor, const Request& request, const FilmId& film, const Result<RunReport>& report) {
  if (report) return print_outcome(floor, request, film, *report);
  floor.display->clear_line();
  if (floor.service->last_report() && refuses(floor.service->last_report()->decision)) print_recovery(floor, request);
  return report_error(report.error(), film.value());
}

// The recovery report is shown when it is made, before the work begins.
void show_recovery_early(StudioFloor& floor, const Request& request, const FilmId& film) {
  if (request.json) return;
  const RecoveryReport report = floor.service->explain(film);
  std::fputs(to_text(report).c_str(), stdout);
  std::fflush(stdout);
}

Result<std::string> film_id_for(const Request& request) {
  if (!request.film.empty()) return TRY(parse_film_id(request.film)).value();
  return "film_" + sha256_hex(std::to_string(system_random()->next())).substr(0, 12);
}

std::uint64_t seed_for(const Request& request) {
  if (request.seed) return *request.seed;
  return film::seed_of_prompt(request.prompt);
}

}  // namespace

Exit run(const Request& request) {
  const StopSignals signals;
  const auto id = film_id_for(request);
  if (!id) return report_error(id.error());
  const FilmId film = *parse_film_id(*id);
  auto floor = StudioFloor::open(request, signals.park());
  if (!floor) return report_error(floor.error());
  const auto picture = film::parse_picture((*floor)->settings.text("picture"));
  if (!picture) return report_error(picture.error());
  film::FilmRequest wanted{request.prompt, std::nullopt, {}, *picture, seed_for(request), request.max_scenes};
  if (!request.audio.empty()) wanted.audio = request.audio;
  const auto inputs = film::prepare_inputs(*(*floor)->objects, wanted, signals.token());
  if (!inputs) return report_error(inputs.error());
  if (!request.json) std::printf("film    %s\n", film.value().c_str());
  show_recovery_early(**floor, request, film);
  return finish(**floor, request, film, (*floor)->service->start(film, *inputs, request.start_over, signals.token()));
}

Exit resume(const Request& request) {
  const StopSignals signals;
  Request wanted = request;
  const bool is_file = request.film.find('/') != std::string::npos || request.film.ends_with(".json");
  if (is_file && request.root.empty()) {
    // <root>/films/<film>/state.json names its own root; anywhere else the state is taken into the user's root.
    const std::filesystem::path path = std::filesystem::absolute(request.film);
    if (path.filename() == "state.json" && path.parent_path().parent_path().filename() == "films")
      wanted.root = path.parent_path().parent_path().parent_path().string();
  }
  auto floor = StudioFloor::open(wanted, signals.park());
  if (!floor) return report_error(floor.error());
  if (is_file) {
    const auto report = (*floor)->service->resume_file(request.film, request.id, signals.token());
    print_recovery(**floor, wanted);
    if (!report) return report_error(report.error());
    const auto film = parse_film_id(report->recovery.film);
    if (!film) return report_error(film.error());
    return print_outcome(**floor, wanted, *film, *report);
  }
  const auto film = parse_film_id(request.film);
  if (!film) return report_error(film.error());
  show_recovery_early(**floor, wanted, *film);
  return finish(**floor, wanted, *film, (*floor)->service->resume(*film, signals.token()));
}

Exit stop(const Request& request) {
  const auto film = parse_film_id(request.film);
  if (!film) return report_error(film.error());
  auto floor = StudioFloor::open(request);
  if (!floor) return report_error(floor.error());
  bool asked = false;
  for (int tries = 0; tries < 150; ++tries) {
    const auto head = (*floor)->service->stop(*film);
    if (head) {
      std::printf("film    %s: stopped at seq %llu\nresume  workprint %sresume %s\n", film->value().c_str(),
                  static_cast<unsigned long long>(number(head->seq)), quoted_root(request).c_str(), film->value().c_str());
      return Exit::done;
    }
    const auto pid_at = head.error().message.rfind("pid=");
    if (head.error().kind != ErrorKind::conflict || pid_at == std::string::npos) return report_error(head.error());
    const int pid = std::atoi(head.error().message.c_str() + pid_at + 4);
    if (!asked && pid > 1 && ::kill(pid, SIGTERM) == 0) std::fprintf(stderr, "asked the running worker (pid %d) to stop\n", pid);
    asked = true;
    (*floor)->clock->wait(std::chrono::milliseconds(200), {});
  }
  std::fprintf(stderr, "workprint: the worker did not stop within 30 s\n");
  return Exit::unavailable;
}

Exit retake(const Request& request) {
  const StopSignals signals;
  const auto film = parse_film_id(request.film);
  if (!film) return report_error(film.error());
  auto floor = StudioFloor::open(request, signals.park());
  if (!floor) return report_error(floor.error());
  const auto full = (*floor)->service->full_state(*film);
  if (!full) return report_error(full.error());
  constexpr const char* type = "REGENERATE_SCENE";
  const auto plan = film::plan_command(State(full->state), type, {{"sceneId", request.scene}, {"promptModification", request.prompt}});
  if (!plan) return report_error(plan.error());
  const auto head = (*floor)->service->apply_command(*film, type, plan->writes, plan->next_node);
  if (!head) return report_error(head.error());
  if (request.no_run) {
    std::printf("scene %llu will be made again at the next resume\n", static_cast<unsigned long long>(request.scene));
    return Exit::done;
  }
  return finish(**floor, request, *film, (*floor)->service->resume(*film, signals.token()));
}

Exit resolve(const Request& request) {
  const auto film = parse_film_id(request.film);
  if (!film) return report_error(film.error());
  Answer answer;
  if (request.action == "skip") answer.action = AnswerAction::skip;
  if (request.action == "abort") answer.action = AnswerAction::abort;
  auto floor = StudioFloor::open(request);
  if (!floor) return report_error(floor.error());
  const auto head = (*floor)->service->resolve_interrupt(*film, request.interrupt, answer);
  if (!head) return report_error(head.error());
  std::printf("answered: %s\nresume  workprint %sresume %s\n", request.action.c_str(), quoted_root(request).c_str(), film->value().c_str());
  return Exit::done;
}

}  // namespace workprint::cli
