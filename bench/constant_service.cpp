// The scoring service with a scorer that returns the same list to everybody: what the door costs, without the scoring.
//   constant_service HOST:PORT [HTTP_THREADS]
// It ends on TERM or INT.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "io/http/server.hpp"
#include "io/service/access_log.hpp"
#include "io/service/metrics.hpp"
#include "io/service/routes.hpp"
#include "io/stop_signals.hpp"
#include "src/error.hpp"

namespace {

using namespace alsace;

std::shared_ptr<const io::ServedModel> made_up_model(std::uint32_t items) {
  auto model = std::make_shared<io::ServedModel>();
  model->name = "constant";
  model->info.items = items;
  IdList ids;
  for (std::uint32_t item = 0; item < items; ++item) ids.push_back(std::to_string(1'000'000 + item));
  model->items = SortedIds(std::move(ids));
  return model;
}

class ConstantService final : public io::ScoringService {
 public:
  void score(io::ScoringRequest request, double parse_seconds, std::function<bool()> /*expired*/,
             std::function<void(std::variant<io::ScoringAnswer, io::Refusal>)> done) override {
    io::ScoringAnswer answer;
    answer.model = model_;
    answer.times.parse = parse_seconds;
    for (std::size_t list = 0; list < request.lists(); ++list) {
      auto& items = answer.lists.emplace_back().items;
      for (std::uint32_t item = 0; item < request.k; ++item) {
        items.push_back({1.2345678F / static_cast<float>(item + 1), item * 7 % 2048});
      }
    }
    done(std::move(answer));
  }
  [[nodiscard]] std::shared_ptr<const io::ServedModel> model() const override { return model_; }
  [[nodiscard]] std::string not_ready() const override { return ""; }
  void reload(std::function<void(std::variant<std::string, io::Refusal>)> done) override { done(model_->name); }

 private:
  std::shared_ptr<const io::ServedModel> model_ = made_up_model(2048);
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const io::StopSignals signals(std::nullopt);
    ConstantService service;
    io::ServiceMetrics metrics;
    const io::AccessLog access_log("off");
    io::Routes routes({}, service, metrics, access_log);
    const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
    io::http::Server server(io::http::Address::parse(argc > 1 ? argv[1] : "127.0.0.1:0"), threads, {}, routes);
    fmt::print(stderr, "listening on http://{}\n", server.address());
    while (!signals.token().stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "constant_service: {}\n", error.what());
    return static_cast<int>(error.kind());
  }
}
