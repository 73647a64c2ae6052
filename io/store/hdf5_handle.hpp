#pragma once

#include <string>
#include <utility>

#include <hdf5.h>

namespace alsace::io::hdf5 {

/// Throws ErrorKind::storage: `<where>: <what>: <innermost message of HDF5's error stack>`, with the system's text when
/// a system call failed. Clears the stack. `where`: file, or file and dataset path.
[[noreturn]] void fail(const std::string& where, const std::string& what);

/// Stops HDF5 from printing its error stack and from touching files at exit (a file whose last write failed would be
/// flushed once more there). To be called before anything else of HDF5; cheap.
void initialize();

/// Throws like fail() when an HDF5 call says that it failed.
inline herr_t check(herr_t status, const std::string& where, const char* what) {
  if (status < 0) fail(where, what);
  return status;
}

/// Owns one HDF5 identifier. `Close` is the H5?close function of its kind. The destructor closes without a word (an
/// error is on its way already); close() reports.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  /// Takes `id`; throws like fail() when it is not valid.
  Handle(hid_t id, const std::string& where, const char* what) : id_(id) {
    if (id_ < 0) fail(where, what);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) Close(id_);
  }

  [[nodiscard]] hid_t get() const { return id_; }

  /// Closes now; throws like fail(). What was written may reach the file only here.
  void close(const std::string& where, const char* what) {
    const hid_t id = std::exchange(id_, H5I_INVALID_HID);
    if (id >= 0) check(Close(id), where, what);
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using Space = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using Properties = Handle<H5Pclose>;

}  // namespace alsace::io::hdf5
