#include <mutex>

#include <fmt/format.h>

#include "io/store/hdf5_handle.hpp"
#include "src/error.hpp"

namespace alsace::io::hdf5 {
namespace {

/// Called from the outermost frame of the stack to the innermost: the last description that is kept is the cause.
herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr && *error->desc != '\0') *static_cast<std::string*>(text) = error->desc;
  return 0;
}

/// HDF5 tells of a failed system call on two lines with the time, addresses and sizes: the system's own words are
/// enough.
std::string reason_in(const std::string& description) {
  const std::string opening = "error message = '";
  const std::size_t found = description.find(opening);
  if (found == std::string::npos) return description;
  const std::size_t begin = found + opening.size();
  return description.substr(begin, description.find('\'', begin) - begin);
}

}  // namespace

void fail(const std::string& where, const std::string& what) {
  std::string innermost;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, &innermost);
  H5Eclear2(H5E_DEFAULT);
  throw storage_error(
      fmt::format("{}: {} failed{}{}", where, what, innermost.empty() ? "" : ": ", reason_in(innermost)));
}

void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    H5dont_atexit();
    H5open();
  });
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // a setting of the thread
}

}  // namespace alsace::io::hdf5
