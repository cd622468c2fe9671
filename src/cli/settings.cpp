#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <set>

// In this file alone, and without exceptions: Debian's library is built with them.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "workprint/try.h"

extern char** environ;

namespace workprint::cli {
namespace {

// For tests and for make: they are no settings, and change nothing that is stored.
constexpr std::string_view others[] = {"WORKPRINT_FAULT_AT", "WORKPRINT_FAULT_TRACE", "WORKPRINT_LEASE_TERM_MS", "WORKPRINT_MAKE_PROMPT", "WORKPRINT_CONFIG"};

std::string upper(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

bool is_whole(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= least && value <= most;
}

bool is_real(std::string_view text, double least, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= least && value <= most;
}

std::optional<Settings::Address> address_of(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (!is_whole(port, 0, 65535)) return std::nullopt;
  return Settings::Address{std::string(host), static_cast<std::uint16_t>(std::atoi(std::string(port).c_str()))};
}

bool starts_with_one_of(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return text.starts_with(start); });
}

bool is_allowed(std::string_view name, const std::string& text) {
  if (text.find('"') != std::string::npos || text.find('\'') != std::string::npos) return false;
  if (name == "store") return text == "memory:" || starts_with_one_of(text, {"sqlite:", "postgres:", "postgresql:"});
  if (name == "objects") return starts_with_one_of(text, {"file:", "gs://", "s3://"});
  if (name == "studio") return text == "builtin";
  if (name == "quality_control") return text == "true" || text == "false";
  if (name.ends_with("_threshold")) return is_real(text, 0, 1);
  if (name == "max_takes") return is_whole(text, 1, 20);
  if (name == "parallel_scenes") return is_whole(text, 1, 64);
  if (name == "parallel_films") return is_whole(text, 1, 256);
  if (name == "in_doubt_pay_up_to") return is_real(text, 0, 100);
  if (name == "budget_usd") return text.empty() || is_real(text, 0, 1'000'000);
  if (name == "provider_calls") return is_whole(text, 0, 1000);
  if (name == "picture") return film::parse_picture(text).has_value();
  if (name == "listen") return address_of(text).has_value();
  if (name == "token") return text.empty() || text.size() >= http::Access::token_characters_min;
  if (name == "origins") return true;  // looked at by Access::open
  return false;
}

bool is_secret(std::string_view name) { return name == "token"; }

class Loader {
 public:
  Loader(const std::map<std::string, GivenFlag>& flags, std::filesystem::path file, const std::filesystem::path& root)
      : flags_(flags), file_(std::move(file)), must_be_there_(!file_.empty()) {
    if (file_.empty()) file_ = root / "workprint.toml";
  }

  Result<Settings> load() {
    read_file();
    for (const SettingRow& row : setting_rows()) choose(row);
    look_for_unknown_variables();
    look_at_thresholds();
    if (!settings_.text("token").empty()) settings_.tokens.push_back({"token", settings_.text("token"), {}});
    if (findings_.empty()) return std::move(settings_);
    std::string text;
    for (const std::string& finding : findings_) text += (text.empty() ? "" : "\nworkprint: ") + finding;
    return fail(ErrorKind::invalid, text);
  }

 private:
  void read_file() {
    std::error_code error;
    if (!must_be_there_ && !std::filesystem::exists(file_, error)) return;
    toml::parse_result parsed = toml::parse_file(file_.string());
    if (!parsed) {
      findings_.push_back(fmt::format("config file cannot be read: {}. file={} line={}", parsed.error().description(), file_.string(), parsed.error().source().begin.line));
      return;
    }
    for (const auto& [key, node] : parsed.table()) {
      const std::string name(key.str());
      if (name == "tokens")
        read_tokens(node);
      else if (std::ranges::find(setting_rows(), std::string_view(name), &SettingRow::name) == setting_rows().end())
        findings_.push_back("config file has an unknown setting. name=" + name + " file=" + file_.string());
      else
        read_value(name, node);
    }
  }

  void read_value(const std::string& name, const toml::node& node) {
    if (const auto* text = node.as_string())
      from_file_[name] = text->get();
    else if (const auto* whole = node.as_integer())
      from_file_[name] = std::to_string(whole->get());
    else if (const auto* real = node.as_floating_point())
      from_file_[name] = fmt::format("{}", real->get());
    else if (const auto* flag = node.as_boolean())
      from_file_[name] = flag->get() ? "true" : "false";
    else
      findings_.push_back("config file: the value must be a text, a number, true or false. name=" + name);
  }

