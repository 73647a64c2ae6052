#include "io/store/shard_writer.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>

#include "io/store/fletcher32.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

/// Chunks after which the kernel is told to write: the disk then works while the next ones are made.
constexpr std::uint64_t chunks_of_a_push = 16;

bool has_filters(hdf5::ElementType type) {
  return type.kind == hdf5::ElementType::Kind::text;
}

/// Calls `work` for the rows of each chunk of a dataset.
template <class Work>
void for_each_chunk(hdf5::ElementType type, const hdf5::Shape& shape, const Work& work) {
  const std::uint64_t step = hdf5::chunk_rows(type, shape);
  for (std::uint64_t begin = 0; begin < shape.rows; begin += step) {
    work(RowRange{begin, std::min(begin + step, shape.rows)});
  }
}

std::string hash_of_bytes(const void* bytes, std::size_t count) {
  return hash_of({static_cast<const char*>(bytes), count});
}

}  // namespace

Column array_column(std::string path, hdf5::ElementType type, hdf5::Shape shape, const void* data) {
  const std::size_t row_bytes = static_cast<std::size_t>(type.bytes * shape.row_elements());
  return {std::move(path), type, shape, [data, row_bytes](RowRange rows, std::vector<char>&) -> const void* {
            return static_cast<const char*>(data) + static_cast<std::size_t>(rows.begin) * row_bytes;
          }};
}

Column id_column(std::string path, const IdList& ids, std::uint64_t width) {
  ALSACE_CHECK(ids.longest() <= width, fmt::format("{}: id of {} bytes, width {}", path, ids.longest(), width));
  return {std::move(path),
          hdf5::ElementType::text(width),
          {ids.size(), 0},
          [&ids, width](RowRange rows, std::vector<char>& scratch) -> const void* {
            scratch.assign(static_cast<std::size_t>(rows.size() * width), '\0');
            for (std::uint64_t row = rows.begin; row < rows.end; ++row) {
              const std::string_view id = ids[static_cast<std::size_t>(row)];
              std::copy(id.begin(), id.end(), scratch.data() + (row - rows.begin) * width);
            }
            return scratch.data();
          }};
}

Column offset_column(std::string path, std::span<const std::uint64_t> offsets, std::uint64_t before) {
  return {std::move(path),
          hdf5::uint64,
          {offsets.size(), 0},
          [offsets, before](RowRange rows, std::vector<char>& scratch) -> const void* {
            scratch.resize(static_cast<std::size_t>(rows.size()) * sizeof(std::uint64_t));
            char* to = scratch.data();
            for (std::uint64_t row = rows.begin; row < rows.end; ++row, to += sizeof(std::uint64_t)) {
              const std::uint64_t offset = offsets[static_cast<std::size_t>(row)] + before;
              std::memcpy(to, &offset, sizeof(offset));
            }
            return scratch.data();
          }};
}

ShardFileWriter::ShardFileWriter(std::filesystem::path file)
    : path_(std::move(file)),
      name_(path_.string()),
      file_(hdf5::create_file(path_)),
      descriptor_(FileDescriptor::open(path_, O_RDONLY)) {}

ShardFileWriter::~ShardFileWriter() {
  hdf5::initialize();  // the thread that closes what an error left open may be new to HDF5
}

void ShardFileWriter::write(const Column& column) {
  hdf5::initialize();
  const std::string where = name_ + ":" + column.path;
  hdf5::Dataset dataset = hdf5::create_dataset(file_, name_, column.path, column.type, column.shape);
  Written written{column.path, column.type, column.shape, {}};
  if (has_filters(column.type)) {
    write_filtered(dataset, column, where, written);
  } else {
    write_checked(dataset, column, where, written);
  }
  dataset.close(where, "writing");
  start_writing_back(descriptor_);
  written_.push_back(std::move(written));
}

/// Chunks of numbers, made here with their checksums: the bytes that HDF5's filters would make, with fewer copies.
void ShardFileWriter::write_checked(const hdf5::Dataset& dataset, const Column& column, const std::string& where,
                                    Written& written) {
  const std::size_t row_bytes = static_cast<std::size_t>(column.type.bytes * column.shape.row_elements());
  const std::size_t bytes = static_cast<std::size_t>(hdf5::chunk_rows(column.type, column.shape)) * row_bytes;
  for_each_chunk(column.type, column.shape, [&](RowRange rows) {
    const std::size_t used = static_cast<std::size_t>(rows.size()) * row_bytes;
    chunk_.resize(bytes + sizeof(std::uint32_t));
    std::memcpy(chunk_.data(), column.rows(rows, scratch_), used);
    std::memset(chunk_.data() + used, 0, bytes - used);
    const std::uint32_t checksum = fletcher32({chunk_.data(), bytes});
    for (std::size_t i = 0; i < sizeof(checksum); ++i) chunk_[bytes + i] = static_cast<char>(checksum >> (8 * i));
    hdf5::write_chunk(dataset, where, column.shape, rows.begin, chunk_);
    const hdf5::ChunkPlace place = hdf5::chunk_place(dataset, where, column.shape, rows.begin);
    written.chunks.push_back({place.begin, place.bytes, hash_of_bytes(chunk_.data(), chunk_.size())});
    if (written.chunks.size() % chunks_of_a_push == 0) start_writing_back(descriptor_);
  });
}

