/// The contract of object stores, kept over a network: what lies in a bucket is read twice rather than believed once, and a
/// write whose answer was lost is settled by looking who wrote.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <thread>

#include "object/base64.h"
#include "object/bucket.h"
#include "workprint/json.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint {
namespace {

/// Begins with a dot: no object can have this name.
constexpr std::string_view identity_name = ".store.json";
constexpr std::string_view mutable_cache = "no-store";
constexpr std::string_view immutable_cache = "private, max-age=31536000, immutable";
/// Bytes that do not fit their record may have been damaged on the way; only what is read wrong each time lies there so.
constexpr int reads_of_damage = 3;
/// A reader that is overtaken by writers again and again gives up at some time. Beside a writer that does nothing but replace
/// a small object, 50 tries were not always enough.
constexpr int reads_of_moving = 400;
constexpr std::size_t lookers_max = 8;
constexpr std::uint64_t reported_bytes_min = 8u << 20;
constexpr Duration report_every = std::chrono::milliseconds(250);

std::string_view cache_control(std::string_view name) {
  const auto parts = parse_object_name(name);
  return parts && !is_mutable(parts->type) ? immutable_cache : mutable_cache;
}

bool is_damaged(const Found& found) {
  if (!found.record) return false;
  if (found.record->size_bytes && *found.record->size_bytes != found.size_bytes) return true;
  return found.record->crc32c && found.crc32c && *found.record->crc32c != *found.crc32c;
}

bool fits(const Found& found, const FileDigest& digest) {
  if (digest.size_bytes != found.size_bytes || (found.crc32c && *found.crc32c != digest.crc32c)) return false;
  return !found.record || (found.record->sha256 == digest.sha256 && !is_damaged(found));
}

template <class T>
Result<T> about(std::string_view name, Result<T> result) {
  if (!result) result.error().message += fmt::format(". name={}", name);
  return result;
}

/// Tells of a transfer a few times a second, and at its end.
class TransferReport {
 public:
  TransferReport(const ObjectStoreOptions& options, std::string_view name, ObjectTransfer::Way way, Clock& clock)
      : sink_(options.on_transfer), clock_(clock), transfer_{.name = std::string(name), .way = way} {}
  /// Before the first byte, when the size is known.
  void begin(std::uint64_t size_bytes) {
    transfer_.size_bytes = size_bytes;
    is_told_ = sink_ && size_bytes >= reported_bytes_min;
  }
  [[nodiscard]] bool is_told() const { return is_told_; }
  void moved(std::uint64_t done_bytes) {
    if (!is_told_ || clock_.now() < next_) return;
    tell(done_bytes);
  }
  void done() {
    if (is_told_) tell(transfer_.size_bytes);
  }

 private:
  void tell(std::uint64_t done_bytes) {
    next_ = clock_.now() + report_every;
    transfer_.done_bytes = std::min(done_bytes, transfer_.size_bytes);
    sink_(transfer_);
  }

  const std::function<void(const ObjectTransfer&)>& sink_;
  Clock& clock_;
  ObjectTransfer transfer_;
  bool is_told_ = false;
  Instant next_{};
};

struct Reading {
  Found found;
  FileDigest digest;
};

class NetworkStore final : public ObjectStore {
 public:
  NetworkStore(std::unique_ptr<Bucket> bucket, std::string prefix, const HttpContext& context, const ObjectStoreOptions& options)
      : bucket_(std::move(bucket)),
        prefix_(std::move(prefix)),
        random_(context.random),
        clock_(context.clock),
        limits_(context.limits),
        options_(options),
        journal_(options.uploads_folder) {}

