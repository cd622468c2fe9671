#include "service/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "object/url.h"
#include "workprint/try.h"

namespace workprint::http {
namespace {

constexpr std::array known_methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// Two of these are two meanings.
constexpr std::array single_fields{
    "host",   "content-length", "transfer-encoding", "content-type",     "content-encoding", "authorization", "origin",
    "expect", "range",          "if-range",          "x-forwarded-proto"};

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

bool is_plain_target(std::string_view target) {
  return target.starts_with('/') &&
         std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

std::size_t count(const Fields& fields, std::string_view name) {
  return static_cast<std::size_t>(
      std::ranges::count(fields, name, [](const auto& field) { return std::string_view(field.first); }));
}

bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return c > 0x20 && c < 0x7f && c != '/' && c != '@' && c != '?' && c != '#' && c != ',' && c != '\\';
  });
}

std::optional<Refusal> judge_line(const ParsedHead& parsed) {
  if (parsed.version != 11 && parsed.version != 10) return Refusal::other_version;
  if (std::ranges::find(known_methods, parsed.method) == known_methods.end()) return Refusal::unknown_method;
  if (!is_plain_target(parsed.target)) return Refusal::bad_target;
  return std::nullopt;
}

std::optional<Refusal> judge_fields(const ParsedHead& parsed) {
  if (count(parsed.fields, "transfer-encoding") > 0 && count(parsed.fields, "content-length") > 0)
    return Refusal::bad_framing;
  if (count(parsed.fields, "content-length") > 1) return Refusal::bad_framing;
  const std::size_t hosts = count(parsed.fields, "host");
  if (hosts > 1 || (hosts == 0 && parsed.version == 11)) return Refusal::bad_host;
  for (const char* name : single_fields)
    if (count(parsed.fields, name) > 1) return Refusal::bad_header;
  return std::nullopt;
}

std::map<std::string, std::string> joined(const Fields& fields) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : fields) {
    const auto [place, is_new] = headers.emplace(name, value);
    if (!is_new) place->second += (name == "cookie" ? "; " : ", ") + value;
  }
  return headers;
}

std::optional<Refusal> frame(Head& head, int version) {
  const std::string coding = lower(head.request.header("transfer-encoding"));
  if (!coding.empty() && version == 10) return Refusal::bad_framing;
  if (!coding.empty() && coding != "chunked") return Refusal::unknown_coding;
  head.is_chunked = !coding.empty();
  if (head.request.headers.contains("content-length")) {
    const auto length = parse_number(head.request.header("content-length"));
    if (!length) return Refusal::bad_framing;
    head.length = *length;
  } else if (version == 10 &&
             (head.request.method == "POST" || head.request.method == "PUT" || head.request.method == "PATCH")) {
    return Refusal::no_length;
  }
  const std::string encoding = lower(head.request.header("content-encoding"));
  if (head.has_body() && !encoding.empty() && encoding != "identity") return Refusal::encoded_body;
  const std::string expectation = lower(head.request.header("expect"));
  if (!expectation.empty() && expectation != "100-continue") return Refusal::unknown_expectation;
  head.expects_continue = !expectation.empty() && version == 11 && head.has_body();
  return std::nullopt;
}

Result<std::string> decode_query(std::string_view text) {
  std::string with_spaces(text);
  std::ranges::replace(with_spaces, '+', ' ');
  std::string decoded = TRY(percent_decode(with_spaces));
  if (decoded.find('\0') != std::string::npos) return fail(ErrorKind::invalid, "a query holds a NUL");
  return decoded;
}

}  // namespace

HeadScanner::Outcome HeadScanner::scan(std::string_view buffer) {
  for (; at_ < buffer.size(); ++at_) {
    const char c = buffer[at_];
    const Refusal bad = lines_ == 0 ? Refusal::bad_request_line : Refusal::bad_header;
    if (at_ >= limits_.head_bytes_max) return too_large();
    if (was_cr_ != (c == '\n')) return bad;
    if (c == '\n') {
      was_cr_ = false;
      const bool is_blank = at_ == line_began_at_ + 1;
      if (is_blank && lines_ > 0) return Complete{at_ + 1};
      if (is_blank) return bad;
      if (++lines_ > limits_.fields_max + 1) return Refusal::head_too_large;
      line_began_at_ = at_ + 1;
      continue;
    }
    was_cr_ = c == '\r';
    if (!was_cr_ && is_control(c)) return bad;
    if (at_ == line_began_at_ && (c == ' ' || c == '\t')) return bad;
    constexpr std::size_t around_target = 24;  // the longest method, the version, two spaces
    if (lines_ == 0 && at_ > limits_.target_bytes_max + around_target) return Refusal::target_too_long;
  }
  return Incomplete{};
}

Refusal HeadScanner::too_large() const { return lines_ == 0 ? Refusal::target_too_long : Refusal::head_too_large; }

std::variant<Head, Refusal> judge_head(const ParsedHead& parsed) {
  if (const auto refusal = judge_line(parsed)) return *refusal;
  if (const auto refusal = judge_fields(parsed)) return *refusal;
  Head head;
  head.keeps_connection = parsed.keeps_connection && parsed.version == 11;
  const std::string_view target = parsed.target;
  const auto question = target.find('?');
  head.request.method = parsed.method;
  head.request.path = target.substr(0, question);
  head.request.headers = joined(parsed.fields);
  if (head.request.headers.contains("host") && !is_host(head.request.header("host"))) return Refusal::bad_host;
  if (const auto refusal = frame(head, parsed.version)) return *refusal;
  if (question == std::string_view::npos) return head;
  auto query = parse_query(target.substr(question + 1));
  if (!query) return Refusal::bad_target;
  head.request.query = *std::move(query);
  return head;
}

Result<std::map<std::string, std::string>> parse_query(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name = TRY(decode_query(pair.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) value = TRY(decode_query(pair.substr(equals + 1)));
    if (!query.emplace(std::move(name), std::move(value)).second)
      return fail(ErrorKind::invalid, "a query names something twice");
  }
  return query;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace workprint::http
