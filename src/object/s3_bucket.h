/// A bucket of S3, of Amazon or of anything that speaks like it.
///
/// Writes are fenced by `If-None-Match: *` and `If-Match`. Not every store honours them, and one that does not would lose
/// updates without a word, so the first write asks: a probe object is written twice. A store that ignores conditions is
/// refused unless `unfenced` allows it.
///
/// The version of an object is its ETag, a dot, and the random id of the put that made it: an ETag alone is the same for
/// equal bytes. The service compares the ETag, we compare the id just before; so what could slip through between the two
/// is the replacement of bytes by equal bytes.
/// `DELETE` with a condition is new and few stores honour it: remove looks first, and a writer that comes between is lost.
/// Only the owner of a film removes, and what it removes is create-only.
#pragma once

#include <memory>

#include "object/bucket.h"
#include "object/http_client.h"
#include "object/s3_keys.h"

namespace workprint {

enum class Addressing : std::uint8_t {
  path,          ///< https://host/bucket/key
  virtual_host,  ///< https://bucket.host/key
};
enum class Unfenced : std::uint8_t { refused, allowed };

struct S3Options {
  std::string bucket;
  std::string prefix;    ///< of the keys; the probe is written there
  std::string endpoint;  ///< "https://s3.eu-central-1.amazonaws.com", without a slash at its end
  std::string region = "us-east-1";
  Addressing addressing = Addressing::path;
  Unfenced unfenced = Unfenced::refused;
  std::uint64_t one_request_bytes_max = 64u << 20;  ///< larger objects are uploaded in parts
  std::uint64_t part_bytes = 32u << 20;             ///< at least 5 MiB; more when there would be over 10 000 parts
  int page_size = 1000;
};

std::unique_ptr<Bucket> open_s3_bucket(S3Options options, HttpContext context, std::shared_ptr<S3KeySource> keys);

}  // namespace workprint
