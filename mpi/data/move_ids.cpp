#include "mpi/data/move_ids.hpp"

#include <string_view>
#include <vector>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

struct Flat {
  std::vector<char> bytes;
  std::vector<std::uint32_t> lengths;
};

Flat flatten(const IdList& ids) {
  Flat flat;
  flat.lengths.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string_view id = ids[i];
    flat.bytes.insert(flat.bytes.end(), id.begin(), id.end());
    flat.lengths.push_back(static_cast<std::uint32_t>(id.size()));
  }
  return flat;
}

IdList unflatten(const std::vector<char>& bytes, const std::vector<std::uint32_t>& lengths) {
  IdList ids;
  ids.reserve(lengths.size(), bytes.size());
  std::size_t at = 0;
  for (const std::uint32_t length : lengths) {
    ids.push_back(std::string_view(bytes.data() + at, length));
    at += length;
  }
  return ids;
}

}  // namespace

ReceivedIds all_to_all_ids(const Communicator& comm, const IdList& ids, std::span<const std::uint64_t> send_counts) {
  const Flat flat = flatten(ids);
  std::vector<std::uint64_t> byte_counts;
  std::size_t at = 0;
  for (const std::uint64_t count : send_counts) {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) bytes += flat.lengths[at++];
    byte_counts.push_back(bytes);
  }
  Received<std::uint32_t> lengths = all_to_all<std::uint32_t>(comm, flat.lengths, send_counts);
  const Received<char> bytes = all_to_all<char>(comm, flat.bytes, byte_counts);
  return {unflatten(bytes.elements, lengths.elements), std::move(lengths.counts)};
}

IdList all_gather_ids(const Communicator& comm, const IdList& mine) {
  const Flat flat = flatten(mine);
  const auto lengths = all_gather_vector<std::uint32_t>(comm, flat.lengths);
  const auto bytes = all_gather_vector<char>(comm, flat.bytes);
  return unflatten(bytes, lengths);
}

}  // namespace alsace::mpi
