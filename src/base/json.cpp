#include "workprint/json.h"

#include <cmath>
#include <vector>

#include "base/json_reader.h"
#include "base/quote.h"

namespace workprint {
namespace {

/// ECMAScript prints doubles below this one as plain digits.
constexpr double plain_digits_end = 1e21;

/// Builds the value from the parser's events and refuses what RFC 8259 leaves open.
class Builder {
 public:
  Builder(Json& root, int depth_max) : root_(root), depth_max_(depth_max) {}
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return refuse("binary value"); }

  bool number_integer(std::int64_t value) {
    if (value < -exact_integer_max) return refuse_integer(std::to_string(value));
    if (value == 0) return add(std::uint64_t{0});  // "-0"
    return add(value);
  }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(exact_integer_max)) return refuse_integer(std::to_string(value));
    return add(value);
  }
  // Also integers too large for 64 bits come here. Whatever would be printed as an integer beyond 2^53 is refused,
  // however it was written: so what was read once can be written and read again.
  bool number_float(double value, const std::string& text) {
    const double size = std::fabs(value);
    const bool is_integer_text = text.find_first_of(".eE") == std::string::npos;
    if (size > static_cast<double>(exact_integer_max) && (is_integer_text || size < plain_digits_end)) return refuse_integer(text);
    return add(value);
  }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    auto& members = open_.back()->get_ref<Json::object_t&>();
    const auto [place, is_new] = members.try_emplace(name, nullptr);
    if (!is_new) return refuse("doubled member name. name=" + in_quotes(name));
    member_ = &place->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    // 406: the text is well formed and a number in it is not finite.
    const bool is_range = error.id == 406;
    return refuse((is_range ? "number out of range. byte=" : "not valid json. byte=") + std::to_string(position));
  }

 private:
  Json* place(Json value) {
    if (!open_.empty() && open_.back()->is_array())
      return &open_.back()->get_ref<Json::array_t&>().emplace_back(std::move(value));
    Json* target = open_.empty() ? &root_ : member_;
    *target = std::move(value);
    return target;
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (static_cast<int>(open_.size()) >= depth_max_)
      return refuse("nested too deep. depth_max=" + std::to_string(depth_max_));
    open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }
  bool refuse_integer(const std::string& text) {
    return refuse("integer outside the range of +-2^53. number=" + in_quotes(text));
  }

  Json& root_;
  int depth_max_;
  std::vector<Json*> open_;  ///< An array's items move when it grows, but only while the array itself is the last one.
  Json* member_ = nullptr;
  std::string refusal_;
};

bool holds_null_member(const Json& value) {
  if (value.is_null()) return true;
  if (!value.is_object()) return false;
  for (const Json& member : value)
    if (holds_null_member(member)) return true;
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() <= limits.bytes_max)
    if (auto value = read_quickly(text, limits.depth_max)) return *std::move(value);
  return read_strictly(text, limits);
}

Result<Json> read_strictly(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max)
    return fail(ErrorKind::invalid, "json too large. size=" + std::to_string(text.size()) +
                                        " bytes_max=" + std::to_string(limits.bytes_max));
  // nlohmann takes a NUL byte for the end of its input and would not see what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return fail(ErrorKind::invalid, "not valid json. byte=" + std::to_string(nul + 1));
  Json value;
  Builder builder(value, limits.depth_max);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return fail(ErrorKind::invalid, builder.refusal());
  return value;
}

void merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null()) {
      target.erase(name);
    } else {
      merge_patch(target[name], value);
    }
  }
}

Json merge_diff(const Json& source, const Json& target) {
  check(source.is_object() && target.is_object(), "a merge patch is made between two objects");
  Json patch = Json::object();
  for (const auto& [name, value] : source.items())
    if (!target.contains(name)) patch[name] = nullptr;
  for (const auto& [name, value] : target.items()) {
    const auto old = source.find(name);
    if (old != source.end() && *old == value) continue;
    check(!holds_null_member(value), "a merge patch cannot set a member to null");
    const bool can_nest = old != source.end() && old->is_object() && value.is_object();
    patch[name] = can_nest ? merge_diff(*old, value) : value;
  }
  return patch;
}

}  // namespace workprint