  void read_tokens(const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr) return findings_.push_back("config file: tokens must be a list of tables [[tokens]] with label, secret and film_prefix");
    for (const toml::node& one : *list) {
      const toml::table* table = one.as_table();
      constexpr std::string_view members[] = {"label", "secret", "film_prefix"};
      bool is_as_written = table != nullptr && table->size() == 3;
      if (table != nullptr)
        for (const auto& [key, value] : *table)
          is_as_written = is_as_written && std::ranges::find(members, key.str()) != std::end(members) && value.is_string();
      if (!is_as_written) {
        // A misspelt prefix would let the token see every film.
        findings_.push_back("config file: each of [[tokens]] must have label, secret and film_prefix (\"\" for all films), all texts, and nothing else");
        continue;
      }
      const auto text = [&](const char* name) { return table == nullptr ? std::string() : (*table)[name].value_or(std::string()); };
      if (text("label").empty() || text("secret").size() < http::Access::token_characters_min)
        findings_.push_back("config file: a token needs a label and a secret of at least 32 characters. label=" + text("label"));
      else
        settings_.tokens.push_back({text("label"), text("secret"), text("film_prefix")});
    }
  }

  static std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
  }

  // What an older name's value means in the words of the newer one.
  static std::string translated(std::string_view older, const std::string& value) {
    if (older == "GCP_BUCKET_NAME") return value.starts_with("gs://") ? value : "gs://" + value;
    if (older == "PORT") return "127.0.0.1:" + value;
    return value;
  }

  void choose(const SettingRow& row) {
    const std::string name(row.name), newer = "WORKPRINT_" + upper(row.name), older(row.older);
    const auto by_newer = variable(newer);
    std::optional<std::string> by_older = older.empty() ? std::nullopt : variable(older);
    if (by_older) by_older = translated(row.older, *by_older);
    if (by_newer && by_older && *by_newer != *by_older) findings_.push_back(newer + " and its older name " + older + " differ; unset one of them");
    Settings::Value value{std::string(row.fallback), "default"};
    if (const auto in_file = from_file_.find(name); in_file != from_file_.end()) value = {in_file->second, file_.filename().string()};
    if (by_older) value = {*by_older, older};
    if (by_newer) value = {*by_newer, newer};
    if (const auto flag = flags_.find(name); flag != flags_.end()) value = {flag->second.text, flag->second.flag};
    if (value.source != "default" && !is_allowed(row.name, value.text))
      // A location may hold a password behind a mistyped first word.
      findings_.push_back(fmt::format("{} must be {}. set_by={}{}", name, row.range, value.source,
                                      is_secret(row.name) || name == "store" || name == "objects" ? "" : " given=" + value.text.substr(0, 100)));
    settings_.values.emplace(name, std::move(value));
  }

  void look_for_unknown_variables() {
    std::set<std::string, std::less<>> known(std::begin(others), std::end(others));
    for (const SettingRow& row : setting_rows()) known.insert("WORKPRINT_" + upper(row.name));
    for (char** one = environ; *one != nullptr; ++one) {
      const std::string_view text(*one);
      const std::string_view name = text.substr(0, text.find('='));
      if (name.starts_with("WORKPRINT_") && !known.contains(name)) findings_.push_back("no such setting in the environment. name=" + std::string(name));
    }
  }

  void look_at_thresholds() {
    if (!findings_.empty()) return;
    constexpr const char* order[] = {"accept_threshold", "minor_issue_threshold", "major_issue_threshold", "fail_threshold"};
    for (int i = 0; i + 1 < 4; ++i)
      if (settings_.real(order[i]) < settings_.real(order[i + 1])) findings_.push_back(fmt::format("{} must not be below {}", order[i], order[i + 1]));
  }

  const std::map<std::string, GivenFlag>& flags_;
  std::filesystem::path file_;
  const bool must_be_there_;
  std::map<std::string, std::string> from_file_;
  Settings settings_;
  std::vector<std::string> findings_;
};

}  // namespace

