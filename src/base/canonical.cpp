/// Values to bytes: canonical (RFC 8785) for hashes, and pretty for people. One writer for both.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/canonical.h"
#include "workprint/json.h"

namespace workprint {
namespace {

/// UTF-16 code unit order of two UTF-8 strings. It differs from byte order in one place only: code points above
/// U+FFFF (first byte f0 and up) are surrogates d800..dfff in UTF-16, so they come before U+E000..U+FFFF (ee, ef).
bool comes_before(const std::string& a, const std::string& b) {
  const auto [x, y] = std::ranges::mismatch(a, b);
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  const auto left = static_cast<unsigned char>(*x);
  const auto right = static_cast<unsigned char>(*y);
  if (left >= 0xee && right >= 0xee && (left < 0xf0) != (right < 0xf0)) return right < 0xf0;
  return left < right;
}

/// Decimal digits and exponent of a finite, positive double: value = 0.DIGITS * 10^point.
struct Decimal {
  std::string digits;
  int point = 0;
};

Decimal shortest_decimal(double value) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value, std::chars_format::scientific).ptr;
  const auto exponent_mark = std::find(text, end, 'e');
  Decimal decimal;
  std::copy_if(text, exponent_mark, std::back_inserter(decimal.digits), [](char c) { return c != '.'; });
  const char* exponent = exponent_mark + 1;
  if (*exponent == '+') ++exponent;
  std::from_chars(exponent, end, decimal.point);
  ++decimal.point;
  return decimal;
}

/// ECMA-262, Number::toString for radix 10: plain digits between 1e-7 and 1e21, else with an exponent.
std::string ecmascript_number(double value) {
  check(std::isfinite(value), "a number in JSON is finite");
  if (value == 0) return "0";  // also -0
  const std::string sign = value < 0 ? "-" : "";
  const auto [digits, point] = shortest_decimal(std::fabs(value));
  const int count = static_cast<int>(digits.size());
  const auto first = [&](int length) { return digits.substr(0, static_cast<std::size_t>(length)); };
  const auto zeros = [](int length) { return std::string(static_cast<std::size_t>(length), '0'); };
  if (point > 21 || point < -5) {
    const int exponent = point - 1;
    const std::string fraction = count > 1 ? "." + digits.substr(1) : "";
    return sign + first(1) + fraction + (exponent > 0 ? "e+" : "e") + std::to_string(exponent);
  }
  if (point <= 0) return sign + "0." + zeros(-point) + digits;
  if (point >= count) return sign + digits + zeros(point - count);
  return sign + first(point) + "." + digits.substr(static_cast<std::size_t>(point));
}

class Writer {
 public:
  enum class Layout { canonical, pretty };
  /// What is written goes behind `out`.
  explicit Writer(Layout layout, std::string out = {}) : layout_(layout), out_(std::move(out)) {}

  void write(const Json& value) {
    switch (value.type()) {
      case Json::value_t::object: return write_object(value);
      case Json::value_t::array: return write_array(value);
      case Json::value_t::string: return write_string(value.get_ref<const std::string&>());
      case Json::value_t::boolean: out_ += value.get<bool>() ? "true" : "false"; return;
      case Json::value_t::number_integer: out_ += std::to_string(value.get<std::int64_t>()); return;
      case Json::value_t::number_unsigned: out_ += std::to_string(value.get<std::uint64_t>()); return;
      case Json::value_t::number_float: out_ += ecmascript_number(value.get<double>()); return;
      case Json::value_t::null: out_ += "null"; return;
      default: check(false, "only JSON values are written");
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  using Members = Json::object_t;

  void write_object(const Json& value) {
    const auto& members = value.get_ref<const Members&>();
    out_ += '{';
    ++depth_;
    // The map is in byte order already, which is nearly always the right one.
    const auto by_name = [](const auto& a, const auto& b) { return comes_before(a.first, b.first); };
    if (std::ranges::is_sorted(members, by_name))
      for (const auto& member : members) write_member(member, &member == &*members.begin());
    else
      write_sorted(members);
    end_container(members.empty(), '}');
  }

  void write_sorted(const Members& members) {
    std::vector<const Members::value_type*> ordered;
    for (const auto& member : members) ordered.push_back(&member);
    std::ranges::sort(ordered, [](const auto* a, const auto* b) { return comes_before(a->first, b->first); });
    for (const auto* member : ordered) write_member(*member, member == ordered.front());
  }

  void write_member(const Members::value_type& member, bool is_first) {
    begin_item(is_first);
    write_string(member.first);
    out_ += layout_ == Layout::pretty ? ": " : ":";
    write(member.second);
  }

  void write_array(const Json& value) {
    out_ += '[';
    ++depth_;
    bool is_first = true;
    for (const Json& item : value) {
      begin_item(std::exchange(is_first, false));
      write(item);
    }
    end_container(value.empty(), ']');
  }

  void begin_item(bool is_first) {
    if (!is_first) out_ += ',';
    break_line();
  }

  void end_container(bool is_empty, char bracket) {
    --depth_;
    if (!is_empty) break_line();
    out_ += bracket;
  }

  void break_line() {
    if (layout_ == Layout::canonical) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  void write_string(std::string_view text) { append_canonical_string(out_, text); }

  Layout layout_;
  std::size_t depth_ = 0;
  std::string out_;
};

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\t': out += "\\t"; return;
    case '\n': out += "\\n"; return;
    case '\f': out += "\\f"; return;
    case '\r': out += "\\r"; return;
    default: break;
  }
  out += "\\u00";
  out += digits[static_cast<unsigned char>(c) >> 4];
  out += digits[c & 15];
}

}  // namespace

// What needs no escape is copied in runs: most of a film's bytes are prose.
void append_canonical_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, plain);
    if (plain == text.size()) break;
    append_escape(out, text[plain]);
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

std::string canonical_json(const Json& value) {
  Writer writer(Writer::Layout::canonical);
  writer.write(value);
  return writer.take();
}

void append_canonical(std::string& out, const Json& value) {
  Writer writer(Writer::Layout::canonical, std::move(out));
  writer.write(value);
  out = writer.take();
}

std::string pretty_json(const Json& value) {
  Writer writer(Writer::Layout::pretty);
  writer.write(value);
  return writer.take() + '\n';
}

}  // namespace workprint
