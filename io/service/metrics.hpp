#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "io/service/scoring_service.hpp"

namespace alsace::io {

/// What the service counts, for Prometheus. Every member may be called from any thread.
///
///   alsace_request_duration_seconds{route,code}   histogram   from a request's last byte to its answer's last
///   alsace_stage_duration_seconds{stage}          histogram   parse, queue, gather, score, merge, write
///   alsace_batch_size                             histogram   lists scored together
///   alsace_scored_items_total                     counter     items that lists by factors were chosen from
///   alsace_fallbacks_total                        counter     lists answered with the popular items
///   alsace_rejected_requests_total{reason}        counter     queue_full, expired
///   alsace_queued_lists, alsace_open_connections  gauges
///   alsace_ready                                  gauge       1 when requests are answered
///   alsace_model_info{model,objective,factors}    gauge       1 for the model in service
///   alsace_model_loaded_timestamp_seconds         gauge
///   alsace_reloads_total{result}                  counter     done, refused
///   process_resident_memory_bytes, …              gauges      of the coordinator's process
class ServiceMetrics {
 public:
  ServiceMetrics();
  ~ServiceMetrics();
  ServiceMetrics(const ServiceMetrics&) = delete;
  ServiceMetrics& operator=(const ServiceMetrics&) = delete;

  void request_done(std::string_view route, int status, double seconds, double write_seconds);
  void answered(const StageTimes& times);
  void batch_scored(std::size_t lists, std::size_t fallbacks, double scored_items);
  void rejected(std::string_view reason);
  void queue_is(std::size_t lists);
  void connections_are(std::size_t open);
  void ready_is(bool ready);
  void model_is(const ServedModel& model);
  void reload_done(bool swapped);

  /// The text exposition format.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace alsace::io
