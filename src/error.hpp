#pragma once

#include <stdexcept>
#include <string>

namespace alsace {

/// Why the program ends; the value is its exit code, a contract with the scripts that call it.
enum class ErrorKind : int {
  internal = 1,     ///< our bug: an ALSACE_CHECK failed
  usage = 2,        ///< an option, or a parameter that differs from the model's
  input = 3,        ///< data that cannot be used as they are
  numerics = 4,     ///< a number that is not finite, a matrix that is not positive definite
  storage = 5,      ///< a file could not be written, or is not what was written
  interrupted = 6,  ///< told to stop; what is complete by then is kept, for the same command to go on with
};

/// The one exception type that Alsace throws: a kind, which decides the exit code, and a message for the user in the
/// form
/// `<file>:<line or dataset path>: <field> = <value>, expected <range>`.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

inline Error usage_error(const std::string& message) {
  return {ErrorKind::usage, message};
}
inline Error input_error(const std::string& message) {
  return {ErrorKind::input, message};
}
inline Error numerics_error(const std::string& message) {
  return {ErrorKind::numerics, message};
}
inline Error storage_error(const std::string& message) {
  return {ErrorKind::storage, message};
}

/// Throws ErrorKind::internal with the condition and its place.
[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& message);

}  // namespace alsace

/// States what must hold unless Alsace has a bug; on in every build. The message is formatted only when it fails:
/// `ALSACE_CHECK(begin <= end, fmt::format("begin = {}, end = {}", begin, end))`.
#define ALSACE_CHECK(condition, message)                                               \
  do {                                                                                 \
    if (!(condition)) ::alsace::check_failed(#condition, __FILE__, __LINE__, message); \
  } while (false)
