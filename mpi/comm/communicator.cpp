#include "mpi/comm/communicator.hpp"

#include <climits>
#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/datatype.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(ErrorKind::internal, fmt::format("{} failed: {}", call, std::string(text, static_cast<size_t>(length))));
}

ElementType::ElementType(std::size_t bytes, std::size_t stride) {
  ALSACE_CHECK(bytes <= stride && bytes <= static_cast<std::size_t>(INT_MAX),
               fmt::format("an element of {} of every {} bytes", bytes, stride));
  check_mpi(MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &type_), "MPI_Type_contiguous");
  if (stride != bytes) {
    MPI_Datatype whole = type_;
    check_mpi(MPI_Type_create_resized(whole, 0, static_cast<MPI_Aint>(stride), &type_), "MPI_Type_create_resized");
    check_mpi(MPI_Type_free(&whole), "MPI_Type_free");
  }
  check_mpi(MPI_Type_commit(&type_), "MPI_Type_commit");
}

ElementType::~ElementType() {
  MPI_Type_free(&type_);
}

Environment::Environment(int& argc, char**& argv) {
  int provided = 0;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  ALSACE_CHECK(provided >= MPI_THREAD_FUNNELED, "this MPI was built without thread support");
}

Environment::~Environment() {
  if (std::uncaught_exceptions() == 0) MPI_Finalize();
}

Communicator::Communicator(MPI_Comm comm) : comm_(comm) {
  check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
}

Communicator Communicator::world() {
  MPI_Comm comm = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
  return Communicator(comm);
}

Communicator Communicator::split(int color, int key) const {
  MPI_Comm comm = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(comm_, color, key, &comm), "MPI_Comm_split");
  return Communicator(comm);
}

Communicator Communicator::split_by_host() const {
  MPI_Comm comm = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &comm), "MPI_Comm_split_type");
  return Communicator(comm);
}

Communicator::Communicator(Communicator&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_) {}

Communicator& Communicator::operator=(Communicator&& other) noexcept {
  std::swap(comm_, other.comm_);
  std::swap(rank_, other.rank_);
  std::swap(size_, other.size_);
  return *this;
}

Communicator::~Communicator() {
  if (comm_ != MPI_COMM_NULL && std::uncaught_exceptions() == 0) MPI_Comm_free(&comm_);
}

void Communicator::run_together(const std::function<void()>& work) const {
  std::string message;
  auto kind = ErrorKind::internal;
  int failed_rank = size_;
  try {
    work();
  } catch (const Error& error) {
    kind = error.kind();
    message = error.what();
    failed_rank = rank_;
  } catch (const std::exception& error) {
    message = error.what();
    failed_rank = rank_;
  }

  const int first = all_reduce_min(*this, failed_rank);
  if (first == size_) return;
  std::vector<char> text(message.begin(), message.end());
  broadcast_vector(*this, text, first);
  kind = broadcast_value(*this, kind, first);
  throw AgreedError(kind, std::string(text.begin(), text.end()));
}

}  // namespace alsace::mpi
