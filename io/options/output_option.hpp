#pragma once

#include <span>
#include <string>

namespace alsace::io {

/// Throws ErrorKind::usage when the file that `option` names is one of `inputs`, by this name or another. Empty names
/// are no files.
void refuse_input_as_output(const std::string& option, const std::string& output, std::span<const std::string> inputs);

}  // namespace alsace::io
