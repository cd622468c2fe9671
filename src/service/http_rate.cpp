#include "service/http_rate.h"

#include <algorithm>

namespace workprint::http {

double RateGate::tokens(const Bucket& bucket, Instant now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.seen_at).count();
  return std::min(burst_, bucket.tokens + seconds * per_second_);
}

// A full bucket says no more than none. When all are in use, newcomers share one bucket: memory has a limit, and nobody
// gets past the gate by coming from many addresses.
void RateGate::make_room(Instant now) {
  std::erase_if(buckets_, [&](const auto& entry) { return tokens(entry.second, now) >= burst_; });
}

bool RateGate::admits(const std::string& peer, Instant now) {
  if (per_second_ <= 0) return true;
  if (!buckets_.contains(peer) && buckets_.size() >= peers_max_) make_room(now);
  const bool is_known_or_fits = buckets_.contains(peer) || buckets_.size() < peers_max_;
  Bucket& bucket = buckets_.try_emplace(is_known_or_fits ? peer : std::string(), Bucket{burst_, now}).first->second;
  bucket = {tokens(bucket, now), now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace workprint::http
