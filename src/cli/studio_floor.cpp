#include "cli/studio_floor.h"

#include <signal.h>
#include <unistd.h>

#include "workprint/try.h"

namespace workprint::cli {

std::filesystem::path root_of(const Request& request) {
  if (!request.root.empty()) return request.root;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') return std::filesystem::path(data) / "workprint";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::filesystem::path(home) / ".local" / "share" / "workprint";
  return "workprint-data";
}

namespace {

/// How long an orderly end may take after the second signal.
constexpr auto parking_time = std::chrono::seconds(3);

// `file:films` lies under the root, as the default does.
Result<std::unique_ptr<ObjectStore>> open_objects(const std::string& location, const std::filesystem::path& root,
                                                  const ObjectStoreOptions& options) {
  if (location.starts_with("file:") && !location.starts_with("file:/")) return open_folder_store(root / location.substr(5));
  return open_object_store(location, options);
}

Event event_of(const ObjectTransfer& transfer) {
  const std::string film = transfer.name.substr(0, transfer.name.find('/'));
  return {"transfer", film, 0, 0,
          {{"object", transfer.name},
           {"way", transfer.way == ObjectTransfer::Way::up ? "up" : "down"},
           {"doneBytes", transfer.done_bytes},
           {"sizeBytes", transfer.size_bytes}}};
}

// "file:/a/b" and "sqlite:/a/b.db" as the path that a shell takes.
std::string without_scheme(std::string location, std::string_view scheme) {
  return location.starts_with(scheme) ? location.substr(scheme.size()) : location;
}

}  // namespace

std::string StudioFloor::object_path(const std::string& object) const { return without_scheme(objects->describe(), "file:") + "/" + object; }

std::string StudioFloor::store_path() const { return without_scheme(store->describe(), "sqlite:"); }

void StudioFloor::tell(const Event& event) {
  const std::lock_guard lock(sink_mutex_);
  if (sink_) sink_(event);
}

Result<std::unique_ptr<StudioFloor>> StudioFloor::open(const Request& request, std::stop_token park, std::optional<Duration> deadline) {
  auto floor = std::make_unique<StudioFloor>();
  std::error_code error;
  floor->root = std::filesystem::absolute(root_of(request), error);
  if (error) return fail(ErrorKind::invalid, "root is no usable path. root=" + root_of(request).string());
  floor->settings = TRY(load_settings(request.settings, request.config, floor->root));
  const Settings& settings = floor->settings;
  floor->store = TRY(open_checkpoint_store(settings.text("store"), floor->clock, floor->root.string()));
  ObjectStoreOptions objects{.uploads_folder = floor->root / "uploads", .stop = park};
  if (deadline) objects.deadline = *deadline;
  objects.on_transfer = [one = floor.get()](const ObjectTransfer& transfer) { one->tell(event_of(transfer)); };
  floor->objects = TRY(open_objects(settings.text("objects"), floor->root, objects));
  const int jobs = static_cast<int>(settings.number("parallel_scenes"));
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int threads = std::max(1, cores / jobs);
  floor->studio = film::studio::builtin_studio(threads);
  film::FilmOptions options;
  options.parallel_scenes = jobs;
  options.max_takes = static_cast<int>(settings.number("max_takes"));
  options.quality_control = settings.is_on("quality_control");
  options.accept_threshold = settings.real("accept_threshold");
  options.minor_issue_threshold = settings.real("minor_issue_threshold");
  options.major_issue_threshold = settings.real("major_issue_threshold");
  options.fail_threshold = settings.real("fail_threshold");
  options.encoder_threads = threads;
  Workflow workflow = TRY(film::film_workflow(*floor->studio, options));
  floor->graph_ = workflow.graph;
  ServiceOptions service;
  service.jobs = jobs;
  service.in_doubt_pay_up_to_usd_micros = settings.usd_micros("in_doubt_pay_up_to");
  if (!settings.text("budget_usd").empty()) service.budget_usd_micros = settings.usd_micros("budget_usd");
  service.calls_a_provider = static_cast<int>(settings.number("provider_calls"));
  service.scratch = floor->root / "scratch";
  service.park = park;
  // For tests that stop a worker for longer than its lease lives.
  if (const char* term = std::getenv("WORKPRINT_LEASE_TERM_MS")) service.lease_term = Duration(std::max(100, std::atoi(term)));
  floor->display = std::make_unique<Display>(show_for(request.json));
  floor->sink_ = [display = floor->display.get()](const Event& event) { display->on(event); };
  floor->service = std::make_unique<WorkflowService>(*floor->store, *floor->objects, std::move(workflow), service, floor->clock,
                                                     system_random(), [one = floor.get()](const Event& event) { one->tell(event); });
  return floor;
}

Result<std::unique_ptr<Inbox>> StudioFloor::open_inbox() const { return workprint::open_inbox(settings.text("store"), clock, root.string()); }

void StudioFloor::listen(EventSink sink) {
  const std::lock_guard lock(sink_mutex_);
  sink_ = std::move(sink);
}

StopSignals::StopSignals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  thread_ = std::jthread([this, wanted](std::stop_token done) {
    const timespec pause{0, 200'000'000};
    std::optional<Instant> end;
    while (!done.stop_requested()) {
      const bool is_called = sigtimedwait(&wanted, nullptr, &pause) >= 0;
      if (end && (is_called || std::chrono::steady_clock::now() >= *end)) ::_exit(static_cast<int>(Exit::stopped));
      if (!is_called) continue;
      if (!source_.stop_requested()) {
        std::fprintf(stderr, "\nstopping: the current work is saved; once more to leave at once\n");
        source_.request_stop();
      } else {
        park_.request_stop();
        end = std::chrono::steady_clock::now() + parking_time;
      }
    }
  });
}

StopSignals::~StopSignals() = default;

}  // namespace workprint::cli
