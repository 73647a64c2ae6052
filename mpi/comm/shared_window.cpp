#include "mpi/comm/shared_window.hpp"

#include <cstdint>
#include <exception>
#include <utility>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

constexpr std::size_t alignment = 64;

}  // namespace

SharedWindow::SharedWindow(Communicator host, std::size_t bytes) : host_(std::move(host)) {
  void* base = nullptr;
  // MPI promises no alignment: some room to align the address. Pages are mapped as pages, so all ranks skip as much.
  const auto size = host_.is_root() ? static_cast<MPI_Aint>(bytes + alignment) : 0;
  check_mpi(MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, host_.get(), &base, &window_), "MPI_Win_allocate_shared");
  check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all");
  MPI_Aint found = 0;
  int unit = 0;
  check_mpi(MPI_Win_shared_query(window_, 0, &found, &unit, static_cast<void*>(&base)), "MPI_Win_shared_query");
  const std::size_t past = reinterpret_cast<std::uintptr_t>(base) % alignment;
  data_ = static_cast<std::byte*>(base) + (alignment - past) % alignment;
}

SharedWindow::SharedWindow(SharedWindow&& other) noexcept
    : host_(std::move(other.host_)),
      window_(std::exchange(other.window_, MPI_WIN_NULL)),
      data_(std::exchange(other.data_, nullptr)) {}

SharedWindow::~SharedWindow() {
  // Collective, so not while an exception unwinds, which maybe one rank alone threw.
  if (window_ == MPI_WIN_NULL || std::uncaught_exceptions() > 0) return;
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

void SharedWindow::synchronize() const {
  check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
  barrier(host_);
  check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
}

}  // namespace alsace::mpi
