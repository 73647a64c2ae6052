#pragma once

#include <string>

namespace alsace::io {

/// The processor as /proc/cpuinfo names it, or "an unknown processor".
std::string processor_name();

}  // namespace alsace::io
