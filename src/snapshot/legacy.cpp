#include "snapshot/legacy.h"

#include "run/run.h"
#include "workprint/digest.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::snapshot {

std::optional<Json> bare_document(std::string_view bytes) {
  auto json = parse_json(bytes);
  if (!json || !json->is_object() || json->contains(run::meta_member)) return std::nullopt;
  return *std::move(json);
}

Result<std::string> keep_bare(ObjectStore& objects, const FilmId& film, std::string_view bytes) {
  const std::string name = TRY(quarantine_name(film, "named", sha256_hex(bytes)));
  TRY(create_or_keep(objects, name, bytes));
  return name;
}

}  // namespace workprint::snapshot
