#include "service/http_multipart.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/file.h"
#include "service/http_head.h"
#include "workprint/try.h"

namespace workprint::http {
namespace {

constexpr std::size_t part_head_bytes_max = 8u << 10;
constexpr int parts_max = 16;
constexpr std::size_t window_bytes = 256u << 10;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the multipart body is not well-formed: {}", what));
}

/// The file from front to back, some of it in memory.
class Window {
 public:
  explicit Window(File file) : file_(std::move(file)) {}
  [[nodiscard]] std::string_view bytes() const { return std::string_view(buffer_).substr(begin_); }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  void skip(std::size_t count) {
    begin_ += count;
    offset_ += count;
  }
  /// Reads on until `count` bytes are there, or the file ends. Returns whether they are.
  Result<bool> need(std::size_t count) {
    if (bytes().size() >= count) return true;
    buffer_.erase(0, begin_);
    begin_ = 0;
    while (buffer_.size() < count) {
      const std::size_t before = buffer_.size();
      buffer_.resize(before + window_bytes);
      const std::size_t got = TRY(read_full(file_.get(), std::span(buffer_.data() + before, window_bytes)));
      buffer_.resize(before + got);
      if (got == 0) return false;
    }
    return true;
  }

 private:
  File file_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::uint64_t offset_ = 0;
};

/// `type; a=b; c="d e"`: a value and its parameters.
struct Parameters {
  std::string value;  ///< lower case
  std::map<std::string, std::string> named;
};

/// A value in quotes; `text` begins after the first one and ends after the second. Browsers write a quote as %22, curl
/// as \".
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value += text[i];
  }
  return std::nullopt;
}

std::string take_token(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_token_character);
  std::string token(text.begin(), end);
  text.remove_prefix(token.size());
  return token;
}

std::optional<Parameters> parse_parameters(std::string_view text) {
  Parameters parameters;
  parameters.value = lower(trimmed(text.substr(0, text.find(';'))));
  text.remove_prefix(std::min(text.size(), text.find(';')));
  while (!(text = trimmed(text)).empty()) {
    if (text.front() != ';') return std::nullopt;
    text = trimmed(text.substr(1));
    if (text.empty()) return parameters;
    std::string name = lower(take_token(text));
    if (name.empty() || !text.starts_with('=')) return std::nullopt;
    text.remove_prefix(1);
    std::optional<std::string> value;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      value = take_quoted(text);
    } else {
      value = take_token(text);
      if (value->empty()) return std::nullopt;
    }
    if (!value || !parameters.named.emplace(std::move(name), *std::move(value)).second) return std::nullopt;
  }
  return parameters;
}

struct PartHead {
  std::string name, file_name, content_type;
};

Result<std::pair<std::string, std::string>> parse_line(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() || !std::ranges::all_of(name, is_token_character))
    return malformed("a header of a part");
  const std::string_view value = trimmed(line.substr(colon + 1));
  // Anything from 0x80 on is a file name in UTF-8, or in what somebody took for it.
  if (std::ranges::any_of(value,
                          [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }))
    return malformed("a control character in a header of a part");
  return std::pair(lower(name), std::string(value));
}

Result<PartHead> parse_head(std::string_view text) {
  std::map<std::string, std::string> headers;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    auto [name, value] = TRY(parse_line(text.substr(0, end)));
    if (!headers.emplace(std::move(name), std::move(value)).second) return malformed("a header of a part stands twice");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  const auto disposition = parse_parameters(headers["content-disposition"]);
  if (!disposition || disposition->value != "form-data" || !disposition->named.contains("name"))
    return malformed("a part without its name");
  const std::string encoding = lower(headers["content-transfer-encoding"]);
  if (!encoding.empty() && encoding != "binary" && encoding != "8bit" && encoding != "7bit")
    return malformed("an encoded part");
  PartHead head{.name = disposition->named.at("name"), .file_name = {}, .content_type = lower(headers["content-type"])};
  if (const auto file = disposition->named.find("filename"); file != disposition->named.end())
    head.file_name = file->second;
  return head;
}

