#include "snapshot/claim.h"

#include "base/fault.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::snapshot {
namespace {

constexpr int claim_format = 1;

std::string encode(const FilmId& film, const Claim& claim) {
  return canonical_json({{"format", claim_format},
                         {"film", film.value()},
                         {"epoch", number(claim.epoch)},
                         {"writer", claim.writer},
                         {"beat", claim.beat},
                         {"termMs", claim.term.count()},
                         {"released", claim.is_released}});
}

std::unexpected<Error> not_a_claim(const FilmId& film, const std::string& why) {
  return fail(ErrorKind::corrupt, "lease.json is not as it must be: " + why + ". film=" + film.value());
}

bool is_count(const Json& json, const char* name) {
  return json.contains(name) && json[name].is_number_integer() && json[name].get<std::int64_t>() >= 0;
}

}  // namespace

Result<std::optional<Claim>> read_claim(ObjectStore& objects, const FilmId& film) {
  const auto object = objects.get(TRY(lease_name(film)));
  if (!object && object.error().kind == ErrorKind::not_found) return std::optional<Claim>();
  if (!object) return std::unexpected(object.error());
  const auto json = parse_json(object->bytes);
  if (!json || !json->is_object()) return not_a_claim(film, "no JSON object");
  if (!is_count(*json, "format") || (*json)["format"] != claim_format) return not_a_claim(film, "format");
  if (json->value("film", Json()) != Json(film.value())) return not_a_claim(film, "film");
  if (!is_count(*json, "epoch") || !is_count(*json, "beat") || !is_count(*json, "termMs")) return not_a_claim(film, "epoch, beat or termMs");
  if (!json->contains("writer") || !(*json)["writer"].is_string() || !json->contains("released") || !(*json)["released"].is_boolean())
    return not_a_claim(film, "writer or released");
  return std::optional(Claim{Epoch{(*json)["epoch"].get<std::uint64_t>()}, (*json)["writer"].get<std::string>(),
                             (*json)["beat"].get<std::uint64_t>(), Duration((*json)["termMs"].get<std::int64_t>()),
                             (*json)["released"].get<bool>(), object->info.version});
}

Result<void> ClaimHolder::write(ObjectStore& objects, const FilmId& film, Claim claim, const std::optional<std::string>& over) {
  PutCondition condition = IfAbsent{};
  if (over) condition = IfVersion{*over};
  const auto put = objects.put(TRY(lease_name(film)), encode(film, claim), condition);
  fault_point("claim.written");
  if (put) {
    claim.version = put->version;
    mine_ = std::move(claim);
    return {};
  }
  mine_.reset();  // whatever happened: look again before the next write
  return std::unexpected(put.error());
}

Result<void> ClaimHolder::beat(ObjectStore& objects, const FilmId& film, const Claim& claim) {
  for (int tries = 0; tries < 3; ++tries) {
    std::optional<std::string> over;
    Claim next = claim;
    if (mine_ && mine_->epoch == claim.epoch) {
      next.beat = mine_->beat + 1;
      over = mine_->version;
    } else if (const auto there = TRY(read_claim(objects, film))) {
      const bool is_ours = there->epoch == claim.epoch && there->writer == claim.writer;
      if (number(there->epoch) > number(claim.epoch) || (there->epoch == claim.epoch && !is_ours))
        return fail(ErrorKind::fenced, "another worker claimed this film. film=" + film.value() + " ours=" +
                                           std::to_string(number(claim.epoch)) + " theirs=" + std::to_string(number(there->epoch)));
      next.beat = there->beat + 1;
      over = there->version;
    }
    auto written = write(objects, film, std::move(next), over);
    if (written || written.error().kind != ErrorKind::conflict) return written;
  }
  return fail(ErrorKind::unavailable, "lease.json keeps moving. film=" + film.value());
}

Result<void> ClaimHolder::release(ObjectStore& objects, const FilmId& film) {
  if (!mine_) return {};
  Claim claim = *mine_;
  claim.is_released = true;
  ++claim.beat;
  return write(objects, film, std::move(claim), mine_->version);
}

Result<void> ClaimHolder::take(ObjectStore& objects, const FilmId& film, const Claim& claim, const std::optional<Claim>& observed) {
  std::optional<std::string> over;
  if (observed) over = observed->version;
  return write(objects, film, claim, over);
}

}  // namespace workprint::snapshot
