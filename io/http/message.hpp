#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alsace::io::http {

/// One request as a handler sees it: read whole and within the limits, nothing of it interpreted yet.
struct Request {
  std::string method;         ///< as it came: GET, POST, …
  std::string target;         ///< origin form, still percent-encoded
  std::string authorization;  ///< the header's value, "" without; never to be logged
  std::string body;
  std::string host = {};    ///< the header's value
  std::string origin = {};  ///< the header's value, "" without: browsers say by it whose page is asking
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside content type and length, date and connection
  std::string route = "other";  ///< what was asked, for metrics and the access log: few values, none from the client
};

/// The standard phrase of a status: "Not Found"; "Unknown" for one that this server never sends.
std::string_view phrase_of(int status);

/// An error as RFC 9457 has it: application/problem+json with title, status and `detail`. What comes from the client
/// may be quoted in `detail`; it is escaped and cut by the caller (io::shown).
Response problem(int status, const std::string& detail);

}  // namespace alsace::io::http
