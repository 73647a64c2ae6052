#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "io/http/limits.hpp"
#include "io/http/message.hpp"

namespace alsace::io::http {

/// One HTTP/1.x request (RFC 9112) from its bytes, in pieces of any size: what comes out does not depend on how they
/// are cut. No sockets, no clocks. Memory: the header, later the body as far as it has come.
///
/// Stricter than the standard where leniency has been used to smuggle requests: two Content-Length fields are refused
/// even when they agree, and so are a Content-Length beside a Transfer-Encoding, folded fields, and lines that end in a
/// bare LF.
class RequestParser {
 public:
  enum class State { header, body, complete, failed };

  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes bytes up to the request's end and returns how many: fewer than given when it is complete (what remains
  /// belongs to the next request) or has failed (what remains means nothing). Throws std::bad_alloc alone.
  std::size_t take(std::string_view bytes);

  [[nodiscard]] State state() const;

  /// The rest is known once the header is complete.
  /// Whether the connection may be used again after this request.
  [[nodiscard]] bool keep_alive() const;
  /// Whether the client waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] bool http_1_0() const;
  /// Whether the answer goes without its body: HEAD.
  [[nodiscard]] bool head_only() const;

  /// Once: the request of State::complete.
  Request take_request();
  /// Why State::failed: 400, 413, 417, 431, 501 or 505.
  [[nodiscard]] Response failure() const;
  /// As it came, "" where the request line could not be read.
  [[nodiscard]] std::string_view method() const;
  [[nodiscard]] std::string_view target() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alsace::io::http
