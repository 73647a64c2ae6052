#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "io/http/server.hpp"
#include "io/service/metrics.hpp"
#include "io/service/scoring_service.hpp"
#include "io/stop_signals.hpp"
#include "mpi/serving/doorbell.hpp"
#include "mpi/serving/request_queue.hpp"
#include "mpi/serving/serving_rank.hpp"

namespace alsace::mpi {

struct CoordinatorOptions {
  std::string model;  ///< MODEL as it was given: resolved anew for every reload
  RequestQueue::Limits queue;
  std::chrono::milliseconds stall{3'000};     ///< a batch that takes longer makes the service not ready
  std::chrono::milliseconds drain_time{600};  ///< mpirun kills a second after it passed on TERM
};

/// Rank 0: takes requests from any thread, hands them to the ranks in micro-batches from one, and swaps models between
/// two batches, so that no answer mixes two of them.
class Coordinator final : public io::ScoringService {
 public:
  using ReloadDone = std::function<void(std::variant<std::string, io::Refusal>)>;

  /// `rank` is loading its first model already.
  Coordinator(const Communicator& comm, ServingRank& rank, Doorbell& doorbell, io::ServiceMetrics& metrics,
              CoordinatorOptions options);

  /// Serves until a signal asks this rank or another one to stop; then lets the server answer what is in flight and
  /// tells the other ranks to leave. The calling thread is the one that speaks MPI. Collective with serve_as_scorer.
  /// Throws AgreedError when the first model cannot be loaded.
  void run(io::http::Server& server, const io::StopSignals& signals);

  // For the threads of the server.
  void score(io::ScoringRequest request, double parse_seconds, std::function<bool()> expired,
             std::function<void(std::variant<io::ScoringAnswer, io::Refusal>)> done) override;
  [[nodiscard]] std::shared_ptr<const io::ServedModel> model() const override;
  [[nodiscard]] std::string not_ready() const override;
  void reload(ReloadDone done) override;

  /// reload() whose outcome goes to the log. Asked for while one runs, which may be of an older checkpoint, another one
  /// follows it. `cause`: for the log. `refused` is called when the new model is. Any thread.
  void reload_because(const std::string& cause, const std::function<void()>& refused = {});

 private:
  using Clock = std::chrono::steady_clock;
  struct Reload {
    std::filesystem::path checkpoint;
    ReloadDone done;
  };

  bool begin_if_free(const ReloadDone& done);
  void tell(const struct Command& command);
  void answer(std::vector<PendingRequest> batch, io::http::Server& server);
  std::vector<PendingRequest> still_wanted(std::vector<PendingRequest> batch);
  void deliver(std::vector<PendingRequest> batch, const BatchAnswer& found, Clock::time_point taken,
               io::http::Server& server);
  void begin_reload();
  void step_load();
  void model_loaded();
  std::unique_ptr<Reload> end_reload(std::shared_ptr<const io::ServedModel> serving);
  void refuse_reload();

  const Communicator& comm_;
  ServingRank& rank_;
  Doorbell& doorbell_;
  io::ServiceMetrics& metrics_;
  const CoordinatorOptions options_;
  RequestQueue queue_;
  Clock::time_point next_load_step_{};
  Clock::time_point load_began_ = Clock::now();

  mutable std::mutex mutex_;  // guards the two below
  std::shared_ptr<const io::ServedModel> model_;
  std::unique_ptr<Reload> reload_;  // wanted or running

  std::atomic<Clock::rep> busy_since_{0};  // of steady_clock; 0: the ranks have nothing to do
  std::atomic<bool> draining_{false};
  std::atomic<bool> reload_again_{false};
};

}  // namespace alsace::mpi
