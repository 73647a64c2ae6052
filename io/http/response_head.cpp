#include "io/http/response_head.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace alsace::io::http {
namespace {

/// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", in English whatever the locale.
std::string date_of(std::time_t time) {
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days.at(static_cast<std::size_t>(utc.tm_wday)),
                     utc.tm_mday, months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

/// Made once a second and thread: it takes longer than the rest of the head.
const std::string& date_now() {
  thread_local std::time_t second = 0;
  thread_local std::string date;
  if (const std::time_t now = std::time(nullptr); now != second) {
    date = date_of(now);
    second = now;
  }
  return date;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  const auto append = [&head](std::string_view text) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(head), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x20 && byte != 0x7f;
    });
  };
  append(name);
  head += ": ";
  append(value);
  head += "\r\n";
}

bool is_cache_control(std::string_view name) {
  constexpr std::string_view lower = "cache-control";
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string response_head(const Response& response, Persistence persistence) {
  std::string head;
  head.reserve(320);
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\nServer: alsace\r\nDate: {}\r\n", response.status,
                 phrase_of(response.status), date_now());
  if (has_body(response.status)) {
    append_field(head, "Content-Type", response.content_type);
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", response.body.size());
  }
  head += "X-Content-Type-Options: nosniff\r\n";
  const bool cached = std::any_of(response.headers.begin(), response.headers.end(),
                                  [](const auto& field) { return is_cache_control(field.first); });
  if (!cached) head += "Cache-Control: no-store\r\n";
  for (const auto& [name, value] : response.headers) append_field(head, name, value);
  if (persistence == Persistence::closes) head += "Connection: close\r\n";
  if (persistence == Persistence::stays_1_0) head += "Connection: keep-alive\r\n";
  head += "\r\n";
  return head;
}

}  // namespace alsace::io::http
