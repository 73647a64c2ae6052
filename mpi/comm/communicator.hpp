#pragma once

#include <functional>

#include <mpi.h>

#include "src/error.hpp"

namespace alsace::mpi {

/// An error that every rank throws at the same place: the ranks can end in order, and one of them speaks for all.
class AgreedError : public Error {
 public:
  using Error::Error;
  explicit AgreedError(const Error& error) : Error(error) {}
};

/// MPI_Init_thread(FUNNELED) … MPI_Finalize around a command. While an exception unwinds, the destructor calls neither
/// MPI_Finalize (it would hang where one rank alone throws) nor anything else: main decides then.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
};

/// A group of ranks with a message space of its own. Errors of MPI calls become ErrorKind::internal.
class Communicator {
 public:
  /// Duplicates MPI_COMM_WORLD. Collective.
  static Communicator world();

  /// Ranks of equal `color` in the order of `key`. Collective.
  [[nodiscard]] Communicator split(int color, int key) const;

  /// The ranks on this rank's host. Collective.
  [[nodiscard]] Communicator split_by_host() const;

  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&& other) noexcept;
  ~Communicator();

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] bool is_root() const { return rank_ == 0; }
  [[nodiscard]] MPI_Comm get() const { return comm_; }

  /// Runs `work` on every rank and waits for all. Where it threw on some, every rank throws the error of the lowest
  /// such rank, with its kind and its text. `work` may be local, or collective as long as no rank can throw between two
  /// of its collectives. Collective: one allreduce of 4 bytes when all goes well.
  void run_together(const std::function<void()>& work) const;

 private:
  explicit Communicator(MPI_Comm comm);
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
};

/// Throws ErrorKind::internal with MPI's own text unless `code` is MPI_SUCCESS.
void check_mpi(int code, const char* call);

}  // namespace alsace::mpi
