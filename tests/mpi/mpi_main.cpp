#include <string>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/communicator.hpp"

namespace {

/// Rank 0 prints as usual; the others print their failures alone.
class FailuresOnly : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank failure: %s:%d: %s\n", result.file_name() == nullptr ? "?" : result.file_name(),
                 result.line_number(), result.message());
  }
};

}  // namespace

int main(int argc, char** argv) {
  alsace::mpi::Environment environment(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  const auto world = alsace::mpi::Communicator::world();
  if (!world.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailuresOnly);
  }
  const int mine = RUN_ALL_TESTS();
  return alsace::mpi::all_reduce_max(world, mine);
}