  std::string describe() const override { return bucket_->describe(); }
  Result<StoreFacts> facts(std::string_view name) override {
    TRY(check_object_name(name));
    const CallLimit limit = begin_call();
    const Found found = TRY(bucket_->look(key_of(name)));
    return about(name, bucket_->facts(found));
  }
  Duration write_interval() const override { return bucket_->write_interval(); }
  Result<std::string> incarnation() override;

  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override {
    TRY(check_object_name(name));
    CallLimit limit = begin_call();
    const FileDigest digest{.size_bytes = bytes.size(), .crc32c = crc32c(bytes), .sha256 = sha256_hex(bytes)};
    return about(name, put_from(name, from_bytes(bytes), digest, condition, limit));
  }
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file,
                              const PutCondition& condition) override {
    TRY(check_object_name(name));
    const Source source = TRY(open_source(file));
    const FileDigest digest = TRY(stream(source.file.get(), until_stop({})));
    CallLimit limit = begin_call();
    return about(name, put_from(name, source, digest, condition, limit));
  }

  Result<ObjectBytes> get(std::string_view name) override;
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override;
  Result<ObjectInfo> head(std::string_view name) override {
    CallLimit limit = begin_call();
    return about(name, recorded(name, limit));
  }
  Result<ObjectInfo> verify(std::string_view name) override {
    CallLimit limit = begin_call();
    return about(name, intact(name, {}, limit));
  }
  Result<ObjectBytes> get_as_is(std::string_view name) override { return about(name, read_as_is(name)); }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override;
  Result<void> remove(std::string_view name, const std::string& version) override {
    TRY(check_object_name(name));
    const CallLimit limit = begin_call();
    return about(name, bucket_->erase(key_of(name), version));
  }

 private:
  std::string key_of(std::string_view name) const { return prefix_ + std::string(name); }
  std::string name_of(const Found& found) const { return found.key.substr(prefix_.size()); }
  ObjectInfo info_of(const Found& found, const FileDigest& digest) const {
    return {.name = name_of(found),
            .size_bytes = digest.size_bytes,
            .crc32c = digest.crc32c,
            .sha256 = digest.sha256,
            .version = found.version};
  }

  std::string random_id() { return fmt::format("{:016x}{:016x}", random_->next(), random_->next()); }
  CallLimit begin_call() const { return CallLimit(clock_, options_.deadline); }
  Sink until_stop(const Sink& sink) const;
  Result<ObjectInfo> put_from(std::string_view name, const Source& source, const FileDigest& digest,
                              const PutCondition& condition, CallLimit& limit);
  Result<std::string> go_on_or_write(ObjectWrite& write);
  Result<std::string> settle(const ObjectWrite& write, WriteOutcome outcome);
  Result<Reading> read(std::string_view name, const Sink& sink, CallLimit& limit);
  Result<ObjectInfo> intact(std::string_view name, const Sink& sink, CallLimit& limit);
  Result<ObjectInfo> recorded(std::string_view name, CallLimit& limit);
  Result<std::optional<ObjectInfo>> listed(const Found& found);
  Result<ObjectBytes> read_as_is(std::string_view name);
  Result<std::string> read_identity(CallLimit& limit);

  std::unique_ptr<Bucket> bucket_;
  std::string prefix_;
  std::shared_ptr<Random> random_;
  std::shared_ptr<Clock> clock_;
  HttpLimits limits_;
  ObjectStoreOptions options_;
  UploadJournal journal_;
};

/// Hashing a large file takes a while too.
Sink NetworkStore::until_stop(const Sink& sink) const {
  return [this, sink](std::uint64_t offset, std::string_view piece) -> Result<void> {
    if (limits_.stop.stop_requested()) return fail(ErrorKind::unavailable, "interrupted: this process was told to stop");
    return sink ? sink(offset, piece) : Result<void>();
  };
}

Result<ObjectInfo> NetworkStore::put_from(std::string_view name, const Source& source, const FileDigest& digest,
                                          const PutCondition& condition, CallLimit& limit) {
  // As a try has: time to send it twice.
  limit.allow_for(2 * digest.size_bytes, limits_.bytes_per_second_min);
  TransferReport report(options_, name, ObjectTransfer::Way::up, *clock_);
  report.begin(digest.size_bytes);
  ObjectWrite write{.key = key_of(name),
                    .source = source,
                    .digest = digest,
                    .put_id = random_id(),
                    .content_type = std::string(content_type(name)),
                    .cache_control = std::string(cache_control(name)),
                    .condition = condition};
  if (report.is_told()) write.moved = [&report](std::uint64_t done_bytes) { report.moved(done_bytes); };
  const std::string version = TRY(go_on_or_write(write));
  report.done();
  return ObjectInfo{.name = std::string(name),
                    .size_bytes = digest.size_bytes,
                    .crc32c = digest.crc32c,
                    .sha256 = digest.sha256,
                    .version = version};
}