class Reader {
 public:
  Reader(File file, std::string_view boundary)
      : window_(std::move(file)), delimiter_(fmt::format("\r\n--{}", boundary)) {}
  Result<FilePart> find(std::string_view name);

 private:
  Result<PartHead> read_head();
  Result<std::uint64_t> skip_content();
  Result<bool> is_last();

  Window window_;
  const std::string delimiter_;
};

Result<FilePart> Reader::find(std::string_view name) {
  const std::string first = delimiter_.substr(2);
  const bool begins = TRY(window_.need(first.size()));
  if (!begins || !window_.bytes().starts_with(first)) return malformed("it does not begin with its boundary");
  window_.skip(first.size());
  std::optional<FilePart> found;
  for (int parts = 0;; ++parts) {
    const bool is_end = TRY(is_last());
    if (is_end) break;
    if (parts == parts_max) return malformed("too many parts");
    PartHead head = TRY(read_head());
    const std::uint64_t offset = window_.offset();
    const std::uint64_t size = TRY(skip_content());
    if (head.name != name) continue;
    if (found) return malformed(fmt::format("two parts named {}", name));
    found = FilePart{.file_name = std::move(head.file_name),
                     .content_type = std::move(head.content_type),
                     .offset = offset,
                     .size_bytes = size};
  }
  if (!found) return fail(ErrorKind::invalid, fmt::format("the multipart body has no part named {}", name));
  return *found;
}

/// After a boundary: the end of its line, or "--" and the end of the body.
Result<bool> Reader::is_last() {
  const bool has_two = TRY(window_.need(2));
  if (!has_two) return malformed("it ends after a boundary");
  const std::string_view next = window_.bytes().substr(0, 2);
  if (next == "\r\n") {
    window_.skip(2);
    return false;
  }
  if (next != "--") return malformed("a boundary goes on");
  window_.skip(2);
  const bool has_more = TRY(window_.need(3));
  const std::string_view rest = window_.bytes();
  if (has_more || !(rest.empty() || rest == "\r\n")) return malformed("something follows its end");
  return true;
}

Result<PartHead> Reader::read_head() {
  static_cast<void>(TRY(window_.need(part_head_bytes_max)));  // fewer at the end of the body
  const std::string_view bytes = window_.bytes().substr(0, part_head_bytes_max);
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return malformed("a part's headers do not end");
  PartHead head = TRY(parse_head(bytes.substr(0, end)));
  window_.skip(end + 4);
  return head;
}

/// Only the first byte of the delimiter is a CR, so a search never looks at a byte more than twice.
Result<std::uint64_t> Reader::skip_content() {
  const std::uint64_t began_at = window_.offset();
  for (;;) {
    const auto found = window_.bytes().find(delimiter_);
    if (found != std::string_view::npos) {
      window_.skip(found);
      const std::uint64_t size = window_.offset() - began_at;
      window_.skip(delimiter_.size());
      return size;
    }
    const std::size_t kept = std::min(window_.bytes().size(), delimiter_.size() - 1);
    window_.skip(window_.bytes().size() - kept);
    const bool has_more = TRY(window_.need(kept + 1));
    if (!has_more) return malformed("a part does not end");
  }
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
  const auto parameters = parse_parameters(content_type);
  if (!parameters || parameters->value != "multipart/form-data")
    return fail(ErrorKind::invalid, "the body is not multipart/form-data");
  const auto found = parameters->named.find("boundary");
  constexpr std::string_view marks = "'()+_,-./:=? ";
  const bool is_legal = found != parameters->named.end() && !found->second.empty() && found->second.size() <= 70 &&
                        found->second.back() != ' ' && std::ranges::all_of(found->second, [&](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                 marks.find(c) != std::string_view::npos;
                        });
  if (!is_legal) return fail(ErrorKind::invalid, "multipart/form-data without a legal boundary");
  return found->second;
}

Result<FilePart> find_part(const std::filesystem::path& path, std::string_view boundary, std::string_view name) {
  check(!boundary.empty(), "a boundary is there");
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open())
    return fail(ErrorKind::unavailable, "cannot open: " + describe_errno(errno) + ". file=" + path.string());
  return Reader(std::move(file), boundary).find(name);
}

}  // namespace workprint::http