void ShardFileWriter::write_filtered(const hdf5::Dataset& dataset, const Column& column, const std::string& where,
                                     Written& written) {
  const std::size_t row_bytes = static_cast<std::size_t>(column.type.bytes * column.shape.row_elements());
  for_each_chunk(column.type, column.shape, [&](RowRange rows) {
    const void* bytes = column.rows(rows, scratch_);
    hdf5::write_rows(dataset, where, column.type, column.shape, rows, bytes);
    const std::size_t count = static_cast<std::size_t>(rows.size()) * row_bytes;
    written.chunks.push_back({0, count, hash_of_bytes(bytes, count)});
  });
}

FileDigest ShardFileWriter::finish(const std::string& alias) {
  hdf5::initialize();
  for (const Written& written : written_) {
    if (alias.empty()) break;
    const std::string link = alias + written.path;
    hdf5::make_groups(file_, name_, link);
    hdf5::check(H5Lcreate_hard(file_.get(), written.path.c_str(), file_.get(), link.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                name_ + ":" + link, "making the link");
  }
  hdf5::check(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), name_, "writing");
  file_.close(name_, "closing");
  sync_and_drop(path_);

  FileDigest digest = read_back_chunks();
  const hdf5::File stored = hdf5::open_file(path_);
  for (const Written& written : written_) compare(stored, written);
  return digest;
}

/// Compares the chunks of numbers, as they are stored, in the order in which they are.
FileDigest ShardFileWriter::read_back_chunks() const {
  struct Chunk {
    FilePiece piece;
    const Written* dataset;
    std::uint64_t number;
  };
  std::vector<Chunk> chunks;
  for (const Written& written : written_) {
    if (has_filters(written.type)) continue;
    for (std::size_t i = 0; i < written.chunks.size(); ++i) chunks.push_back({written.chunks[i], &written, i});
  }
  std::sort(chunks.begin(), chunks.end(), [](const Chunk& a, const Chunk& b) { return a.piece.begin < b.piece.begin; });
  std::vector<FilePiece> pieces;
  pieces.reserve(chunks.size());
  for (const Chunk& chunk : chunks) pieces.push_back(chunk.piece);

  const ReadBack read = read_back(path_, pieces);
  if (read.wrong_piece) {
    const Chunk& wrong = chunks[*read.wrong_piece];
    throw_differs(*wrong.dataset, wrong.number);
  }
  return read.digest;
}

/// Compares what the file says of a dataset; of text, its rows as well.
void ShardFileWriter::compare(const hdf5::File& file, const Written& written) {
  const std::string where = name_ + ":" + written.path;
  const hdf5::Dataset dataset = hdf5::open_dataset(file, name_, written.path, written.type, written.shape);
  std::size_t next = 0;
  for_each_chunk(written.type, written.shape, [&](RowRange rows) {
    const FilePiece& chunk = written.chunks[next];
    bool same = false;
    if (has_filters(written.type)) {
      chunk_.resize(static_cast<std::size_t>(chunk.bytes));
      hdf5::read_rows(dataset, where, written.type, written.shape, rows, chunk_.data());
      same = hash_of_bytes(chunk_.data(), chunk_.size()) == chunk.xxh3_128;
    } else {
      const hdf5::ChunkPlace place{chunk.begin, chunk.bytes};
      same = hdf5::chunk_place(dataset, where, written.shape, rows.begin) == place;
    }
    if (!same) throw_differs(written, next);
    ++next;
  });
}

void ShardFileWriter::throw_differs(const Written& written, std::uint64_t chunk) const {
  const std::uint64_t step = hdf5::chunk_rows(written.type, written.shape);
  throw storage_error(fmt::format("{}:{}: rows {} to {} read back differ from what was written", name_, written.path,
                                  chunk * step, std::min((chunk + 1) * step, written.shape.rows)));
}

}  // namespace alsace::io
