#include "mpi/serving/coordinator.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "io/log/log.hpp"
#include "io/store/model_store.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/serving/messages.hpp"
#include "mpi/serving/resolve_request.hpp"

namespace alsace::mpi {
namespace {

using std::chrono::milliseconds;

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// Answers that one thread of the server sends: to wake one for each costs as much as to score it.
constexpr std::size_t answers_a_post = 16;

struct Delivery {
  std::function<void(std::variant<io::ScoringAnswer, io::Refusal>)> done;
  std::variant<io::ScoringAnswer, io::Refusal> outcome;
};
using Deliveries = std::vector<Delivery>;

void send(Deliveries ready, io::http::Server& server) {
  server.post([shared = std::make_shared<Deliveries>(std::move(ready))] {
    for (Delivery& delivery : *shared) delivery.done(std::move(delivery.outcome));
  });
}

}  // namespace

Coordinator::Coordinator(const Communicator& comm, ServingRank& rank, Doorbell& doorbell, io::ServiceMetrics& metrics,
                         CoordinatorOptions options)
    : comm_(comm),
      rank_(rank),
      doorbell_(doorbell),
      metrics_(metrics),
      options_(std::move(options)),
      queue_(options_.queue) {}

// ---- Any thread ----------------------------------------------------------------------------------------------------

void Coordinator::score(io::ScoringRequest request, double parse_seconds, std::function<bool()> expired,
                        std::function<void(std::variant<io::ScoringAnswer, io::Refusal>)> done) {
  // What was read before the end began is still answered, so draining refuses nothing here.
  const auto begin = Clock::now();
  PendingRequest pending;
  pending.model = model();
  if (!pending.model) return done(io::Refusal{503, not_ready()});
  auto resolved = resolve_request(request, *pending.model);
  if (auto* refusal = std::get_if<io::Refusal>(&resolved)) return done(std::move(*refusal));
  pending.resolved = std::move(std::get<ResolvedRequest>(resolved));
  pending.request = std::move(request);
  pending.expired = std::move(expired);
  pending.done = std::move(done);
  pending.queued = Clock::now();
  pending.parse_seconds = parse_seconds + seconds_between(begin, pending.queued);
  if (queue_.push(pending)) return;
  metrics_.rejected("queue_full");
  pending.done(io::Refusal{429, fmt::format("{} lists wait already", options_.queue.most_queued)});
}

std::shared_ptr<const io::ServedModel> Coordinator::model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

std::string Coordinator::not_ready() const {
  if (draining_) return "the service is ending";
  if (!model()) return "the model is being loaded";
  const Clock::rep since = busy_since_;
  if (since == 0) return "";
  const auto busy = Clock::now() - Clock::time_point(Clock::duration(since));
  if (busy < options_.stall) return "";
  return fmt::format("the ranks have been at one batch for {:.1f} s", std::chrono::duration<double>(busy).count());
}

void Coordinator::reload(ReloadDone done) {
  if (draining_) return done(io::Refusal{503, not_ready()});
  if (!begin_if_free(done)) done(io::Refusal{409, "a model is being loaded already"});
}

/// False, and `done` not called, when a load runs already.
bool Coordinator::begin_if_free(const ReloadDone& done) {
  auto wanted = std::make_unique<Reload>();
  try {
    wanted->checkpoint = io::resolve_model(options_.model, "best");
  } catch (const Error& error) {
    metrics_.reload_done(false);
    done(io::Refusal{500, error.what()});
    return true;
  }
  wanted->done = done;
  {
    const std::lock_guard lock(mutex_);
    if (!model_ || reload_) return false;
    reload_ = std::move(wanted);
  }
  queue_.wake();
  return true;
}

void Coordinator::reload_because(const std::string& cause, const std::function<void()>& refused) {
  const bool begun = begin_if_free([cause, refused](const std::variant<std::string, io::Refusal>& outcome) {
    const auto* refusal = std::get_if<io::Refusal>(&outcome);
    if (refusal == nullptr) return;
    spdlog::warn("no reload after {}: {}", cause, refusal->detail);
    if (refused) refused();
  });
  if (!begun) reload_again_ = true;
}

// ---- The thread that speaks MPI ------------------------------------------------------------------------------------

void Coordinator::run(io::http::Server& server, const io::StopSignals& signals) {
  std::atomic<bool> drained{false};
  std::jthread drainer;
  int reloads = 0;
  auto next_look = Clock::now();
  while (!drained) {
    auto batch = queue_.take(milliseconds(rank_.loading() ? 10 : 100));
    if (!batch.empty()) answer(std::move(batch), server);
    if (rank_.loading()) {
      if (Clock::now() >= next_load_step_) step_load();
    } else {
      if (reload_again_.exchange(false)) reload_because("a change during the last one");
      begin_reload();
    }
    metrics_.queue_is(queue_.lists());
    if (Clock::now() < next_look) continue;
    next_look = Clock::now() + milliseconds(50);
    if (const int asked = signals.reloads(); asked != reloads) {
      reloads = asked;
      reload_because("a signal");
    }
    if (!draining_ && (doorbell_.asked_to_end() || signals.token().stop_requested())) {
      spdlog::info("ending after {}: answering what is in flight",
                   signals.cause() == 0 ? "a signal to another rank" : io::StopSignals::describe(signals.cause()));
      draining_ = true;
      metrics_.ready_is(false);
      refuse_reload();
      drainer = std::jthread([&] {
        if (!server.drain(options_.drain_time)) spdlog::warn("not all requests could be answered in time");
        drained = true;
        queue_.wake();
      });
    }
  }
  tell({Command::Kind::end, {}, {}});
  refuse_reload();
  for (auto rest = queue_.take(milliseconds(0)); !rest.empty(); rest = queue_.take(milliseconds(0))) {
    for (PendingRequest& pending : rest) pending.done(io::Refusal{503, not_ready()});
  }
}

void Coordinator::tell(const Command& command) {
  if (comm_.size() > 1) doorbell_.ring(to_bytes(command));
}

/// Without those that nobody waits for any more; the others in rows of the model in service.
std::vector<PendingRequest> Coordinator::still_wanted(std::vector<PendingRequest> batch) {
  std::vector<PendingRequest> wanted;
  for (PendingRequest& pending : batch) {
    if (pending.expired()) {
      metrics_.rejected("expired");
      pending.done(io::Refusal{504, "the deadline passed before the request was scored"});
      continue;
    }
    if (pending.model != model_) {  // only this thread changes model_
      auto resolved = resolve_request(pending.request, *model_);
      if (auto* refusal = std::get_if<io::Refusal>(&resolved)) {
        pending.done(std::move(*refusal));
        continue;
      }
      pending.resolved = std::move(std::get<ResolvedRequest>(resolved));
      pending.model = model_;
    }
    wanted.push_back(std::move(pending));
  }
  return wanted;
}

void Coordinator::answer(std::vector<PendingRequest> batch, io::http::Server& server) {
  batch = still_wanted(std::move(batch));
  if (batch.empty()) return;
  const auto taken = Clock::now();
  Command command{Command::Kind::answer, {}, {}};
  for (PendingRequest& pending : batch) command.messages.push_back(std::move(pending.resolved.message));
  busy_since_ = taken.time_since_epoch().count();
  tell(command);
  const double told = seconds_between(taken, Clock::now());
  BatchAnswer found = rank_.answer(command.messages);
  found.gather_seconds += told;
  busy_since_ = 0;
  deliver(std::move(batch), found, taken, server);
}

void Coordinator::deliver(std::vector<PendingRequest> batch, const BatchAnswer& found, Clock::time_point taken,
                          io::http::Server& server) {
  Deliveries ready;
  std::size_t list = 0;
  std::size_t fallbacks = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    PendingRequest& pending = batch[i];
    io::ScoringAnswer answer;
    answer.model = std::move(pending.model);
    answer.unknown_items = std::move(pending.resolved.unknown_items);
    answer.times = {pending.parse_seconds, seconds_between(pending.queued, taken), found.gather_seconds,
                    found.score_seconds, found.merge_seconds};
    for (std::size_t j = 0; j < pending.request.lists(); ++j, ++list) {
      const auto items = found.lists[list];
      answer.lists.push_back({found.popular[list] != 0, {items.begin(), items.end()}});
      fallbacks += found.failures[i].empty() ? std::size_t{found.popular[list]} : 0;
    }
    if (found.failures[i].empty()) {
      ready.push_back({std::move(pending.done), std::move(answer)});
    } else {
      ready.push_back({std::move(pending.done), io::Refusal{422, found.failures[i]}});
    }
    if (ready.size() == answers_a_post || i + 1 == batch.size()) send(std::exchange(ready, {}), server);
  }
  metrics_.batch_scored(list, fallbacks,
                        static_cast<double>(list - fallbacks) * static_cast<double>(model_->items.size()));
}

