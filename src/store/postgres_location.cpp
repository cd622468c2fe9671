#include "store/postgres_location.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>

#include "workprint/try.h"

namespace workprint::store::postgres {
namespace {

struct Free {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using LibpqOptions = std::unique_ptr<PQconninfoOption, Free>;
using Words = std::map<std::string, std::string>;

Words set_words(const PQconninfoOption* options) {
  Words words;
  for (const PQconninfoOption* one = options; one != nullptr && one->keyword != nullptr; ++one)
    if (one->val != nullptr && one->val[0] != '\0') words[one->keyword] = one->val;
  return words;
}

std::unexpected<Error> wrong(const std::string& rule) { return fail(ErrorKind::invalid, "store location: " + rule); }

bool is_schema_name(const std::string& name) {
  const auto is_good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= 30 && std::ranges::all_of(name, is_good) && !(name[0] >= '0' && name[0] <= '9') &&
         !name.starts_with("pg_") && name != "public" && name != "information_schema";
}

// Takes our own parameters out of the query; libpq refuses what it does not know.
Result<std::string> take_ours(const std::string& query, Location& location) {
  std::string rest;
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string item = query.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) return wrong("after the '?' stand name=value pairs with '&' between them");
    const std::string name = item.substr(0, equals), value = item.substr(equals + 1);
    if (name == "schema") {
      if (!is_schema_name(value)) return wrong("schema is 1 to 30 of a-z, 0-9 and _, and one of its own");
      location.schema = value;
    } else if (name == "prepare") {
      if (value != "on" && value != "off") return wrong("prepare is on or off");
      location.prepare = value == "on" ? Location::Prepare::on : Location::Prepare::off;
    } else {
      rest += (rest.empty() ? "" : "&") + item;
    }
  }
  return rest;
}

// A password with a bare '@', '/', '?' or ':' shifts the parts; what landed in these must not be taken for an address.
Result<void> holds_no_secret(const Words& words) {
  for (const char* part : {"host", "hostaddr", "dbname", "user"}) {
    const auto found = words.find(part);
    if (found != words.end() && found->second.find('@') != std::string::npos)
      return wrong("an '@', ':', '/', '?' or '%' inside user or password is written %40, %3A, %2F, %3F or %25");
  }
  const auto port = words.find("port");
  if (port != words.end() && port->second.find_first_not_of("0123456789,") != std::string::npos) return wrong("the port is a number");
  return {};
}

std::string value_of(const Words& words, const std::string& name, const std::string& otherwise) {
  const auto found = words.find(name);
  return found == words.end() ? otherwise : found->second;
}

std::string shown_as(const Words& words) {
  const LibpqOptions defaults(PQconndefaults());
  const Words usual = set_words(defaults.get());
  const auto one = [&](const std::string& name, const std::string& otherwise) { return value_of(words, name, value_of(usual, name, otherwise)); };
  const std::string host = one("host", one("hostaddr", "local"));
  return "postgres://" + host + ":" + one("port", "5432") + "/" + one("dbname", one("user", ""));
}

}  // namespace

Result<Location> parse_location(const std::string& text) {
  Location location;
  std::string uri;
  if (text.starts_with("postgres://") || text.starts_with("postgresql://"))
    uri = text;
  else if (text == "postgres:" || text.starts_with("postgres:?"))
    uri = "postgresql://" + text.substr(9);
  else
    return wrong("it is postgres://user:secret@host:port/database, or postgres: for the PG* variables");
  if (uri.find('\0') != std::string::npos) return wrong("it holds a zero byte");
  const std::size_t mark = std::min(uri.find('?'), uri.size());
  std::string address = uri.substr(0, mark);
  const std::string query = mark == uri.size() ? std::string() : TRY(take_ours(uri.substr(mark + 1), location));
  if (!query.empty()) address += "?" + query;
  char* words_of_libpq = nullptr;
  const LibpqOptions parsed(PQconninfoParse(address.c_str(), &words_of_libpq));
  PQfreemem(words_of_libpq);
  if (!parsed) return wrong("libpq cannot read it: look at its port, its parameters, and characters to be written %xx");
  const Words words = set_words(parsed.get());
  TRY(holds_no_secret(words));
  for (const auto& [name, value] : words) {
    location.options.emplace_back(name, value);
    if (name == "password" || name == "sslpassword") location.secrets.push_back(value);
  }
  location.shown = shown_as(words);
  return location;
}

std::string without_secrets(const Location& location, std::string text) {
  for (const std::string& secret : location.secrets) {
    if (secret.size() < 4) continue;  // it would cut every word to pieces, and the server never repeats one
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) text.replace(at, secret.size(), "***");
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::string line;
  for (const char c : text) {
    const bool is_space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (is_space && !line.empty() && line.back() == ' ') continue;
    line += is_space ? ' ' : c;
  }
  return line;
}

}  // namespace workprint::store::postgres