/// An upload in pieces may have been begun by a process that was killed; then the object may even be there.
Result<std::string> NetworkStore::go_on_or_write(ObjectWrite& write) {
  const auto address = write.source.file.is_open() ? bucket_->journal_address(write.key, write.digest.size_bytes) : std::nullopt;
  if (!address) return settle(write, bucket_->write(write));
  UploadJournal::Page page = journal_.open({.address = *address, .digest = write.digest, .condition = write.condition});
  write.page = &page;
  const bool goes_on = page.kept().has_value();
  if (goes_on) {
    write.put_id = page.kept()->put_id;
    const auto there = bucket_->look(write.key);
    if (!there && there.error().kind != ErrorKind::not_found) return std::unexpected(there.error());
    if (there && there->record && there->record->put_id == write.put_id && !is_damaged(*there)) {
      page.drop();
      return there->version;
    }
  }
  WriteOutcome outcome = bucket_->write(write);
  // What that process sent last may have been carried out.
  outcome.in_doubt = outcome.in_doubt || goes_on;
  const bool is_over = outcome.version || outcome.version.error().kind != ErrorKind::unavailable;
  auto settled = settle(write, std::move(outcome));
  if (is_over || settled) page.drop();
  return settled;
}

/// A condition that does not hold may mean that it held for our own first send; the object itself tells.
Result<std::string> NetworkStore::settle(const ObjectWrite& write, WriteOutcome outcome) {
  if (outcome.version) return outcome.version;
  const Error& error = outcome.version.error();
  const bool is_refused = error.kind == ErrorKind::conflict;
  if (!is_refused && !(error.kind == ErrorKind::unavailable && outcome.in_doubt)) return outcome.version;
  const auto there = bucket_->look(write.key);
  if (there && there->record && there->record->put_id == write.put_id) return there->version;
  if (!is_refused || !outcome.in_doubt) return outcome.version;
  return fail(ErrorKind::unavailable,
              "an answer was lost, and now the condition does not hold: the object was written, or somebody else wrote it since");
}

/// One version, whole, as it lies there: damaged or not is for the caller to say.
Result<Reading> NetworkStore::read(std::string_view name, const Sink& sink, CallLimit& limit) {
  const std::string key = key_of(name);
  TransferReport report(options_, name, ObjectTransfer::Way::down, *clock_);
  const Sink counted = [&](std::uint64_t offset, std::string_view piece) -> Result<void> {
    if (sink) TRY(sink(offset, piece));
    report.moved(offset + piece.size());
    return {};
  };
  int damaged = 0;
  for (int i = 0; i < reads_of_moving; ++i) {
    Reading reading{.found = TRY(bucket_->look(key)), .digest = {}};
    limit.allow_for(2 * reading.found.size_bytes, limits_.bytes_per_second_min);
    report.begin(reading.found.size_bytes);
    auto digest = bucket_->read(reading.found, report.is_told() ? counted : sink);
    if (!digest && digest.error().kind == ErrorKind::conflict) continue;
    if (!digest) return std::unexpected(digest.error());
    reading.digest = *std::move(digest);
    const bool is_whole = fits(reading.found, reading.digest);
    if (is_whole) report.done();
    if (is_whole || ++damaged == reads_of_damage) return reading;
  }
  return fail(ErrorKind::unavailable, "the object is replaced faster than it can be read");
}

Result<ObjectInfo> NetworkStore::intact(std::string_view name, const Sink& sink, CallLimit& limit) {
  TRY(check_object_name(name));
  const Reading reading = TRY(read(name, sink, limit));
  if (!fits(reading.found, reading.digest))
    return fail(ErrorKind::corrupt, fmt::format("the bytes and their record disagree. size={} version={}",
                                                reading.digest.size_bytes, reading.found.version));
  return info_of(reading.found, reading.digest);
}

