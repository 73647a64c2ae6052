#include "io/readers/input_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <boost/iostreams/filter/gzip.hpp>
#include <fmt/format.h>

#include "io/paths.hpp"
#include "src/error.hpp"

namespace alsace::io {

namespace {

std::ifstream open(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw input_error(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  return file;
}

}  // namespace

InputFile inspect_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw input_error(
        fmt::format("{}: is a directory and no data set, expected a data set or a file of interactions", path));
  }
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw input_error(fmt::format("{}: is a pipe or a device, expected a file, which can be read in parts", path));
  }
  std::ifstream file = open(path);
  std::array<char, 2> magic{};
  file.read(magic.data(), 2);
  InputFile result;
  result.compressed = file.gcount() == 2 && magic[0] == '\x1f' && magic[1] == '\x8b';
  file.clear();
  file.seekg(0, std::ios::end);
  result.bytes = static_cast<std::uint64_t>(file.tellg());
  if (result.bytes == 0) throw input_error(fmt::format("{}: is empty, expected rows of interactions", path));
  if (!result.compressed && path.ends_with(".gz")) {
    throw input_error(fmt::format("{}: is no gzip file, expected one by its name", path));
  }
  return result;
}

void refuse_repeated_inputs(std::span<const std::string> inputs) {
  NamedFiles before;
  for (const std::string& input : inputs) {
    if (const std::string* const first = before.find(input)) {
      throw usage_error(fmt::format("{}: is {}, expected each input once; if its rows are to count twice, give a copy",
                                    input,
                                    *first == input ? "given twice" : fmt::format("the same file as {}", *first)));
    }
    before.add(input);
  }
}

TextSource::TextSource(const std::string& path, bool compressed, std::uint64_t begin)
    : file_(open(path)), compressed_(compressed) {
  ALSACE_CHECK(begin == 0 || !compressed, "a compressed file is read from its start");
  if (compressed) {
    stream_.push(boost::iostreams::gzip_decompressor());
    stream_.push(file_);
  } else {
    file_.seekg(static_cast<std::streamoff>(begin));
  }
}

std::size_t TextSource::read(char* to, std::size_t size) {
  if (!problem_.empty()) return 0;
  if (!compressed_) {
    file_.read(to, static_cast<std::streamsize>(size));
    if (file_.bad()) problem_ = fmt::format("reading failed: {}", std::strerror(errno));
    return static_cast<std::size_t>(file_.gcount());
  }
  // Small steps, so that what was decompressed before an error is not lost.
  constexpr std::size_t step = 4096;
  std::size_t done = 0;
  try {
    while (done < size) {
      const auto got = stream_.sgetn(to + done, static_cast<std::streamsize>(std::min(step, size - done)));
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
  } catch (const boost::iostreams::gzip_error&) {
    problem_ = "gzip data = damaged or cut off here, expected a complete gzip file";
  } catch (const std::ios_base::failure&) {
    problem_ = "gzip data = damaged or cut off here, expected a complete gzip file";
  }
  return done;
}

std::uint64_t LineCounter::line_of(std::uint64_t position) {
  ALSACE_CHECK(position >= position_, "positions ascend");
  std::vector<char> buffer(std::size_t{1} << 16);
  while (position_ < position) {
    const std::size_t got = source_.read(buffer.data(), std::min<std::uint64_t>(buffer.size(), position - position_));
    if (got == 0) break;
    newlines_ +=
        static_cast<std::uint64_t>(std::count(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got), '\n'));
    position_ += got;
  }
  return newlines_ + 1;
}

}  // namespace alsace::io
