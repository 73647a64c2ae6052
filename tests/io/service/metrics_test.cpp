#include "io/service/metrics.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/io/service/small_model.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The value of a series, whatever the order of its labels; -1 when it is not there.
double value_of(const std::string& text, const std::string& name, const std::vector<std::string>& labels = {}) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find_first_of("{ ");
    if (line.starts_with('#') || line.substr(0, end) != name) continue;
    bool all = true;
    for (const std::string& label : labels) all = all && line.find(label) != std::string::npos;
    if (all) return std::stod(line.substr(line.rfind(' ') + 1));
  }
  return -1;
}

/// One of everything.
void use(ServiceMetrics& metrics) {
  metrics.request_done("user", 200, 0.0007, 0.00001);
  metrics.request_done("user", 200, 3, 0.00001);
  metrics.request_done("nonsense", 404, 0.0001, 0.00001);
  metrics.answered({.parse = 1e-5, .queue = 2e-4, .gather = 0, .score = 1e-3, .merge = 1e-6});
  metrics.batch_scored(3, 1, 600);
  metrics.rejected("queue_full");
  metrics.rejected("expired");
  metrics.rejected("expired");
  metrics.queue_is(4);
  metrics.connections_are(5);
  metrics.ready_is(true);
  metrics.model_is(*test::small_model(false));
  metrics.reload_done(true);
  metrics.reload_done(false);
}

TEST(ServiceMetricsTest, counts_what_it_is_told) {
  ServiceMetrics metrics;

  use(metrics);

  const std::string text = metrics.text();
  const std::string request = "alsace_request_duration_seconds";
  EXPECT_EQ(value_of(text, request + "_count", {"route=\"user\"", "code=\"200\""}), 2);
  EXPECT_EQ(value_of(text, request + "_bucket", {"route=\"user\"", "le=\"0.0005\""}), 0);
  EXPECT_EQ(value_of(text, request + "_bucket", {"route=\"user\"", "le=\"0.001\""}), 1);
  EXPECT_EQ(value_of(text, request + "_bucket", {"route=\"user\"", "le=\"2.5\""}), 1);
  EXPECT_EQ(value_of(text, request + "_count", {"route=\"other\"", "code=\"404\""}), 1);
  EXPECT_EQ(value_of(text, "alsace_stage_duration_seconds_count", {"stage=\"queue\""}), 1);
  EXPECT_EQ(value_of(text, "alsace_stage_duration_seconds_count", {"stage=\"write\""}), 3);
  EXPECT_EQ(value_of(text, "alsace_batch_size_sum"), 3);
  EXPECT_EQ(value_of(text, "alsace_scored_items_total"), 600);
  EXPECT_EQ(value_of(text, "alsace_fallbacks_total"), 1);
  EXPECT_EQ(value_of(text, "alsace_rejected_requests_total", {"reason=\"queue_full\""}), 1);
  EXPECT_EQ(value_of(text, "alsace_rejected_requests_total", {"reason=\"expired\""}), 2);
  EXPECT_EQ(value_of(text, "alsace_queued_lists"), 4);
  EXPECT_EQ(value_of(text, "alsace_open_connections"), 5);
  EXPECT_EQ(value_of(text, "alsace_ready"), 1);
  EXPECT_EQ(value_of(text, "alsace_reloads_total", {"result=\"done\""}), 1);
  EXPECT_EQ(value_of(text, "alsace_reloads_total", {"result=\"refused\""}), 1);
  EXPECT_EQ(value_of(text, "alsace_model_loaded_timestamp_seconds"), 1769947200);
}

TEST(ServiceMetricsTest, one_model_is_in_service) {
  ServiceMetrics metrics;
  ServedModel next = *test::small_model(false);
  next.name = "sweep-000013";

  metrics.model_is(*test::small_model(false));
  metrics.model_is(next);
  metrics.model_is(next);

  const std::string text = metrics.text();
  EXPECT_EQ(value_of(text, "alsace_model_info", {"model=\"sweep-000013\"", "objective=\"ials\"", "factors=\"16\""}), 1);
  EXPECT_THAT(text, Not(HasSubstr("sweep-000012")));
}

TEST(ServiceMetricsTest, tells_what_the_process_takes) {
  const ServiceMetrics metrics;

  const std::string text = metrics.text();

  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e6);
  EXPECT_LT(value_of(text, "process_resident_memory_bytes"), 1e12);
  EXPECT_GT(value_of(text, "process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of(text, "process_open_fds"), 3);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(value_of(text, "process_start_time_seconds"), now, 3600);
  EXPECT_LE(value_of(text, "process_start_time_seconds"), now + 2);
}

TEST(ServiceMetricsTest, threads_count_together) {
  ServiceMetrics metrics;
  std::vector<std::thread> threads;

  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&metrics] {
      for (int i = 0; i < 500; ++i) {
        metrics.request_done("similar", 200 + i % 50, 1e-3, 1e-4);
        if (i % 100 == 0) (void)metrics.text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(value_of(metrics.text(), "alsace_request_duration_seconds_count", {"code=\"249\""}), 40);
}

TEST(ServiceMetricsTest, promtool_has_nothing_to_say) {
  if (std::system("command -v promtool > /dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  ServiceMetrics metrics;
  use(metrics);
  const test::ScratchFolder directory;
  const std::string file = directory.write("metrics.txt", metrics.text());

  const int code = std::system(("promtool check metrics < " + file + " > " + (directory / "said") + " 2>&1").c_str());

  std::ostringstream said;
  said << std::ifstream(directory / "said").rdbuf();
  EXPECT_EQ(code, 0);
  EXPECT_EQ(said.str(), "");
}

}  // namespace
}  // namespace alsace::io
