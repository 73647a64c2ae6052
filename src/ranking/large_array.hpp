#pragma once

#include <cstddef>
#include <new>

namespace alsace {

/// Asks for huge pages in memory that has not been touched; see io/system.hpp, which src/ cannot call.
using PageAdvice = void (*)(void* pages, std::size_t bytes);

/// Numbers that are not initialized, aligned to a cache line, or to huge pages where there are as many: a scan of a
/// gigabyte in small pages runs at half the speed of memory.
template <class Number>
class LargeArray {
 public:
  /// `advice` may be null.
  LargeArray(std::size_t count, PageAdvice advice)
      : alignment_(count * sizeof(Number) >= huge_page ? huge_page : cache_line),
        data_(static_cast<Number*>(::operator new (count * sizeof(Number), std::align_val_t{alignment_}))) {
    constexpr std::size_t page = 4096;
    if (advice != nullptr && alignment_ == huge_page) advice(data_, count * sizeof(Number) / page * page);
  }
  ~LargeArray() { ::operator delete (data_, std::align_val_t{alignment_}); }
  LargeArray(LargeArray&& other) noexcept : alignment_(other.alignment_), data_(other.data_) { other.data_ = nullptr; }
  LargeArray(const LargeArray&) = delete;
  LargeArray& operator=(const LargeArray&) = delete;
  LargeArray& operator=(LargeArray&&) = delete;

  [[nodiscard]] Number* data() { return data_; }
  [[nodiscard]] const Number* data() const { return data_; }

 private:
  static constexpr std::size_t huge_page = std::size_t{2} << 20;
  static constexpr std::size_t cache_line = 64;
  std::size_t alignment_;
  Number* data_;
};

}  // namespace alsace
