#include "film/plan/member_reader.h"

namespace film {

using workprint::Json;

namespace {

const Json& empty_object() {
  static const Json object = Json::object();
  return object;
}

const Json& empty_array() {
  static const Json array = Json::array();
  return array;
}

// At a word, and never inside a UTF-8 sequence.
std::string cut_at_word(std::string text, std::size_t bytes_max) {
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  const auto space = text.rfind(' ', end);
  if (space != std::string::npos && space > end / 2) end = space;
  text.resize(end);
  return text;
}

}  // namespace

MemberReader::MemberReader(const Json& object, std::string at, Verdict& verdict)
    : object_(object.is_object() ? object : empty_object()), at_(std::move(at)), verdict_(verdict) {
  if (!object.is_object()) verdict_.refuse(at_.empty() ? "plan" : at_, "must be an object");
}

const Json* MemberReader::find(const char* member) {
  known_.insert(member);
  const auto found = object_.find(member);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string MemberReader::checked(const char* member, std::string value, std::size_t bytes_max) {
  if (value.size() > bytes_max) {
    value = cut_at_word(std::move(value), bytes_max);
    verdict_.note(at(member), "cut to " + std::to_string(bytes_max) + " bytes");
  }
  if (verdict_.author != Author::ours && (value.find("://") != std::string::npos || value.find("data:") != std::string::npos)) {
    verdict_.refuse(at(member), "holds an address; a plan may not");
    value.clear();
  }
  return value;
}

std::string MemberReader::text(const char* member, const std::string& otherwise, std::size_t bytes_max) {
  const Json* value = find(member);
  if (value != nullptr && value->is_string() && !value->get_ref<const std::string&>().empty()) {
    std::string text = checked(member, value->get<std::string>(), bytes_max);
    return text.empty() ? otherwise : text;
  }
  if (verdict_.fills_gaps()) {
    verdict_.note(at(member), "is missing; \"" + otherwise + "\" is taken");
    return otherwise;
  }
  verdict_.refuse(at(member), value == nullptr ? "is missing" : value->is_string() ? "is empty" : "must be a text");
  return otherwise;
}

std::string MemberReader::text_or_empty(const char* member) {
  const Json* value = find(member);
  if (value == nullptr) return {};
  if (value->is_string()) return checked(member, value->get<std::string>(), 8000);
  verdict_.refuse(at(member), "must be a text");
  return {};
}

std::optional<std::string> MemberReader::optional_text(const char* member) {
  const Json* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return checked(member, value->get<std::string>(), 8000);
  if (value->is_number()) return value->dump();
  verdict_.refuse(at(member), "must be a text");
  return std::nullopt;
}

std::vector<std::string> MemberReader::texts(const char* member) {
  std::vector<std::string> list;
  const Json* value = find(member);
  if (value == nullptr) return list;
  if (value->is_string()) return {checked(member, value->get<std::string>(), 8000)};
  if (!value->is_array()) {
    verdict_.refuse(at(member), "must be a list of texts");
    return list;
  }
  for (const Json& one : *value) {
    if (one.is_string())
      list.push_back(checked(member, one.get<std::string>(), 8000));
    else
      verdict_.refuse(at(member), "must hold texts only");
  }
  return list;
}

std::optional<double> MemberReader::number(const char* member) {
  const Json* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  verdict_.refuse(at(member), "must be a number");
  return std::nullopt;
}

const Json& MemberReader::object(const char* member, bool required) {
  const Json* value = find(member);
  if (value != nullptr && value->is_object()) return *value;
  if (value != nullptr)
    verdict_.refuse(at(member), "must be an object");
  else if (required && !verdict_.fills_gaps())
    verdict_.refuse(at(member), "is missing");
  return empty_object();
}

const Json& MemberReader::array(const char* member) {
  const Json* value = find(member);
  if (value != nullptr && value->is_array()) return *value;
  verdict_.refuse(at(member), value == nullptr ? "is missing" : "must be a list");
  return empty_array();
}

void MemberReader::ignore(std::initializer_list<const char*> members) {
  for (const char* member : members) known_.insert(member);
}

void MemberReader::finish() {
  for (const auto& [name, value] : object_.items()) {
    if (known_.contains(name)) continue;
    if (verdict_.fills_gaps())
      verdict_.note(at(name.c_str()), "is no member of a plan and is dropped");
    else
      verdict_.refuse(at(name.substr(0, 60).c_str()), "is no member of a plan");
  }
}

}  // namespace film
