#include "mpi/serving/model_loader.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <boost/serialization/string.hpp>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"

namespace alsace::mpi {
namespace {

/// What a rank tells the others of its step.
enum class Report : int { done, running, failed };

struct Complaint {
  int kind = 0;
  std::string text;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& kind& text;
  }
};

}  // namespace

ModelLoader::ModelLoader(const Communicator& comm, std::filesystem::path item_info)
    : comm_(comm), item_info_(std::move(item_info)) {}

void ModelLoader::begin(const std::filesystem::path& checkpoint) {
  ALSACE_CHECK(!work_.valid(), "one load at a time");
  checkpoint_ = checkpoint;
  start(Phase::verifying);
}

void ModelLoader::start(Phase phase) {
  phase_ = phase;
  std::packaged_task<Result()> task(
      [phase, checkpoint = checkpoint_, item_info = item_info_, rank = comm_.rank(), ranks = comm_.size()] {
        Result result;
        try {
          if (phase == Phase::verifying) {
            io::ModelReader(checkpoint).verify_files(rank, ranks);
          } else {
            result.model = read_rank_model(checkpoint, item_info, rank, ranks);
          }
        } catch (const Error& error) {
          result.error = error;
        } catch (const std::exception& error) {  // no memory, above all
          result.error = Error(ErrorKind::internal, error.what());
        }
        return result;
      });
  work_ = task.get_future();
  std::thread(std::move(task)).detach();  // nothing can interrupt it, and nobody may have to wait for it to end
}

ModelLoader::Progress ModelLoader::step() {
  std::optional<Result> result;
  if (work_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) result = work_.get();
  Report mine = Report::running;
  if (result) mine = result->error ? Report::failed : Report::done;
  const auto reports = all_gather(comm_, mine);
  // Who is ready before the others keeps its result until all are.
  if (std::find(reports.begin(), reports.end(), Report::running) != reports.end()) {
    if (result) {
      std::promise<Result> kept;
      kept.set_value(std::move(*result));
      work_ = kept.get_future();
    }
    return {};
  }
  if (std::find(reports.begin(), reports.end(), Report::failed) != reports.end()) {
    Complaint complaint;
    if (result->error) complaint = {static_cast<int>(result->error->kind()), result->error->what()};
    for (const Complaint& one : all_gather_objects(comm_, complaint)) {
      if (one.kind == 0) continue;
      return {Progress::State::refused, nullptr, one.text, static_cast<ErrorKind>(one.kind)};
    }
  }
  if (phase_ == Phase::verifying) {
    start(Phase::reading);
    return {};
  }
  complete(comm_, *result->model);
  return {Progress::State::loaded, std::move(result->model), "", ErrorKind::storage};
}

}  // namespace alsace::mpi
