#include "film/deliver/deliver.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "film/deliver/captions.h"
#include "film/deliver/contact_sheet.h"
#include "film/deliver/manifest.h"
#include "film/deliver/poster.h"
#include "film/deliver/shot_list.h"
#include "film/deliver/still.h"
#include "film/deliver/storyboard_pdf.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace film::deliver {

using workprint::ErrorKind;
using workprint::Result;

namespace {

Result<void> check_request(const Delivery& delivery) {
  workprint::check(delivery.plan != nullptr, "a delivery has a plan");
  if (delivery.plan->scenes.empty()) return workprint::fail(ErrorKind::invalid, "a film without scenes has no deliverables");
  if (delivery.plan->scenes.size() == delivery.scenes.size()) return {};
  return workprint::fail(ErrorKind::invalid, fmt::format("scenes of delivery and plan differ. plan={} delivery={}",
                                                         delivery.plan->scenes.size(), delivery.scenes.size()));
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wbx"), &std::fclose);
  const bool written = file && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                       std::fflush(file.get()) == 0;
  if (written) return {};
  return workprint::fail(ErrorKind::unavailable, fmt::format("cannot write a deliverable. name={}", path.filename().string()));
}

/// Writes files into the folder and remembers what the manifest must say about them.
class Package {
 public:
  Package(const std::filesystem::path& folder, std::stop_token stop) : folder_(folder), stop_(std::move(stop)) {}

  Result<void> add(const std::string& name, std::string_view bytes) {
    if (stop_.stop_requested()) return workprint::fail(ErrorKind::cancelled, "delivery was stopped");
    TRY(write_file(folder_ / name, bytes));
    files_.push_back({name, bytes.size(), workprint::sha256_hex(bytes)});
    return {};
  }

  const std::vector<WrittenFile>& files() const { return files_; }

 private:
  const std::filesystem::path& folder_;
  std::stop_token stop_;
  std::vector<WrittenFile> files_;
};

}  // namespace

Result<Deliverables> write_deliverables(const Delivery& delivery, const std::filesystem::path& folder,
                                        std::stop_token stop) {
  TRY(check_request(delivery));
  Package package(folder, stop);
  Deliverables result;

  const StillSet stills = TRY(open_stills(delivery, stop));
  result.notes = stills.notes;
  const std::string storyboard = TRY(storyboard_pdf(delivery, stills, stop));
  TRY(package.add("storyboard.pdf", storyboard));
  const std::string sheet = TRY(contact_sheet_png(delivery, stills));
  TRY(package.add("contact_sheet.png", sheet));
  const std::string poster = TRY(poster_jpg(delivery, stills));
  TRY(package.add("poster.jpg", poster));

  const std::vector<Cue> cues = captions(*delivery.plan, delivery.picture);
  for (std::string& note : caption_notes(cues, delivery.picture)) result.notes.push_back(std::move(note));
  TRY(package.add("film.srt", srt(cues, delivery.picture)));
  TRY(package.add("film.vtt", vtt(cues, delivery.picture)));
  TRY(package.add("shots.csv", shot_list_csv(delivery)));
  TRY(package.add("manifest.json", manifest_json(delivery, package.files())));
  for (const WrittenFile& file : package.files()) result.names.push_back(file.name);
  return result;
}

}  // namespace film::deliver
