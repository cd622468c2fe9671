#include "object/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"
#include "workprint/try.h"

namespace workprint {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_unreserved(char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Query> parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name = TRY(percent_decode(pair.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) value = TRY(percent_decode(pair.substr(equals + 1)));
    query.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string percent_encode(std::string_view text, Slash slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::keep)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(ErrorKind::invalid, "a % without two hex digits. value=" + in_quotes(text));
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string encode_query(const Query& query) {
  std::string out;
  for (const auto& [name, value] : query)
    out += (out.empty() ? "?" : "&") + percent_encode(name) + "=" + percent_encode(value);
  return out;
}

bool Url::is_loopback() const {
  const bool is_v4 = host.starts_with("127.") && std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return is_v4 || host == "localhost" || host == "[::1]";
}

Result<Url> parse_url(std::string_view text) {
  const std::string quoted = in_quotes(text.substr(0, text.find('?')));
  const auto marker = text.find("://");
  if (marker == std::string_view::npos || marker == 0 ||
      !std::ranges::all_of(text.substr(0, marker), is_letter_or_digit))
    return fail(ErrorKind::invalid, "not an address of the form scheme://host/path. value=" + quoted);
  Url url{.scheme = lower_case(text.substr(0, marker)), .host = {}, .port = {}, .path = {}, .query = {}};
  text.remove_prefix(marker + 3);
  const auto question = text.find('?');
  if (question != std::string_view::npos) url.query = TRY(parse_query(text.substr(question + 1)));
  text = text.substr(0, question);
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) url.path = text.substr(slash);
  const std::string_view authority = text.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorKind::invalid, "an address here has no user name and no password");
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  url.host = lower_case(authority.substr(0, colon));
  if (colon != std::string_view::npos) url.port = authority.substr(colon + 1);
  const bool is_host = std::ranges::all_of(url.host, [](char c) { return is_unreserved(c) || c == ':' || c == '[' || c == ']'; });
  const bool is_port = std::ranges::all_of(url.port, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_host || !is_port || text.find('#') != std::string_view::npos)
    return fail(ErrorKind::invalid, "not an address of the form scheme://host:port/path. value=" + quoted);
  return url;
}

}  // namespace workprint
