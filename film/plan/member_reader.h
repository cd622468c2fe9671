/// Reads the members of one JSON object by rule, and collects what is wrong instead of stopping at the first.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "film/plan/menu.h"
#include "film/plan/plan_json.h"

namespace film {

/// What a reading found: `findings` refuse an answer, `notes` tell what was changed.
struct Verdict {
  Author author = Author::answer;
  std::vector<std::string> findings, notes;

  /// An older document is never refused for one member: what was wrong is listed, and the gap filled.
  void refuse(const std::string& at, const std::string& why) { (fills_gaps() ? notes : findings).push_back(at + ": " + why); }
  void note(const std::string& at, const std::string& what) { notes.push_back(at + ": " + what); }
  [[nodiscard]] bool fills_gaps() const { return author == Author::older_document; }
};

class MemberReader {
 public:
  MemberReader(const workprint::Json& object, std::string at, Verdict& verdict);

  /// A text that must be there and not be empty; an older document gets `otherwise`.
  std::string text(const char* member, const std::string& otherwise, std::size_t bytes_max = 8000);
  /// May be absent or empty.
  std::string text_or_empty(const char* member);
  std::optional<std::string> optional_text(const char* member);
  /// Array of texts, or one text; absent is empty.
  std::vector<std::string> texts(const char* member);
  std::optional<double> number(const char* member);
  /// The object under `member`; an empty one when it is missing (which is a finding when `required`).
  const workprint::Json& object(const char* member, bool required);
  const workprint::Json& array(const char* member);

  template <class Enum>
  Enum menu(const char* member, Enum otherwise) {
    return optional_menu<Enum>(member).value_or(otherwise);
  }
  template <class Enum>
  std::optional<Enum> optional_menu(const char* member) {
    const workprint::Json* value = find(member);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
      verdict_.refuse(at(member), "must be a word of its menu");
      return std::nullopt;
    }
    const auto found = from_word<Enum>(value->get_ref<const std::string&>());
    if (!found) verdict_.note(at(member), "\"" + value->get<std::string>().substr(0, 40) + "\" is on no menu; the default is taken");
    return found;
  }

  /// Members that are read elsewhere or ignored.
  void ignore(std::initializer_list<const char*> members);
  /// Every member not asked for so far is unknown.
  void finish();
  [[nodiscard]] std::string at(const char* member) const { return at_ + (at_.empty() ? "" : ".") + member; }

 private:
  const workprint::Json* find(const char* member);
  std::string checked(const char* member, std::string value, std::size_t bytes_max);

  const workprint::Json& object_;
  std::string at_;
  Verdict& verdict_;
  std::set<std::string> known_;
};

}  // namespace film
