#include "io/store/file_hash.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include "io/store/atomic_publish.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

std::string to_hex(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

/// Hashes a file from its beginning on, as it is read.
class HashingReader {
 public:
  explicit HashingReader(const FileDescriptor& file) : file_(file), state_(XXH3_createState()) {
    XXH3_128bits_reset(state_.get());
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // reads ahead twice as far: twice as fast from a disk
  }

  /// The next `size` bytes, fewer only at the end; nothing, and errno set, when reading fails. They live until the next
  /// call.
  std::optional<std::string_view> next(std::size_t size) {
    if (buffer_.size() < size) buffer_.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::read(file_.get(), buffer_.data() + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::nullopt;
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    XXH3_128bits_update(state_.get(), buffer_.data(), done);
    bytes_ += done;
    return std::string_view(buffer_.data(), done);
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] FileDigest digest() const { return {bytes_, to_hex(XXH3_128bits_digest(state_.get()))}; }

 private:
  const FileDescriptor& file_;
  std::unique_ptr<XXH3_state_t, FreeState> state_;
  std::vector<char> buffer_;
  std::uint64_t bytes_ = 0;
};

constexpr std::size_t step = std::size_t{1} << 20;

/// Nothing, and errno set, when reading fails.
std::optional<ReadBack> read_and_compare(const FileDescriptor& file, std::span<const FilePiece> pieces) {
  HashingReader reader(file);
  ReadBack result;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const FilePiece& piece = pieces[i];
    while (reader.bytes() < piece.begin) {
      const auto between =
          reader.next(static_cast<std::size_t>(std::min<std::uint64_t>(step, piece.begin - reader.bytes())));
      if (!between) return std::nullopt;
      if (between->empty()) break;
    }
    const auto bytes = reader.next(static_cast<std::size_t>(piece.bytes));
    if (!bytes) return std::nullopt;
    const bool right = bytes->size() == piece.bytes && hash_of(*bytes) == piece.xxh3_128;
    if (!right && !result.wrong_piece) result.wrong_piece = i;
  }
  for (;;) {
    const auto rest = reader.next(step);
    if (!rest) return std::nullopt;
    if (rest->empty()) break;
  }
  result.digest = reader.digest();
  return result;
}

}  // namespace

std::string hash_of(std::string_view bytes) {
  return to_hex(XXH3_128bits(bytes.data(), bytes.size()));
}

ReadBack read_back(const std::filesystem::path& file, std::span<const FilePiece> pieces) {
  const FileDescriptor descriptor = FileDescriptor::open(file, O_RDONLY | O_NOFOLLOW);
  auto result = read_and_compare(descriptor, pieces);
  if (!result) throw storage_error(fmt::format("{}: reading failed: {}", file.string(), std::strerror(errno)));
  return *std::move(result);
}

FileDigest digest_of(const std::filesystem::path& file) {
  return read_back(file, {}).digest;
}

std::string hash_of_input(const std::filesystem::path& file) {
  const FileDescriptor descriptor = FileDescriptor::try_open(file, O_RDONLY);
  const auto read = descriptor.get() < 0 ? std::nullopt : read_and_compare(descriptor, {});
  if (!read) throw input_error(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
  return read->digest.xxh3_128;
}

}  // namespace alsace::io
