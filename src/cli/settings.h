/// The program's settings: where each value came from, and whether it may be so.
///
/// Flag `--name`, else environment `WORKPRINT_<NAME>`, else its older name, else the file `workprint.toml`, else the default.
/// Nothing is clamped: a bad value is an error that names the setting and the allowed values, and nothing is begun.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "film/film.h"
#include "service/http_access.h"

namespace workprint::cli {

struct SettingRow {
  std::string_view name;     ///< `parallel_films`; the flag is `--parallel-films`
  std::string_view older;    ///< environment variable of the older system; empty: none
  std::string_view fallback;
  std::string_view range;    ///< the allowed values, for people
  std::string_view about;
};
[[nodiscard]] const std::vector<SettingRow>& setting_rows();

struct Settings {
  struct Value {
    std::string text;
    std::string source;  ///< "default", "--store", "WORKPRINT_STORE", "POSTGRES_URL", "workprint.toml"
  };
  std::map<std::string, Value, std::less<>> values;  ///< of every row
  std::vector<http::Token> tokens;                   ///< of `token` and of the file

  [[nodiscard]] const std::string& text(std::string_view name) const { return values.find(name)->second.text; }
  [[nodiscard]] bool is_default(std::string_view name) const { return values.find(name)->second.source == "default"; }
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] double real(std::string_view name) const;
  /// A setting in dollars, as millionths.
  [[nodiscard]] std::int64_t usd_micros(std::string_view name) const;
  [[nodiscard]] bool is_on(std::string_view name) const { return text(name) == "true"; }

  /// `listen` taken apart.
  struct Address {
    std::string host;
    std::uint16_t port = 0;
  };
  [[nodiscard]] Address listen() const;
};

/// `flags`: by setting name. `file`: empty, or the file that must be there; else `<root>/workprint.toml`, if it is there.
/// Errors: invalid, with every finding, one a line.
Result<Settings> load_settings(const std::map<std::string, GivenFlag>& flags, const std::filesystem::path& file,
                               const std::filesystem::path& root);

/// What `workprint config` prints; secrets are shown as `(set)`.
[[nodiscard]] std::string to_text(const Settings& settings);
[[nodiscard]] Json to_json(const Settings& settings);

}  // namespace workprint::cli
