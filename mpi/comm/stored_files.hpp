#pragma once

#include <boost/serialization/string.hpp>

#include "io/store/manifest.hpp"

/// Lets the record of a written file travel between ranks (see objects.hpp).
namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, alsace::RowRange& range, unsigned /*version*/) {
  archive& range.begin& range.end;
}

template <class Archive>
void serialize(Archive& archive, alsace::io::StoredFile& file, unsigned /*version*/) {
  archive& file.name& file.bytes& file.xxh3_128& file.users& file.items& file.interactions;
}

}  // namespace boost::serialization
