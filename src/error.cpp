#include "src/error.hpp"

#include <fmt/format.h>

namespace alsace {

void check_failed(const char* condition, const char* file, int line, const std::string& message) {
  throw Error(ErrorKind::internal, fmt::format("{}:{}: check failed: {}: {}", file, line, condition, message));
}

}  // namespace alsace
