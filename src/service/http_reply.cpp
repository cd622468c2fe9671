#include "service/http_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "service/http_head.h"
#include "service/http_range.h"

namespace workprint::http {
namespace {

/// What a browser may do with an answer unless its route says otherwise: nothing.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> defaults{{
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
}};

constexpr std::array ours{"content-length", "transfer-encoding", "connection", "date"};

bool is_token(std::string_view name) { return !name.empty() && std::ranges::all_of(name, is_token_character); }

bool is_value(std::string_view value) {
  return std::ranges::all_of(value,
                             [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

/// IMF-fixdate, without the locale.
std::string date(WallTime now) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day calendar(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(now - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(calendar.day()), months[static_cast<unsigned>(calendar.month()) - 1],
                     static_cast<int>(calendar.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace

bool can_be_sent(const Fields& headers) {
  return std::ranges::all_of(headers, [](const auto& field) {
    return is_token(field.first) && is_value(field.second) && std::ranges::find(ours, lower(field.first)) == ours.end();
  });
}

std::string head_text(int status, const Fields& headers, std::optional<std::uint64_t> length, After after,
                      WallTime now) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason(status), date(now));
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  for (const auto& [name, value] : defaults)
    if (find_field(headers, lower(name)).empty()) text += fmt::format("{}: {}\r\n", name, value);
  if (length && status != 204) text += fmt::format("Content-Length: {}\r\n", *length);
  text += after == After::close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  return text;
}

}  // namespace workprint::http
