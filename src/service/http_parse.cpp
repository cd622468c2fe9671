#include "service/http_parse.h"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>

namespace workprint::http {
namespace {

namespace beast = boost::beast::http;

Refusal refusal_of(const boost::system::error_code& error) {
  if (error == beast::error::bad_method || error == beast::error::bad_target) return Refusal::bad_request_line;
  if (error == beast::error::bad_version) return Refusal::other_version;
  if (error == beast::error::bad_content_length || error == beast::error::multiple_content_length ||
      error == beast::error::bad_transfer_encoding)
    return Refusal::bad_framing;
  return Refusal::bad_header;
}

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

struct Parser::State {
  beast::request_parser<beast::buffer_body> parser;
};

Parser::Parser() : state_(std::make_unique<State>()) {
  // HeadScanner and the connection count the bytes.
  state_->parser.header_limit(std::numeric_limits<std::uint32_t>::max());
  state_->parser.body_limit(boost::none);
}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

std::variant<ParsedHead, Refusal> Parser::head(std::string_view bytes) {
  auto& parser = state_->parser;
  boost::system::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error) return refusal_of(error);
  if (!parser.is_header_done()) return Refusal::bad_header;
  const auto& message = parser.get();
  ParsedHead head{.method = text_of(message.method_string()),
                  .target = text_of(message.target()),
                  .version = static_cast<int>(message.version()),
                  .fields = {},
                  .keeps_connection = parser.keep_alive()};
  for (const auto& field : message)
    head.fields.emplace_back(lower(text_of(field.name_string())), text_of(field.value()));
  parser.eager(true);
  return head;
}

Parser::Piece Parser::body(std::string_view bytes, std::string& body) {
  auto& parser = state_->parser;
  Piece piece;
  while (!parser.is_done()) {
    const std::string_view left = bytes.substr(piece.taken);
    const std::size_t before = body.size();
    body.resize(before + left.size());  // a body is never longer than its encoding
    parser.get().body().data = body.data() + before;
    parser.get().body().size = left.size();
    parser.get().body().more = true;
    boost::system::error_code error;
    const std::size_t taken = parser.put(boost::asio::buffer(left.data(), left.size()), error);
    body.resize(body.size() - parser.get().body().size);
    piece.taken += taken;
    if (error && error != beast::error::need_buffer && error != beast::error::need_more) {
      piece.is_bad = true;
      return piece;
    }
    if (taken == 0) break;
  }
  piece.is_done = parser.is_done();
  return piece;
}

}  // namespace workprint::http