void Coordinator::begin_reload() {
  std::filesystem::path checkpoint;
  {
    const std::lock_guard lock(mutex_);
    if (!reload_ || draining_) return;
    checkpoint = reload_->checkpoint;
  }
  spdlog::info("loading {} beside {}", checkpoint.string(), model_->name);
  load_began_ = Clock::now();
  tell({Command::Kind::load, {}, checkpoint.string()});
  rank_.begin_load(checkpoint);
}

void Coordinator::step_load() {
  const auto spent = Clock::now() - load_began_;
  // Every step wakes all ranks: seldom, once it is clear that the load takes a while.
  next_load_step_ = Clock::now() + (spent < milliseconds(300) ? milliseconds(10) : milliseconds(50));
  busy_since_ = Clock::now().time_since_epoch().count();
  tell({Command::Kind::load_step, {}, {}});
  const ServingRank::LoadStep step = rank_.load_step();
  busy_since_ = 0;
  if (step.state == ModelLoader::Progress::State::running) return;
  if (step.state == ModelLoader::Progress::State::refused) {
    spdlog::error("{} serves on; the new model is refused: {}", model_->name, step.reason);
    const auto reload = end_reload(model_);
    metrics_.reload_done(false);
    if (reload) reload->done(io::Refusal{500, step.reason});
    return;
  }
  model_loaded();
}

void Coordinator::model_loaded() {
  const std::shared_ptr<const io::ServedModel> loaded = rank_.model()->catalog;
  const bool first = !model_;
  const auto reload = end_reload(loaded);
  metrics_.model_is(*loaded);
  metrics_.ready_is(!draining_);
  if (!first) metrics_.reload_done(true);
  spdlog::info("serving {}: {} users, {} items, {} factors on {} rank{}, loaded in {:.2f} s", loaded->path,
               loaded->info.users, loaded->info.items, loaded->info.config.factors, comm_.size(),
               comm_.size() == 1 ? "" : "s", seconds_between(load_began_, Clock::now()));
  if (reload) reload->done(loaded->name);
}

void Coordinator::refuse_reload() {
  if (const auto reload = end_reload(model_)) reload->done(io::Refusal{503, not_ready()});
}

/// `serving` serves from here on, and the next reload may begin: before anybody can see how this one went, or whoever
/// saw it and asked again at once would hear that a model is being loaded already.
std::unique_ptr<Coordinator::Reload> Coordinator::end_reload(std::shared_ptr<const io::ServedModel> serving) {
  const std::lock_guard lock(mutex_);
  model_ = std::move(serving);
  return std::move(reload_);
}

}  // namespace alsace::mpi
