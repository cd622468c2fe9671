#include "store/replay.h"

namespace workprint::store {

Loaded<Checkpoint> replay(const FilmId& film, const Base& base, const std::vector<Commit>& after) {
  Loaded<Checkpoint> loaded = record::decode_document(film, base.body);
  if (!loaded.value) return loaded;
  if (loaded.value->head != base.head)
    return {Outcome::corrupt, std::nullopt, "base is not the one its row names. film=" + film.value()};
  for (const Commit& commit : after) {
    const Head& head = loaded.value->head;
    if (number(commit.info.head.seq) != number(head.seq) + 1 || number(commit.info.head.epoch) < number(head.epoch))
      return {Outcome::corrupt, std::nullopt, "commits have a gap. film=" + film.value() + " after=" + std::to_string(number(head.seq))};
    if (auto link = record::verify_link(film, commit, head.hash); !link) return {Outcome::corrupt, std::nullopt, link.error().message};
    const auto delta = record::decode_delta(commit.delta);
    if (!delta) return {Outcome::corrupt, std::nullopt, delta.error().message};
    if (auto applied = record::apply(loaded.value->document, *delta, film, commit.info); !applied)
      return {Outcome::corrupt, std::nullopt, applied.error().message};
    loaded.value->head = commit.info.head;
  }
  // A base carries its own content hash; a committed document does not have one until it is published.
  loaded.value->document[run::meta_member].erase("contentHash");
  return loaded;
}

}  // namespace workprint::store
