#include "mpi/serving/serving_rank.hpp"

#include <utility>

#include "io/system.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/serving/messages.hpp"

namespace alsace::mpi {

ServingRank::ServingRank(const Communicator& comm, const KernelTable& kernels, int threads,
                         const std::filesystem::path& item_info)
    : comm_(comm), kernels_(kernels), threads_(threads), loader_(comm, item_info) {}

void ServingRank::begin_load(const std::filesystem::path& checkpoint) {
  loader_.begin(checkpoint);
  loading_ = true;
}

ServingRank::LoadStep ServingRank::load_step() {
  ModelLoader::Progress progress = loader_.step();
  if (progress.state == ModelLoader::Progress::State::running) return {progress.state, ""};
  loading_ = false;
  if (progress.state == ModelLoader::Progress::State::refused && !model_) {
    throw AgreedError(Error(progress.kind, progress.reason));
  }
  if (progress.state == ModelLoader::Progress::State::loaded) model_ = std::move(progress.model);
  io::release_free_memory();
  return {progress.state, progress.reason};
}

BatchAnswer ServingRank::answer(const std::vector<ScoringMessage>& messages) const {
  return answer_batch(comm_, kernels_, threads_, *model_, messages);
}

void serve_as_scorer(ServingRank& rank, Doorbell& doorbell, const io::StopSignals& signals) {
  const auto pass_on = [&] {
    if (signals.token().stop_requested()) doorbell.ask_to_end();
  };
  for (;;) {
    const auto command = from_bytes<Command>(doorbell.wait(pass_on));
    switch (command.kind) {
      case Command::Kind::answer:
        (void)rank.answer(command.messages);
        break;
      case Command::Kind::load:
        rank.begin_load(command.checkpoint);
        break;
      case Command::Kind::load_step:
        rank.load_step();
        break;
      case Command::Kind::end:
        return;
    }
  }
}

}  // namespace alsace::mpi
