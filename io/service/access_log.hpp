#pragma once

#include <memory>
#include <string>

#include "io/http/handler.hpp"

namespace spdlog {
class logger;
}

namespace alsace::io {

/// One JSON object a request, a line each: time, client, method, target (its first 2048 bytes), route, status, bytes,
/// seconds. Targets hold ids of users: treat the file, which is made for its owner alone, as personal data. Tokens
/// never appear. Every line is flushed, a write of some 2 µs: a service that is killed loses none, and a busy disk is
/// felt.
class AccessLog {
 public:
  /// "off", "-" (stderr) or a file, which is appended to. Throws ErrorKind::storage when it cannot be opened.
  explicit AccessLog(const std::string& where);
  void write(const http::Exchange& exchange) const;

 private:
  std::shared_ptr<spdlog::logger> logger_;  // null: off
};

}  // namespace alsace::io
