#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpi.h>

#include "io/http/bearer_token.hpp"
#include "io/http/limits.hpp"
#include "io/http/server.hpp"
#include "io/log/log.hpp"
#include "io/options/output_option.hpp"
#include "io/service/access_log.hpp"
#include "io/service/metrics.hpp"
#include "io/service/routes.hpp"
#include "io/stop_signals.hpp"
#include "io/store/checkpoint_watch.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/scoring_options.hpp"
#include "mpi/serving/coordinator.hpp"
#include "mpi/serving/doorbell.hpp"
#include "mpi/serving/serving_rank.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "src/error.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Restores a checkpoint on all ranks and answers over HTTP until told to stop: the lists of `recommend` and `similar`,\n"
    "exactly, at any number of ranks. Rank 0 listens and coordinates; every rank holds its share of users and items.\n\n"
    "  GET  /                                  a page to look at the model with\n"
    "  GET  /v1/users/{id}/recommendations?k=10&exclude_seen=true&exclude=…&allow=…&filter=genres:Comedy|Drama\n"
    "  POST /v1/recommendations                {\"users\": [\"42\", …], \"k\": 10} or\n"
    "                                          {\"events\": [{\"item\": \"1411238\", \"value\": 1}], \"k\": 10}\n"
    "  GET  /v1/items/{id}/similar?k=10        GET /v1/items?search=text    GET /v1/model\n"
    "  GET  /healthz  /readyz  /metrics        POST /v1/admin/reload\n\n"
    "A user that the model does not know gets the popular items, marked \"fallback\": \"popular\". Errors are\n"
    "application/problem+json. TERM, INT and USR1 answer what is in flight and end with 0; HUP to rank 0, or USR2 to it\n"
    "or to mpirun, reloads: the newest checkpoint is loaded beside the one in service and swapped in between two batches.";

constexpr const char* examples =
    "  alsace serve --model model --item-info items.csv\n"
    "  mpirun -np 4 alsace serve --model model --listen 0.0.0.0:8080 --token-file token --watch 30\n"
    "  curl 'http://127.0.0.1:8080/v1/users/42/recommendations?k=5'\n";

struct Options {
  ScoringOptions scoring;
  std::string listen = "127.0.0.1:8080";
  std::string item_info;
  std::string token_file;
  io::Guard guard = io::Guard::service;
  int http_threads = 1;
  io::http::Limits limits;
  io::RequestBounds bounds;
  mpi::RequestQueue::Limits queue;
  std::uint64_t batch_delay_us = 200;
  std::uint64_t deadline_ms = 1000;
  std::uint64_t header_timeout_ms = 5000;
  double watch_seconds = 0;
  std::string access_log = "off";
};

void declare(CLI::App& app, Options& options) {
  add_scoring_options(app, options.scoring);
  app.add_option("--listen", options.listen,
                 "address and port; only this machine can reach the default. Port 0: any free one, see the log")
      ->type_name("HOST:PORT");
  app.add_option("--item-info", options.item_info,
                 "CSV with columns item and title; every other column is an attribute to filter by (values a|b|c). All "
                 "ranks read it, anew for every model")
      ->type_name("FILE.csv");
  app.add_option("--token-file", options.token_file,
                 "tokens that clients have to send (Authorization: Bearer …), one a line, any of which is good")
      ->type_name("FILE");
  io::add_choice(app, "--auth", options.guard, {{"service", io::Guard::service}, {"admin", io::Guard::admin}},
                 "what the token guards: all but the page and the probes, or only /v1/admin");
  app.add_option("--max-k", options.bounds.max_k, "the largest k of a request")->check(CLI::Range(1U, 1'000'000U));
  app.add_option("--batch-size", options.queue.batch, "lists scored together at most")
      ->check(CLI::Range(std::size_t{1}, std::size_t{65536}));
  app.add_option(
         "--batch-delay-us", options.batch_delay_us,
         "microseconds that a request waits for others to be scored with, at most; one that comes alone goes at "
         "once")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000}));
  app.add_option("--queue", options.queue.most_queued, "lists that may wait; beyond, 429 with Retry-After")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  app.add_option("--deadline-ms", options.deadline_ms, "milliseconds until a request is answered 504")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{3'600'000}));
  app.add_option("--max-body-bytes", options.limits.body_bytes, "the largest request body; beyond, 413")
      ->check(CLI::Range(std::size_t{64}, std::size_t{1} << 30));
  app.add_option("--max-connections", options.limits.connections, "open connections; beyond, 503")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  app.add_option("--header-timeout-ms", options.header_timeout_ms,
                 "milliseconds that a client has to send a request's header; beyond, 408")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{3'600'000}));
  app.add_option("--http-threads", options.http_threads, "threads of rank 0 that read requests and write answers")
      ->check(CLI::Range(1, 256));
  app.add_option("--watch", options.watch_seconds, "seconds between looks for a newer checkpoint; 0: only when told")
      ->check(io::at_least_zero())  // a range does not see that NaN is outside
      ->check(CLI::Range(0.0, 86400.0));
  app.add_option("--access-log", options.access_log, "off, - (stderr) or a file: a line of JSON a request")
      ->type_name("off|-|FILE");
}