const std::vector<SettingRow>& setting_rows() {
  static const std::vector<SettingRow> rows{
      {"store", "POSTGRES_URL", "sqlite:workprint.db", "sqlite:<path>, postgres://user:secret@host/database, postgres: (with PG* variables) or memory:", "where checkpoints are kept"},
      {"objects", "GCP_BUCKET_NAME", "file:films", "file:<folder>, gs://bucket/prefix or s3://bucket/prefix?endpoint=...", "where state.json and media are kept"},
      {"studio", "LLM_PROVIDER", "builtin", "builtin", "who makes texts, images and clips"},
      {"quality_control", "ENABLE_QUALITY_CONTROL", "true", "true or false", "whether takes are judged"},
      {"accept_threshold", "ACCEPT_THRESHOLD", "0.95", "0..1", "score from which a take is accepted"},
      {"minor_issue_threshold", "MINOR_ISSUE_THRESHOLD", "0.9", "0..1", "score from which it is accepted with notes"},
      {"major_issue_threshold", "MAJOR_ISSUE_THRESHOLD", "0.7", "0..1", "score from which its issues count as minor"},
      {"fail_threshold", "FAILTHRESHOLD", "0.4", "0..1", "score below which it is never circled by itself"},
      {"max_takes", "MAX_RETRIES", "3", "a whole number 1..20", "takes of one asset before a person is asked"},
      {"parallel_scenes", "MAX_PARALLEL_JOBS", "1", "a whole number 1..64", "scenes of one film at the same time"},
      {"parallel_films", "", "4", "a whole number 1..256", "films of one worker at the same time"},
      {"in_doubt_pay_up_to", "", "0.10", "dollars 0..100 (0: always ask)", "what may be paid again, a call, when an answer never came"},
      {"budget_usd", "", "", "dollars 0..1000000 (0: no call that costs anything; empty: no limit)", "what all calls of one film may cost; beyond it the film asks"},
      {"provider_calls", "", "0", "a whole number 0..1000 (0: no limit)", "calls to one provider at the same time, over all films of a worker"},
      {"picture", "", "1280x720@24", "WIDTHxHEIGHT@FPS: even, 320x180..3840x2160, 12..60 fps", "picture of new films"},
      {"listen", "PORT", "127.0.0.1:8000", "host:port; port 0: any free one", "where `serve` listens; other than loopback needs a token"},
      {"token", "", "", "at least 32 characters", "who may ask over HTTP; more of them, each with films of its own, in the file under [[tokens]]"},
      {"origins", "", "", "https://host, separated by commas", "pages of other sites that may ask with a token"},
  };
  return rows;
}

std::int64_t Settings::number(std::string_view name) const { return std::atoll(text(name).c_str()); }
double Settings::real(std::string_view name) const { return std::strtod(text(name).c_str(), nullptr); }
std::int64_t Settings::usd_micros(std::string_view name) const { return std::llround(real(name) * 1e6); }
Settings::Address Settings::listen() const { return address_of(text("listen")).value_or(Address{}); }

Result<Settings> load_settings(const std::map<std::string, GivenFlag>& flags, const std::filesystem::path& file, const std::filesystem::path& root) {
  std::filesystem::path named = file;
  if (const char* variable = std::getenv("WORKPRINT_CONFIG"); named.empty() && variable != nullptr) named = variable;
  return Loader(flags, std::move(named), root).load();
}

namespace {

// Locations may hold a password.
std::string shown(const std::string& name, const std::string& text) {
  if (text.empty()) return "(none)";
  if (is_secret(name)) return "(set)";
  const auto at = text.rfind('@'), slashes = text.find("://");
  if ((name == "store" || name == "objects") && at != std::string::npos && slashes != std::string::npos && slashes < at) return text.substr(0, slashes + 3) + "***" + text.substr(at);
  return text;
}

}  // namespace

std::string to_text(const Settings& settings) {
  std::string text;
  for (const SettingRow& row : setting_rows()) {
    const Settings::Value& value = settings.values.find(row.name)->second;
    text += fmt::format("{:<22} {:<28} {:<22} {}\n", row.name, shown(std::string(row.name), value.text), value.source, row.about);
  }
  for (const http::Token& token : settings.tokens) text += fmt::format("{:<22} {:<28} films {}*\n", "token of", token.label, token.film_prefix);
  return text;
}

Json to_json(const Settings& settings) {
  Json json = Json::object();
  for (const auto& [name, value] : settings.values) json[name] = {{"value", shown(name, value.text)}, {"source", value.source}};
  return json;
}

}  // namespace workprint::cli
