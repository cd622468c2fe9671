#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <thread>

#include "cli/commands.h"
#include "cli/settings.h"

namespace {

using workprint::cli::Exit;
using workprint::cli::Request;
using Command = Exit (*)(const Request&);

struct Parser {
  CLI::App app{"workprint turns a prompt, and optionally a song, into a film, and cannot lose the work"};
  Request request;
  Command command = nullptr;

  CLI::App* sub(const char* name, const char* about, Command run) {
    CLI::App* one = app.add_subcommand(name, about);
    one->callback([this, run] { command = run; });
    one->add_flag("--json", request.json, "one JSON value, or one event a line, for machines");
    return one;
  }

  CLI::App* with_film(CLI::App* one, const char* about = "film id") {
    one->add_option("film", request.film, about)->required();
    return one;
  }

  void with_work(CLI::App* one) {
    one->add_option_function<std::string>("--jobs", [this](const std::string& text) { request.settings["parallel_scenes"] = {text, "--jobs"}; }, "the same as --parallel-scenes");
  }

  // Every setting is a flag of every command.
  void add_settings() {
    for (const workprint::cli::SettingRow& row : workprint::cli::setting_rows()) {
      std::string flag = "--" + std::string(row.name);
      std::ranges::replace(flag, '_', '-');
      const std::string about = std::string(row.about) + ": " + std::string(row.range) + (row.fallback.empty() ? std::string() : " (default: " + std::string(row.fallback) + ")");
      app.add_option_function<std::string>(flag, [this, name = std::string(row.name), flag](const std::string& text) { request.settings[name] = {text, flag}; }, about)->group("Settings");
    }
  }

  void build() {
    using namespace workprint::cli;
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--root", request.root, "folder of database and objects (default: the user's data folder)");
    app.add_option("--config", request.config, "file of settings (default: workprint.toml under the root, if it is there)");
    add_settings();
    CLI::App* run_ = sub("run", "begin a film, or go on with it", run);
    run_->add_option("--prompt", request.prompt, "what the film is about, 1..20,000 bytes")->required();
    run_->add_option("--audio", request.audio, "a song: any audio file ffmpeg reads, 1 s to 60 min");
    run_->add_option("film,--id", request.film, "film id, [A-Za-z0-9_-]{1,128} (default: made up)");
    run_->add_option("--seed", request.seed, "0..2^53 (default: from the prompt)");
    run_->add_option("--max-scenes", request.max_scenes, "1..1000 (default: the writer decides)")->check(CLI::Range(1, 1000));
    run_->add_option("--start-over", request.start_over, "the film id again: begin anew over an existing film; nothing is deleted");
    with_work(run_);
    CLI::App* resume_ = with_film(sub("resume", "go on with a film", resume), "film id, or path of a state.json");
    resume_->add_option("--id", request.id, "film id, for a state.json of the older system, which does not say it");
    with_work(resume_);
    with_film(sub("stop", "stop a film until somebody resumes it", stop));
    with_film(sub("status", "where a film stands", status));
    with_film(sub("state", "the whole state, as JSON", state))->add_option("--at", request.seq, "as of this seq");
    with_film(sub("explain", "what recovery would do now, and why; writes nothing", explain));
    with_film(sub("receipt", "if all tiers but one vanished now: where the film resumes, and what is paid again", receipt));
    with_film(sub("tiers", "compare what every tier holds of a film", tiers))->add_flag("--repair", request.repair, "bring both tiers to the newest valid state; never back");
    with_film(sub("history", "the film's commits, newest first", history))->add_option("--before", request.seq, "only seqs before this");
    CLI::App* fork_ = with_film(sub("fork", "a new film from this one's state; assets are shared", fork));
    fork_->add_option("target", request.target, "id of the new film")->required();
    fork_->add_option("--at", request.seq, "from this seq (default: newest)");
    sub("list", "all films", list);
    with_film(sub("takes", "every take of a film; * is the circled one", takes));
    CLI::App* retake_ = with_film(sub("retake", "make a scene's clip again", retake));
    retake_->add_option("scene", request.scene, "scene id")->required();
    retake_->add_option("--prompt", request.prompt, "another prompt for this clip");
    retake_->add_flag("--no-run", request.no_run, "only record it; the next resume does it");
    with_work(retake_);
    CLI::App* resolve_ = with_film(sub("resolve", "answer a film's question", resolve));
    resolve_->add_option("action", request.action, "retry, skip or abort")->required()->check(CLI::IsMember({"retry", "skip", "abort"}));
    resolve_->add_option("--interrupt", request.interrupt, "which question, when several are open");
    with_film(sub("prune", "forget a film's old commits; its state and assets stay", prune))->add_option("--keep", request.keep, "how many of the newest commits stay")->check(CLI::Range(1, 1'000'000'000));
    CLI::App* serve_ = sub("serve", "the HTTP service, with a worker", serve);
    serve_->add_flag("--no-worker", request.no_worker, "only the service: other processes work");
    sub("worker", "take films off the queue and work on them until SIGTERM", worker);
    sub("config", "every setting, its value and where that came from", config);
    sub("graph", "the film's graph as Mermaid", graph);
    sub("doctor", "try out what stores, disk and studio can guarantee; leaves nothing behind", doctor);
    sub("version", "the program's version", version);
    sub("recovery-table", "the page docs/protocols/recovery.md", recovery_table)->group("");
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_NUMERIC, "C");
  // glibc makes eight heaps a core; a service whose threads all come by each of them would grow for hours until it is flat.
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) ::mallopt(M_ARENA_MAX, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));
  Parser parser;
  parser.build();
  try {
    parser.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 speaks by exceptions; its own exit codes are folded into ours.
    const int code = parser.app.exit(error);
    return code == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(parser.command(parser.request));
}