Result<ObjectInfo> NetworkStore::recorded(std::string_view name, CallLimit& limit) {
  TRY(check_object_name(name));
  const Found found = TRY(bucket_->look(key_of(name)));
  if (is_damaged(found))
    return fail(ErrorKind::corrupt, fmt::format("the bytes and their record disagree. size={} version={}",
                                                found.size_bytes, found.version));
  const auto crc = found.crc32c ? found.crc32c : found.record ? found.record->crc32c : std::nullopt;
  if (!found.record || !crc) return intact(name, {}, limit);  // written by somebody else: the bytes themselves must tell
  return info_of(found, {.size_bytes = found.size_bytes, .crc32c = *crc, .sha256 = found.record->sha256});
}

Result<ObjectBytes> NetworkStore::get(std::string_view name) {
  ObjectBytes object;
  CallLimit limit = begin_call();
  object.info = TRY(about(name, intact(name, into_bytes(object.bytes), limit)));
  object.bytes.resize(object.info.size_bytes);
  return object;
}

Result<ObjectInfo> NetworkStore::get_file(std::string_view name, const std::filesystem::path& file) {
  TRY(check_object_name(name));
  NewFile target = TRY(NewFile::create(file));
  CallLimit limit = begin_call();
  auto info = about(name, intact(name, target.sink(), limit));
  if (info) TRY(target.keep(info->size_bytes));
  return info;
}

Result<ObjectBytes> NetworkStore::read_as_is(std::string_view name) {
  TRY(check_object_name(name));
  ObjectBytes object;
  CallLimit limit = begin_call();
  const Reading reading = TRY(read(name, into_bytes(object.bytes), limit));
  object.bytes.resize(reading.digest.size_bytes);
  object.info = info_of(reading.found, reading.digest);
  return object;
}

/// Nothing: it went away meanwhile.
Result<std::optional<ObjectInfo>> NetworkStore::listed(const Found& found) {
  CallLimit limit = begin_call();
  const std::string name = name_of(found);
  const bool must_look = bucket_->listing() == Listing::names_only || !found.record;
  Found now = found;
  if (must_look) {
    auto looked = bucket_->look(found.key);
    if (!looked && looked.error().kind == ErrorKind::not_found) return std::nullopt;
    if (!looked) return std::unexpected(looked.error());
    now = *std::move(looked);
  }
  ObjectInfo info{.name = name,
                  .size_bytes = now.size_bytes,
                  .crc32c = now.crc32c.value_or(now.record ? now.record->crc32c.value_or(0) : 0),
                  .sha256 = now.record ? now.record->sha256 : std::string(),
                  .version = now.version};
  if (is_damaged(now)) info.sha256.clear();
  if (now.record) return info;
  auto whole = intact(name, {}, limit);
  if (whole) return *std::move(whole);
  if (whole.error().kind == ErrorKind::not_found) return std::nullopt;
  if (whole.error().kind == ErrorKind::corrupt) return info;
  return std::unexpected(whole.error());
}

Result<std::vector<ObjectInfo>> NetworkStore::list(std::string_view prefix) {
  TRY(check_object_prefix(prefix));
  std::vector<Found> found;
  std::string next;
  do {
    const CallLimit limit = begin_call();
    Page page = TRY(about(prefix, bucket_->list(key_of(prefix), next)));
    for (Found& object : page.objects)
      if (object.key.size() > prefix_.size() && check_object_name(name_of(object))) found.push_back(std::move(object));
    next = std::move(page.next);
  } while (!next.empty());

  std::vector<Result<std::optional<ObjectInfo>>> infos(found.size());
  std::atomic<std::size_t> at = 0;
  std::atomic<bool> has_failed = false;
  const auto look_at_each = [&] {
    for (std::size_t i = at++; i < found.size() && !has_failed; i = at++) {
      infos[i] = listed(found[i]);
      if (!infos[i]) has_failed = true;
    }
  };
  {
    std::vector<std::jthread> lookers;
    if (bucket_->listing() == Listing::names_only)
      for (std::size_t i = 1; i < std::min(found.size(), lookers_max); ++i) lookers.emplace_back(look_at_each);
    look_at_each();
  }
  std::vector<ObjectInfo> objects;
  for (auto& info : infos) {
    if (!info) return std::unexpected(info.error());
    if (*info) objects.push_back(std::move(**info));
  }
  std::ranges::sort(objects, {}, &ObjectInfo::name);
  return objects;
}

