#include "io/store/checkpoint_watch.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/store/model_store.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {

std::string checkpoint_identity(const std::filesystem::path& model) {
  try {
    const std::filesystem::path checkpoint = resolve_model(model, "best");
    const auto written = std::filesystem::last_write_time(checkpoint / schema::manifest_file);
    return fmt::format("{} {}", checkpoint.string(), written.time_since_epoch().count());
  } catch (const Error&) {
    return "";
  } catch (const std::system_error&) {
    return "";
  }
}

CheckpointWatch::CheckpointWatch(std::filesystem::path model, std::string known, std::chrono::milliseconds every,
                                 std::function<void()> changed)
    : model_(std::move(model)),
      thread_(
          [this, known = std::move(known), every, changed = std::move(changed)](const std::stop_token& stop) mutable {
            std::mutex mutex;
            std::condition_variable_any wake;
            std::unique_lock lock(mutex);
            while (!stop.stop_requested()) {
              wake.wait_for(lock, stop, every, [] { return false; });
              const std::string now = checkpoint_identity(model_);
              if (stop.stop_requested() || now.empty()) continue;
              if (const bool again = again_.exchange(false); now == known && !again) continue;
              known = now;
              changed();
            }
          }) {}

}  // namespace alsace::io
