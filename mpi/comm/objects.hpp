#pragma once

#include <vector>

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/iostreams/device/array.hpp>
#include <boost/iostreams/device/back_inserter.hpp>
#include <boost/iostreams/stream.hpp>

#include "mpi/comm/collectives.hpp"

/// Control messages: any object that Boost.Serialization knows, as bytes over the typed collectives.
namespace alsace::mpi {

template <class T>
std::vector<char> to_bytes(const T& object) {
  std::vector<char> bytes;
  boost::iostreams::stream<boost::iostreams::back_insert_device<std::vector<char>>> stream(bytes);
  boost::archive::binary_oarchive(stream, boost::archive::no_header) << object;
  stream.flush();
  return bytes;
}

template <class T>
T from_bytes(std::span<const char> bytes) {
  T object;
  boost::iostreams::stream<boost::iostreams::array_source> stream(bytes.data(), bytes.size());
  boost::archive::binary_iarchive(stream, boost::archive::no_header) >> object;
  return object;
}

/// The root's object on every rank. Collective.
template <class T>
T broadcast_object(const Communicator& comm, const T& object, int root = 0) {
  std::vector<char> bytes;
  if (comm.rank() == root) bytes = to_bytes(object);
  broadcast_vector(comm, bytes, root);
  return comm.rank() == root ? object : from_bytes<T>(bytes);
}

/// Every rank's object, in rank order, on every rank. Collective.
template <class T>
std::vector<T> all_gather_objects(const Communicator& comm, const T& object) {
  const std::vector<char> mine = to_bytes(object);
  const auto sizes = all_gather(comm, static_cast<std::uint64_t>(mine.size()));
  const auto all = all_gather_vector<char>(comm, mine);
  std::vector<T> objects;
  std::size_t at = 0;
  for (const std::uint64_t size : sizes) {
    objects.push_back(from_bytes<T>(std::span(all).subspan(at, static_cast<std::size_t>(size))));
    at += static_cast<std::size_t>(size);
  }
  return objects;
}

}  // namespace alsace::mpi
