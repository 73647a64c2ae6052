#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

namespace alsace {

/// Numbers aligned to 64 bytes, a cache line and the widest vector, so that threads never share the line of an end.
template <class Number>
class AlignedArray {
 public:
  /// All zero.
  explicit AlignedArray(std::size_t count) : AlignedArray(count, Uninitialized()) {
    std::fill_n(data_, count, Number{});
  }
  /// Left as the system gives it, so that the threads that write it first place its pages.
  static AlignedArray uninitialized(std::size_t count) { return AlignedArray(count, Uninitialized()); }

  ~AlignedArray() { ::operator delete(data_, alignment); }
  AlignedArray(AlignedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedArray& operator=(AlignedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  AlignedArray(const AlignedArray&) = delete;
  AlignedArray& operator=(const AlignedArray&) = delete;

  [[nodiscard]] Number* data() { return data_; }
  [[nodiscard]] const Number* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Uninitialized {};
  static constexpr std::align_val_t alignment{64};
  AlignedArray(std::size_t count, Uninitialized /*tag*/)
      : data_(static_cast<Number*>(::operator new(count * sizeof(Number), alignment))), size_(count) {}

  Number* data_;
  std::size_t size_;
};

using AlignedFloats = AlignedArray<float>;

}  // namespace alsace
