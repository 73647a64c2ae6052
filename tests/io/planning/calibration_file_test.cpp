#include "io/planning/calibration_file.hpp"

#include <string>

#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

class CalibrationFileTest : public testing::Test {
 protected:
  void write(const std::string& text) const { (void)folder_.write("calibration.json", text); }

  /// What is wrong with the file, without its name.
  [[nodiscard]] std::string complaint() const {
    try {
      (void)read_calibration(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      const std::string text = error.what();
      EXPECT_EQ(text.substr(0, path_.size()), path_);
      return text.substr(path_.size());
    }
    return "";
  }

  test::ScratchFolder folder_;
  std::string path_ = folder_ / "calibration.json";
};

TEST_F(CalibrationFileTest, what_was_written_is_read) {
  Rates rates = default_rates();
  rates.machine = "a \"machine\"";
  rates.between_hosts_measured = true;
  rates.kernels[0].form_ns = 1.0 / 3;
  write(to_json_text(rates));

  const Rates read = read_calibration(path_);

  EXPECT_EQ(to_json_text(read), to_json_text(rates));
  EXPECT_EQ(read.kernels[0].form_ns, 1.0 / 3);
}

TEST_F(CalibrationFileTest, what_is_none_is_refused_with_its_reason) {
  EXPECT_NE(complaint().find(": cannot be read"), std::string::npos);
  write("{");
  EXPECT_EQ(complaint(), ": is no JSON at byte 2, expected what plan --calibrate writes");
  write("{\"format\": \"alsace model\"}");
  EXPECT_EQ(complaint(), ": key 'version' not found, expected what plan --calibrate writes");
  write("{\"format\": \"something\", \"version\": 1}");
  EXPECT_NE(complaint().find("format = \"something\" 1, expected alsace calibration 1"), std::string::npos);
  std::string text = to_json_text(default_rates());
  text.replace(text.find("\"loss_ns\""), 9, "\"lost_ns\"");
  write(text);
  EXPECT_NE(complaint().find("loss_ns"), std::string::npos);
}

TEST_F(CalibrationFileTest, rates_out_of_range_are_refused) {
  Rates rates = default_rates();
  rates.between_hosts.bytes_per_second = 0;
  write(to_json_text(rates));

  EXPECT_EQ(complaint(), ": between_hosts.bytes_per_second = 0, expected more than 0");
}

}  // namespace
}  // namespace alsace::io