void apply(Options& options) {
  options.queue.batch_delay = std::chrono::microseconds(options.batch_delay_us);
  options.limits.deadline = std::chrono::milliseconds(options.deadline_ms);
  options.limits.header_time = std::chrono::milliseconds(options.header_timeout_ms);
  options.bounds.max_answer = std::max<std::size_t>(options.bounds.max_answer, options.bounds.max_k);
}

/// What rank 0 has beside the ranks' part: everything between a socket and the coordinator.
class FrontDoor {
 public:
  /// `checkpoint`: the identity of the one that is being loaded, for the watch.
  FrontDoor(const mpi::Communicator& world, mpi::ServingRank& rank, mpi::Doorbell& doorbell, const Options& options,
            const std::string& checkpoint)
      : access_log_(options.access_log),
        coordinator_(world, rank, doorbell, metrics_, {.model = options.scoring.model, .queue = options.queue}),
        routes_(route_options(options), coordinator_, metrics_, access_log_),
        server_(io::http::Address::parse(options.listen), options.http_threads, options.limits, routes_) {
    spdlog::info("listening on http://{}", server_.address());
    if (!io::http::Address::parse(options.listen).is_loopback()) {
      spdlog::warn(
          "other machines can reach {}{}", server_.address(),
          options.token_file.empty() ? ", and there is no --token-file: everybody may ask, nobody may reload" : "");
    }
    if (options.watch_seconds > 0) {
      const auto every = std::chrono::duration<double>(options.watch_seconds);
      watch_.emplace(options.scoring.model, checkpoint, std::chrono::duration_cast<std::chrono::milliseconds>(every),
                     [this] { coordinator_.reload_because("a new checkpoint", [this] { watch_->look_again(); }); });
    }
  }

  void serve(const io::StopSignals& signals) { coordinator_.run(server_, signals); }

 private:
  static io::RouteOptions route_options(const Options& options) {
    io::RouteOptions routes{options.bounds, std::nullopt, options.guard,
                            io::http::Address::parse(options.listen).is_loopback()};
    if (!options.token_file.empty()) routes.tokens = io::http::BearerTokens::from_file(options.token_file);
    return routes;
  }

  io::ServiceMetrics metrics_;
  io::AccessLog access_log_;
  mpi::Coordinator coordinator_;
  io::Routes routes_;
  io::http::Server server_;  // goes before what its threads use
  std::optional<io::CheckpointWatch> watch_;
};

}  // namespace

int serve(int argc, char** argv) {
  Options options;
  io::CommandLine command("serve", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;
  apply(options);
  if (command.given("auth") && options.token_file.empty()) throw usage_error("--auth goes with --token-file");
  if (options.access_log != "off") {
    io::check_output("--access-log", options.access_log, std::vector{options.item_info, options.token_file});
  }

  // Before MPI starts threads of its own, which inherit the mask of signals.
  const io::StopSignals signals = io::StopSignals::of_service();
  const CommandRun started(argc, argv, command.effective(), options.scoring.log_level);
  const mpi::Communicator& world = started.world();
  const ScoringRun run = start_scoring(world, options.scoring);

  // Rank 0's other threads need a processor too: on one that they share, a scoring thread that waits would only get in
  // their way.
  const bool leave_room = world.is_root() && options.scoring.threads == 0;
  const int threads = leave_room ? std::max(1, run.threads - options.http_threads) : run.threads;
  mpi::ServingRank rank(world, run.kernels, threads, options.item_info);
  mpi::Doorbell doorbell(world);
  const std::string identity = world.is_root() ? io::checkpoint_identity(options.scoring.model) : "";
  const std::string checkpoint = mpi::agree_on_checkpoint(world, options.scoring.model);
  std::unique_ptr<FrontDoor> door;  // before the load: a port in use is said at once
  world.run_together([&] {
    if (world.is_root()) door = std::make_unique<FrontDoor>(world, rank, doorbell, options, identity);
  });
  rank.begin_load(checkpoint);
  if (door) {
    door->serve(signals);
  } else {
    mpi::serve_as_scorer(rank, doorbell, signals);
  }
  if (rank.loading()) {  // a thread still reads a model, and nothing can interrupt it
    door.reset();
    MPI_Finalize();
    std::_Exit(0);
  }
  return 0;
}

}  // namespace alsace::commands
