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

// `file:films` lies under the root, as the default does.
Result<std::unique_ptr<ObjectStore>> open_objects(const std::string& location, const std::filesystem::path& root) {
  if (location.empty()) return open_folder_store(root / "films");
  if (location.starts_with("file:") && !location.starts_with("file:/")) return open_folder_store(root / location.substr(5));
  return open_object_store(location);
}

// "file:/a/b" and "sqlite:/a/b.db" as the path that a shell takes.
std::string without_scheme(std::string location, std::string_view scheme) {
  return location.starts_with(scheme) ? location.substr(scheme.size()) : location;
}

}  // namespace

std::string StudioFloor::object_path(const std::string& object) const { return without_scheme(objects->describe(), "file:") + "/" + object; }

std::string StudioFloor::store_path() const { return without_scheme(store->describe(), "sqlite:"); }

Result<std::unique_ptr<StudioFloor>> StudioFloor::open(const Request& request) {
  auto floor = std::make_unique<StudioFloor>();
  std::error_code error;
  floor->root = std::filesystem::absolute(root_of(request), error);
  if (error) return fail(ErrorKind::invalid, "root is no usable path. root=" + root_of(request).string());
  floor->store = TRY(open_checkpoint_store(request.store, floor->clock, floor->root.string()));
  floor->objects = TRY(open_objects(request.objects, floor->root));
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int threads = std::max(1, cores / std::max(1, request.jobs));
  floor->studio = film::studio::builtin_studio(threads);
  film::FilmOptions options;
  options.parallel_scenes = request.jobs;
  options.max_takes = request.max_takes;
  options.encoder_threads = threads;
  Workflow workflow = TRY(film::film_workflow(*floor->studio, options));
  ServiceOptions service;
  service.jobs = request.jobs;
  service.scratch = floor->root / "scratch";
  // For tests that stop a worker for longer than its lease lives.
  if (const char* term = std::getenv("WORKPRINT_LEASE_TERM_MS")) service.lease_term = Duration(std::max(100, std::atoi(term)));
  floor->display = std::make_unique<Display>(show_for(request.json));
  Display* display = floor->display.get();
  floor->service = std::make_unique<WorkflowService>(*floor->store, *floor->objects, std::move(workflow), service, floor->clock,
                                                     system_random(), [display](const Event& event) { display->on(event); });
  return floor;
}

StopSignals::StopSignals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  thread_ = std::jthread([this, wanted](std::stop_token done) {
    const timespec pause{0, 200'000'000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&wanted, nullptr, &pause) < 0) continue;
      if (source_.stop_requested()) ::_exit(static_cast<int>(Exit::stopped));
      std::fprintf(stderr, "\nstopping: the current work is saved; once more to leave at once\n");
      source_.request_stop();
    }
  });
}

StopSignals::~StopSignals() = default;

}  // namespace workprint::cli
