#include "cli/meter.h"

#include <fmt/format.h>

namespace workprint::cli {
namespace {

void head(std::string& text, std::string_view name, std::string_view type, std::string_view about) {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, about, name, type);
}

void labelled(std::string& text, std::string_view name, std::string_view type, std::string_view about, std::string_view label,
              const std::map<std::string, std::uint64_t>& values) {
  head(text, name, type, about);
  for (const auto& [value, count] : values) text += fmt::format("{}{{{}=\"{}\"}} {}\n", name, label, value, count);
}

}  // namespace

void Meter::on_commit(const Event& event) {
  const std::string kind = event.payload.value("kind", "");
  ++commits_[kind];
  if (kind == "takeover") ++takeovers_;
  const double seconds = event.payload.value("micros", 0.0) / 1e6;
  std::size_t bucket = 0;
  while (bucket < bounds.size() && seconds > bounds[bucket]) ++bucket;
  ++commit_seconds_[bucket];
  commit_seconds_sum_ += seconds;
  Film& film = films_[event.film];
  film.committed = event.seq;
  film.epoch = event.epoch;
  if (kind == "intent") return;
  film.wanted = event.seq;
  if (film.wanted > film.published && !film.behind_since) film.behind_since = clock_->now();
}

// One effect is several events; its price counts once, when its record is durable.
void Meter::on_effect(const Event& event) {
  const std::string what = event.payload.value("what", "");
  ++effects_[what];
  if (what == "done" || what == "adopted" || what == "unknown") cost_usd_micros_ += event.payload.value("usdMicros", std::uint64_t{0});
}

void Meter::on(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (event.type == "commit") {
    on_commit(event);
  } else if (event.type == "effect") {
    on_effect(event);
  } else if (event.type == "published") {
    ++publications_;
    Film& film = films_[event.film];
    film.published = event.seq;
    film.behind_since.reset();
    // What came while it was written is about as old as this.
    if (film.wanted > film.published) film.behind_since = clock_->now();
  } else if (event.type == "lag") {
    // Also without a commit: what was published did not read back.
    Film& film = films_[event.film];
    if (!film.behind_since) film.behind_since = clock_->now() - std::chrono::duration_cast<Instant::duration>(std::chrono::duration<double>(event.payload.value("seconds", 0.0)));
  } else if (event.type == "tier") {
    if (event.payload.value("what", "") == "lost") ++lost_tiers_[event.payload.value("tier", "")];
  } else if (event.type == "end") {
    ++ends_[event.payload.value("status", "")];
  } else if (event.type == "released") {
    films_.erase(event.film);
  }
}

std::string Meter::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  labelled(text, "workprint_commits_total", "counter", "Durable changes, by kind; step is a superstep.", "kind", commits_);
  head(text, "workprint_commit_seconds", "histogram", "How long a commit took to be durable.");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += commit_seconds_[i];
    text += fmt::format("workprint_commit_seconds_bucket{{le=\"{}\"}} {}\n", bounds[i], below);
  }
  below += commit_seconds_.back();
  text += fmt::format("workprint_commit_seconds_bucket{{le=\"+Inf\"}} {}\nworkprint_commit_seconds_sum {}\nworkprint_commit_seconds_count {}\n", below, commit_seconds_sum_, below);
  labelled(text, "workprint_effects_total", "counter", "Effects, by what became of them.", "what", effects_);
  head(text, "workprint_cost_usd_micros_total", "counter", "What made takes cost, in millionths of a dollar.");
  text += fmt::format("workprint_cost_usd_micros_total {}\n", cost_usd_micros_);
  head(text, "workprint_publications_total", "counter", "state.json written.");
  text += fmt::format("workprint_publications_total {}\n", publications_);
  head(text, "workprint_takeovers_total", "counter", "Films taken up, with a new epoch each.");
  text += fmt::format("workprint_takeovers_total {}\n", takeovers_);
  labelled(text, "workprint_tier_losses_total", "counter", "Times a tier stopped answering in the middle of a film.", "tier", lost_tiers_);
  labelled(text, "workprint_turns_ended_total", "counter", "Films let go, by how they stood.", "status", ends_);
  head(text, "workprint_recoverable_seq", "gauge", "Where a film that is worked on here would resume from one tier alone.");
  for (const auto& [id, film] : films_)
    text += fmt::format("workprint_recoverable_seq{{film=\"{0}\",tier=\"checkpoint\"}} {1}\nworkprint_recoverable_seq{{film=\"{0}\",tier=\"snapshot\"}} {2}\n", id, film.committed, film.published);
  head(text, "workprint_lease_epoch", "gauge", "Epoch of each lease held here.");
  for (const auto& [id, film] : films_) text += fmt::format("workprint_lease_epoch{{film=\"{}\"}} {}\n", id, film.epoch);
  head(text, "workprint_publication_lag_seconds", "gauge", "Age of the oldest commit that state.json does not have.");
  for (const auto& [id, film] : films_) {
    const std::chrono::duration<double> lag = film.behind_since ? clock_->now() - *film.behind_since : Instant::duration::zero();
    text += fmt::format("workprint_publication_lag_seconds{{film=\"{}\"}} {}\n", id, lag.count());
  }
  return text;
}

}  // namespace workprint::cli
