#include "io/http/bearer_token.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "src/error.hpp"

namespace alsace::io::http {
namespace {

constexpr std::size_t shortest = 16;
constexpr std::size_t longest = 4096;

bool is_token_character(char c) {
  constexpr std::string_view others = "-._~+/";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

/// RFC 6750, 2.1: b64token.
bool is_token(std::string_view text) {
  const auto padding = text.find_last_not_of('=');
  if (padding == std::string_view::npos) return false;
  const auto body = text.substr(0, padding + 1);
  return std::all_of(body.begin(), body.end(), is_token_character);
}

/// Without a branch on any byte: what a wrong token has in common with a right one does not show in the time.
bool same(std::string_view came, std::string_view token) {
  std::size_t differs = came.size() ^ token.size();
  for (std::size_t i = 0; i < came.size(); ++i) {
    const char other = token[i % token.size()];
    differs |= static_cast<std::size_t>(static_cast<unsigned char>(came[i] ^ other));
  }
  volatile std::size_t result = differs;  // the loop must not end early
  return result == 0;
}

void warn_when_others_can_read(const std::filesystem::path& file) {
  using std::filesystem::perms;
  std::error_code error;
  const auto mode = std::filesystem::status(file, error).permissions();
  if (!error && (mode & (perms::group_read | perms::others_read)) != perms::none) {
    spdlog::warn("{}: mode = {:03o}, expected 600: others can read the tokens", file.string(),
                 static_cast<unsigned>(mode & perms::all));
  }
}

}  // namespace

BearerTokens BearerTokens::from_file(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream || std::filesystem::is_directory(file)) {
    throw input_error(fmt::format("{}: cannot be read", file.string()));
  }
  std::vector<std::string> tokens;
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    // The message never shows the token.
    if (line.size() < shortest || line.size() > longest) {
      throw input_error(fmt::format("{}:{}: token = {} bytes, expected {} to {}", file.string(), number, line.size(),
                                    shortest, longest));
    }
    if (!is_token(line)) {
      throw input_error(fmt::format(
          "{}:{}: token = other characters, expected letters, digits, -._~+/ and = at the end", file.string(), number));
    }
    tokens.push_back(line);
  }
  if (stream.bad()) throw input_error(fmt::format("{}: cannot be read", file.string()));
  if (tokens.empty()) throw input_error(fmt::format("{}: tokens = 0, expected one a line", file.string()));
  warn_when_others_can_read(file);
  return BearerTokens(std::move(tokens));
}

bool BearerTokens::admit(std::string_view authorization) const {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return false;
  const bool bearer = std::equal(scheme.begin(), scheme.end(), authorization.begin(), [](char expected, char came) {
    return expected == (came >= 'A' && came <= 'Z' ? static_cast<char>(came - 'A' + 'a') : came);
  });
  if (!bearer) return false;
  std::string_view came = authorization.substr(scheme.size());
  came.remove_prefix(std::min(came.find_first_not_of(' '), came.size()));
  bool admitted = false;
  // All of them, so that the time does not tell which one it is.
  for (const std::string& token : tokens_) {
    const bool equal = !token.empty() && same(came, token);
    admitted = admitted || equal;
  }
  return admitted;
}

}  // namespace alsace::io::http
