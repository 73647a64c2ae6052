#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace alsace::bench {

/// Numbers aligned to 64 bytes, zero at first. For loops that load whole vectors.
template <class Number>
class AlignedArray {
 public:
  explicit AlignedArray(std::size_t count)
      : data_(static_cast<Number*>(::operator new(count * sizeof(Number), alignment))), size_(count) {
    std::uninitialized_fill_n(data_.get(), count, Number{});
  }
  [[nodiscard]] Number* data() { return data_.get(); }
  [[nodiscard]] const Number* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(Number* data) const { ::operator delete(data, alignment); }
  };
  std::unique_ptr<Number, Free> data_;
  std::size_t size_;
};

}  // namespace alsace::bench
