#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/http_run.hpp"

/// The page's text is made by the build; any will do here.
namespace alsace::io::assets {
extern const std::string_view page_html;
extern const std::string_view page_js;
extern const std::string_view page_css;
const std::string_view page_html = "<!doctype html>";
const std::string_view page_js = "'use strict';";
const std::string_view page_css = "body {}";
}  // namespace alsace::io::assets

/// libFuzzer's entry; see run.sh.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string problem = alsace::fuzz::run_http({reinterpret_cast<const char*>(data), size});
  if (problem.empty()) return 0;
  std::fprintf(stderr, "%s\n", problem.c_str());
  std::abort();
}