Result<std::string> NetworkStore::read_identity(CallLimit& limit) {
  Bytes text;
  const Reading reading = TRY(read(identity_name, into_bytes(text), limit));
  text.resize(reading.digest.size_bytes);
  const auto value = parse_json(text);
  const Json id = value && value->is_object() ? value->value("incarnation", Json()) : Json();
  if (!id.is_string() || id.get_ref<const std::string&>().empty())
    return fail(ErrorKind::corrupt, "the store's own record is damaged");
  return id.get<std::string>();
}

Result<std::string> NetworkStore::incarnation() {
  CallLimit limit = begin_call();
  auto known = about(identity_name, read_identity(limit));
  if (known || known.error().kind != ErrorKind::not_found) return known;
  const std::string text = pretty_json({{"format", 1}, {"incarnation", random_id()}});
  const FileDigest digest{.size_bytes = text.size(), .crc32c = crc32c(text), .sha256 = sha256_hex(text)};
  const auto written = about(identity_name, put_from(identity_name, from_bytes(text), digest, IfAbsent(), limit));
  if (!written && written.error().kind != ErrorKind::conflict) return std::unexpected(written.error());
  return about(identity_name, read_identity(limit));  // of whoever was first
}

}  // namespace

Result<StoreFacts> facts_of_read(HttpClient& client, HttpRequest read, std::uint64_t size_bytes) {
  read.range_from = size_bytes / 2;
  read.sink = [](std::uint64_t, std::string_view) -> Result<void> { return {}; };
  const HttpAnswer answer = TRY(client.send(read));
  if (answer.status() == 404 || answer.status() == 412) return fail(ErrorKind::conflict, "this version is there no more");
  if (!answer.is_answered() || !answer.last.response.is_ok()) return std::unexpected(failure_of(answer, "cannot read the object"));
  StoreFacts facts;
  facts.resumes_reads = answer.status() == 206 && answer.last.received_bytes == size_bytes - read.range_from;
  if (const auto theirs = date_of(answer.last.response))
    facts.clock_ahead = *theirs - std::chrono::floor<std::chrono::seconds>(client.context().clock->wall());
  return facts;
}

Metadata to_metadata(const ObjectRecord& record) {
  Metadata metadata{{"workprint-sha256", record.sha256}, {"workprint-put-id", record.put_id}};
  if (record.size_bytes) metadata.emplace_back("workprint-size", fmt::format("{}", *record.size_bytes));
  if (record.crc32c) metadata.emplace_back("workprint-crc32c", crc32c_text(*record.crc32c));
  return metadata;
}

std::optional<ObjectRecord> parse_record(const std::function<std::string(std::string_view)>& value_of) {
  ObjectRecord record{.sha256 = value_of("workprint-sha256"), .size_bytes = {}, .crc32c = {}, .put_id = value_of("workprint-put-id")};
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (record.sha256.size() != 64 || !std::ranges::all_of(record.sha256, is_hex)) return std::nullopt;
  const std::string size = value_of("workprint-size");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), number);
  if (!size.empty() && error == std::errc() && end == size.data() + size.size()) record.size_bytes = number;
  record.crc32c = parse_crc32c_text(value_of("workprint-crc32c"));
  return record;
}

std::unique_ptr<ObjectStore> open_network_store(std::unique_ptr<Bucket> bucket, std::string prefix, const HttpContext& context,
                                                const ObjectStoreOptions& options) {
  return std::make_unique<NetworkStore>(std::move(bucket), std::move(prefix), context, options);
}

}  // namespace workprint
