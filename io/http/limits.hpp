#pragma once

#include <chrono>
#include <cstddef>

namespace alsace::io::http {

/// What a client may cost. Every limit has an answer of its own; none of them can be switched off.
struct Limits {
  std::size_t body_bytes = std::size_t{1} << 20;      ///< 413 beyond
  std::size_t header_bytes = std::size_t{16} << 10;   ///< request line and header fields together; 431 beyond
  std::size_t header_fields = 100;                    ///< 431 beyond
  std::size_t connections = 4096;                     ///< one more is answered 503 and closed
  std::size_t unread_bytes = std::size_t{256} << 20;  ///< of long answers not taken yet, all together; 503
  std::chrono::milliseconds header_time{5'000};       ///< to a header's end from its first byte, 408, or the connection
  std::chrono::milliseconds body_time{10'000};        ///< from there to the body's end; 408
  std::chrono::milliseconds idle_time{75'000};        ///< between requests; closed without a word
  std::chrono::milliseconds write_time{10'000};       ///< a client that does not read is closed
  std::chrono::milliseconds deadline{1'000};          ///< from a request's end to the start of its answer; 504
};

}  // namespace alsace::io::http
