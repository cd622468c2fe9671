#include <simdjson.h>

#include <cmath>

#include "base/json_reader.h"

namespace workprint {
namespace {

namespace dom = simdjson::dom;

static_assert(simdjson::SIMDJSON_VERSION_MAJOR >= 3, "older ones take lone surrogates, which are no UTF-8");

/// Up to this size a thread keeps its parser's memory, some 20 bytes for each of the text; a large state gives it back.
constexpr std::size_t small_text = 16u << 10;

// False wherever the strict reader must be asked: doubled names, numbers another reader would round, too deep.
bool build(dom::element from, Json& to, int depth_left);

bool build_array(dom::array from, Json& to, int depth_left) {
  if (depth_left == 0) return false;
  to = Json::array();
  auto& list = to.get_ref<Json::array_t&>();
  list.reserve(from.size());
  for (const dom::element one : from)
    if (!build(one, list.emplace_back(), depth_left - 1)) return false;
  return true;
}

bool build_object(dom::object from, Json& to, int depth_left) {
  if (depth_left == 0) return false;
  to = Json::object();
  auto& members = to.get_ref<Json::object_t&>();
  for (const auto& [name, value] : from) {
    // Our own documents have their members in order, and then each one's place is the end.
    const std::size_t before = members.size();
    const auto place = members.emplace_hint(members.end(), std::string(name), Json());
    if (members.size() == before || !build(value, place->second, depth_left - 1)) return false;
  }
  return true;
}

bool build(dom::element from, Json& to, int depth_left) {
  switch (from.type()) {
    case dom::element_type::ARRAY: return build_array(from.get_array().value_unsafe(), to, depth_left);
    case dom::element_type::OBJECT: return build_object(from.get_object().value_unsafe(), to, depth_left);
    case dom::element_type::STRING: to = std::string(from.get_string().value_unsafe()); return true;
    case dom::element_type::BOOL: to = from.get_bool().value_unsafe(); return true;
    case dom::element_type::NULL_VALUE: return true;
    case dom::element_type::INT64: {
      const std::int64_t number = from.get_int64().value_unsafe();
      if (number > exact_integer_max || number < -exact_integer_max) return false;
      if (number >= 0)
        to = static_cast<std::uint64_t>(number);
      else
        to = number;
      return true;
    }
    case dom::element_type::DOUBLE: {
      const double number = from.get_double().value_unsafe();
      if (std::fabs(number) > static_cast<double>(exact_integer_max)) return false;
      to = number;
      return true;
    }
    case dom::element_type::UINT64: return false;  // beyond 63 bits
  }
  return false;
}

std::optional<Json> built(simdjson::simdjson_result<dom::element> parsed, int depth_max) {
  Json value;
  if (parsed.error() != simdjson::SUCCESS || !build(parsed.value_unsafe(), value, depth_max)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Json> read_quickly(std::string_view text, int depth_max) {
  if (text.size() > small_text) {
    dom::parser parser;
    return built(parser.parse(text.data(), text.size(), true), depth_max);
  }
  // simdjson reads beyond the end of its input.
  thread_local std::string padded;
  thread_local dom::parser parser;
  padded.reserve(small_text + simdjson::SIMDJSON_PADDING);
  padded.assign(text);
  return built(parser.parse(padded.data(), padded.size(), false), depth_max);
}

}  // namespace workprint
