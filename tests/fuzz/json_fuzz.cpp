#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/json_run.hpp"

/// libFuzzer's entry; see run.sh.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string problem = alsace::fuzz::run_json({reinterpret_cast<const char*>(data), size});
  if (problem.empty()) return 0;
  std::fprintf(stderr, "%s\n", problem.c_str());
  std::abort();
}
