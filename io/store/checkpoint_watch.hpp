#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace alsace::io {

/// Tells two checkpoints apart, of one name as well; "" when MODEL means none that can be read now.
std::string checkpoint_identity(const std::filesystem::path& model);

/// Looks at a model directory from a thread of its own, which a slow file system may hold up, and tells when the
/// checkpoint that it means has become another one.
class CheckpointWatch {
 public:
  /// `known`: the identity that is known already. `changed` is called in the thread of the watch, once a change; what
  /// cannot be read (a checkpoint just being replaced) is looked at again the next time.
  CheckpointWatch(std::filesystem::path model, std::string known, std::chrono::milliseconds every,
                  std::function<void()> changed);

  /// Tells of the present checkpoint once more at the next look: it could not be taken. Any thread.
  void look_again() { again_ = true; }

 private:
  std::filesystem::path model_;
  std::atomic<bool> again_{false};
  std::jthread thread_;
};

}  // namespace alsace::io
