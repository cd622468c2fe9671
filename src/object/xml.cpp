#include "object/xml.h"

#include <array>
#include <charconv>
#include <utility>

namespace workprint {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> entities{
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
            static_cast<char>(0x80 | (code & 63))};
  } else {
    out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
            static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
  }
}

void append_entity(std::string& out, std::string_view name) {
  for (const auto& [entity, character] : entities)
    if (name == entity) {
      out += character;
      return;
    }
  const bool is_hex = name.starts_with("#x");
  std::uint32_t code = 0;
  if (name.starts_with('#'))
    std::from_chars(name.data() + (is_hex ? 2 : 1), name.data() + name.size(), code, is_hex ? 16 : 10);
  if (code > 0 && code <= 0x10FFFF) append_utf8(out, code);
}

std::string decode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto mark = text.find('&');
    const auto end = mark == std::string_view::npos ? mark : text.find(';', mark);
    if (end == std::string_view::npos) return out += text;
    out += text.substr(0, mark);
    append_entity(out, text.substr(mark + 1, end - mark - 1));
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::string close = "</" + std::string(name) + ">";
  std::vector<std::string_view> elements;
  for (;;) {
    const auto begin = xml.find(open);
    const auto end = begin == std::string_view::npos ? begin : xml.find(close, begin);
    if (end == std::string_view::npos) return elements;
    elements.push_back(xml.substr(begin + open.size(), end - begin - open.size()));
    xml.remove_prefix(end + close.size());
  }
}

std::string xml_text(std::string_view xml, std::string_view name) {
  const auto elements = xml_elements(xml, name);
  return elements.empty() ? std::string() : decode(elements.front());
}

std::string xml_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    std::string_view encoded(&c, 1);
    std::string entity;
    for (const auto& [name, character] : entities)
      if (c == character) encoded = entity = "&" + std::string(name) + ";";
    out += encoded;
  }
  return out;
}

}  // namespace workprint
