#pragma once

#include <span>
#include <string>

namespace alsace::io {

/// Throws ErrorKind::usage when the file that `option` names is one of `inputs`, by this name or another, or a place
/// where refuse_store has none. Empty names are no files, and "-" is none to write to.
void check_output(const std::string& option, const std::string& output, std::span<const std::string> inputs);

}  // namespace alsace::io
