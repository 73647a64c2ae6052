#pragma once

#include <string>

#include "io/http/message.hpp"

namespace alsace::io::http {

/// Whether the connection goes on after an answer, as the answer says it: `stays_1_0` to an HTTP/1.0 client.
enum class Persistence { stays, stays_1_0, closes };

/// Status line and header fields of an answer, up to and with the empty line. What a handler set wins over our
/// Cache-Control. Control characters in its fields are left out, so that no value can end its line.
std::string response_head(const Response& response, Persistence persistence);

/// Whether an answer of that status has a body (RFC 9110, 6.4.1).
bool has_body(int status);

}  // namespace alsace::io::http
