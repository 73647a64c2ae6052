#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace alsace::io::http {

/// The secrets that open a service (RFC 6750): a file with one token a line, any of which is good, so that a token can
/// be replaced without a gap. They are never logged or shown.
class BearerTokens {
 public:
  /// Throws ErrorKind::input naming file and line for a token that is shorter than 16 bytes or has other characters
  /// than RFC 6750 allows (letters, digits, -._~+/ and = at the end), and for a file without any. Warns in the log when
  /// others than the owner can read the file.
  static BearerTokens from_file(const std::filesystem::path& file);

  explicit BearerTokens(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}

  /// Whether `authorization` (the header's value) is `Bearer TOKEN` with one of the tokens. Takes the same time
  /// whichever byte differs: it depends on the length of what came alone.
  [[nodiscard]] bool admit(std::string_view authorization) const;

 private:
  std::vector<std::string> tokens_;
};

}  // namespace alsace::io::http
