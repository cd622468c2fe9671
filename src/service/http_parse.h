/// Boost.Beast's request parser behind three calls.
///
/// Thread-safety: one object is for one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/http_head.h"

namespace workprint::http {

/// Takes one request apart; a new one for each.
class Parser {
 public:
  Parser();
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  /// `bytes`: a whole head that HeadScanner accepted. Or why it is none.
  std::variant<ParsedHead, Refusal> head(std::string_view bytes);

  struct Piece {
    std::size_t taken = 0;  ///< of the input; 0 with more to come: give the same bytes again, and more
    bool is_done = false;
    bool is_bad = false;
  };
  /// Appends what is body in `bytes` to `body`. REQUIRES: head() succeeded and the body is not done.
  Piece body(std::string_view bytes, std::string& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace workprint::http
