#include "io/service/metrics.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "io/service/process_usage.hpp"
#include "io/service/route_table.hpp"

namespace alsace::io {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

constexpr int first_status = 100;
constexpr int statuses = 500;

const Histogram::BucketBoundaries& second_buckets() {
  static const Histogram::BucketBoundaries buckets{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                   0.025,   0.05,   0.1,     0.25,   0.5,   1,      2.5};
  return buckets;
}

const Histogram::BucketBoundaries& batch_buckets() {
  static const Histogram::BucketBoundaries buckets{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  return buckets;
}

Family<Histogram>& add_histogram(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}
Family<Counter>& add_counter(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& add_gauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

/// "other" for a label that is none.
std::size_t index_of_route(std::string_view route) {
  const auto found = std::find(route_labels.begin(), route_labels.end() - 1, route);
  return static_cast<std::size_t>(found - route_labels.begin());
}

/// 2026-02-01T12:00:00Z -> seconds since the epoch; 0 for what is no such time.
double epoch_seconds(const std::string& iso) {
  std::tm utc{};
  if (strptime(iso.c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return 0;
  return static_cast<double>(timegm(&utc));
}

}  // namespace

struct ServiceMetrics::Families {
  Registry registry;

  Family<Histogram>& requests =
      add_histogram(registry, "alsace_request_duration_seconds",
                    "Time from the last byte of a request to the last byte of its answer, by route and status code.");
  std::array<std::array<std::atomic<Histogram*>, statuses>, route_labels.size()> request_times{};

  Family<Histogram>& stages = add_histogram(registry, "alsace_stage_duration_seconds",
                                            "Time that requests for lists spent in each stage of the service.");
  Histogram& parse = stages.Add({{"stage", "parse"}}, second_buckets());
  Histogram& queue = stages.Add({{"stage", "queue"}}, second_buckets());
  Histogram& gather = stages.Add({{"stage", "gather"}}, second_buckets());
  Histogram& score = stages.Add({{"stage", "score"}}, second_buckets());
  Histogram& merge = stages.Add({{"stage", "merge"}}, second_buckets());
  Histogram& write = stages.Add({{"stage", "write"}}, second_buckets());

  Histogram& batch_size =
      add_histogram(registry, "alsace_batch_size", "Lists that were scored together.").Add({}, batch_buckets());
  Counter& scored_items =
      add_counter(registry, "alsace_scored_items_total",
                  "Items that lists were chosen from: lists by factors times the items of the model.")
          .Add({});
  Counter& fallbacks =
      add_counter(registry, "alsace_fallbacks_total", "Lists answered with the popular items.").Add({});

  Family<Counter>& rejections =
      add_counter(registry, "alsace_rejected_requests_total",
                  "Requests for lists that were not scored: the queue was full, or nobody waited any more.");
  Counter& queue_full = rejections.Add({{"reason", "queue_full"}});
  Counter& expired = rejections.Add({{"reason", "expired"}});

  Gauge& queued = add_gauge(registry, "alsace_queued_lists", "Lists that wait for the ranks.").Add({});
  Gauge& connections = add_gauge(registry, "alsace_open_connections", "Open client connections.").Add({});
  Gauge& ready = add_gauge(registry, "alsace_ready", "1 when requests for lists are answered, else 0.").Add({});

  Family<Gauge>& model_info = add_gauge(registry, "alsace_model_info", "1 for the model in service.");
  Gauge* current_model = nullptr;
  std::mutex model_mutex;  // of current_model
  Family<Gauge>& model_loaded = add_gauge(registry, "alsace_model_loaded_timestamp_seconds",
                                          "When the model in service was loaded, in seconds since the epoch.");
  Family<Counter>& reloads =
      add_counter(registry, "alsace_reloads_total", "Reloads of the model, by what became of them.");
  Counter& reloads_done = reloads.Add({{"result", "done"}});
  Counter& reloads_refused = reloads.Add({{"result", "refused"}});

  Gauge& resident =
      add_gauge(registry, "process_resident_memory_bytes", "Resident memory of the coordinator's process in bytes.")
          .Add({});
  Counter& cpu = add_counter(registry, "process_cpu_seconds_total",
                             "User and system CPU time of the coordinator's process in seconds.")
                     .Add({});
  Gauge& start = add_gauge(registry, "process_start_time_seconds",
                           "When the coordinator's process started, in seconds since the epoch.")
                     .Add({});
  Gauge& fds = add_gauge(registry, "process_open_fds", "Open file descriptors of the coordinator's process.").Add({});
  std::mutex usage_mutex;  // what is read and what is set go together

  /// The series of a route and a code, without a look at its labels but for the first time.
  Histogram& request_time(std::string_view route, int status) {
    const std::size_t row = index_of_route(route);
    const int code = std::clamp(status, first_status, first_status + statuses - 1);
    std::atomic<Histogram*>& slot = request_times[row][static_cast<std::size_t>(code - first_status)];
    Histogram* series = slot.load(std::memory_order_acquire);
    if (series == nullptr) {
      series = &requests.Add({{"route", std::string(route_labels[row])}, {"code", fmt::format("{}", code)}},
                             second_buckets());  // the same one, whoever asks first
      slot.store(series, std::memory_order_release);
    }
    return *series;
  }

  void read_usage() {
    const std::lock_guard lock(usage_mutex);
    const ProcessUsage usage = process_usage();
    resident.Set(usage.resident_bytes);
    cpu.Increment(usage.cpu_seconds - cpu.Value());
    start.Set(usage.start_seconds);
    fds.Set(usage.open_fds);
  }
};

ServiceMetrics::ServiceMetrics() : families_(std::make_unique<Families>()) {}
ServiceMetrics::~ServiceMetrics() = default;

void ServiceMetrics::request_done(std::string_view route, int status, double seconds, double write_seconds) {
  families_->request_time(route, status).Observe(seconds);
  families_->write.Observe(write_seconds);
}

void ServiceMetrics::answered(const StageTimes& times) {
  families_->parse.Observe(times.parse);
  families_->queue.Observe(times.queue);
  families_->gather.Observe(times.gather);
  families_->score.Observe(times.score);
  families_->merge.Observe(times.merge);
}

void ServiceMetrics::batch_scored(std::size_t lists, std::size_t fallbacks, double scored_items) {
  families_->batch_size.Observe(static_cast<double>(lists));
  families_->fallbacks.Increment(static_cast<double>(fallbacks));
  families_->scored_items.Increment(scored_items);
}

void ServiceMetrics::rejected(std::string_view reason) {
  (reason == "queue_full" ? families_->queue_full : families_->expired).Increment();
}

void ServiceMetrics::queue_is(std::size_t lists) {
  families_->queued.Set(static_cast<double>(lists));
}

void ServiceMetrics::connections_are(std::size_t open) {
  families_->connections.Set(static_cast<double>(open));
}

void ServiceMetrics::ready_is(bool ready) {
  families_->ready.Set(ready ? 1 : 0);
}

void ServiceMetrics::model_is(const ServedModel& model) {
  const std::lock_guard lock(families_->model_mutex);
  Gauge& series = families_->model_info.Add({{"model", model.name},
                                             {"objective", name_of(model.info.config.objective)},
                                             {"factors", fmt::format("{}", model.info.config.factors)}});
  series.Set(1);
  if (Gauge* last = std::exchange(families_->current_model, &series); last != nullptr && last != &series) {
    families_->model_info.Remove(last);
  }
  families_->model_loaded.Add({}).Set(epoch_seconds(model.loaded_at));
}

void ServiceMetrics::reload_done(bool swapped) {
  (swapped ? families_->reloads_done : families_->reloads_refused).Increment();
}

std::string ServiceMetrics::text() const {
  families_->read_usage();
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace alsace::io
