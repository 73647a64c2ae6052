#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <mpi.h>

namespace alsace::mpi {

template <class T>
inline constexpr bool unsupported = false;

/// The MPI datatype of an arithmetic C++ type, for reductions.
template <class T>
MPI_Datatype arithmetic_type() {
  if constexpr (std::is_same_v<T, float>)
    return MPI_FLOAT;
  else if constexpr (std::is_same_v<T, double>)
    return MPI_DOUBLE;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return MPI_INT32_T;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return MPI_INT64_T;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return MPI_UINT8_T;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return MPI_UINT32_T;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return MPI_UINT64_T;
  else
    static_assert(unsupported<T>, "no MPI datatype for this type");
}

/// A committed datatype of `bytes` contiguous bytes, for moving elements and factor rows: counts and displacements then
/// count elements, which keeps them within the int that Open MPI 4.1 takes. Freed by the destructor.
class ElementType {
 public:
  explicit ElementType(std::size_t bytes) : ElementType(bytes, bytes) {}
  /// The first `bytes` of every `stride` bytes.
  ElementType(std::size_t bytes, std::size_t stride);
  ~ElementType();
  ElementType(const ElementType&) = delete;
  ElementType& operator=(const ElementType&) = delete;
  [[nodiscard]] MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

}  // namespace alsace::mpi
