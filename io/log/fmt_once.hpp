#pragma once

#include <fmt/format.h>

// spdlog and fmt::format_to name a function of fmt's inside, so that every file which logs would compile all of fmt's
// formatting of numbers again: 5 to 10 s a file. libfmt has that function too. Part of the precompiled headers; without
// it, or with another version of fmt, everything compiles as well, only slower.
#if FMT_VERSION / 10000 == 9 && !defined(FMT_HEADER_ONLY)
namespace fmt::detail {
extern template void vformat_to<char>(buffer<char>&, basic_string_view<char>, basic_format_args<buffer_context<char>>,
                                      locale_ref);
}  // namespace fmt::detail
#endif
