#include "io/export/recommendation_writer.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "io/export/list_hdf5.hpp"
#include "io/export/list_text.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

TextFormat text_format(RecommendationFormat format) {
  if (format == RecommendationFormat::table) return TextFormat::table;
  return format == RecommendationFormat::jsonl ? TextFormat::jsonl : TextFormat::csv;
}

void check_hdf5(const RecommendationOutput& output) {
  std::error_code error;
  const auto status = std::filesystem::status(output.path, error);
  const bool is_file = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
  if (output.path.empty() || output.path == "-" || !is_file)
    throw usage_error(fmt::format("--out = {}, expected the name of a file for --format hdf5", output.path));
  if (output.with_titles) throw usage_error("--item-info with --format hdf5, expected csv, jsonl or table for titles");
}

std::unique_ptr<ListSink> make_sink(const RecommendationOutput& output, const ItemNames& names) {
  if (output.format == RecommendationFormat::hdf5) {
    check_hdf5(output);
    return std::make_unique<ListHdf5>(output.path, output.resume, names);
  }
  return std::make_unique<ListText>(ResumableFile(output.path, output.resume), text_format(output.format),
                                    output.with_titles, names);
}

}  // namespace

RecommendationFormat format_of_name(const std::string& path) {
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return RecommendationFormat::jsonl;
  if (path.ends_with(".h5") || path.ends_with(".hdf5")) return RecommendationFormat::hdf5;
  return RecommendationFormat::csv;
}

RecommendationWriter::RecommendationWriter(const RecommendationOutput& output, ItemNames names)
    : names_(std::move(names)), sink_(make_sink(output, names_)), users_done_(sink_->users_done()) {}

void RecommendationWriter::wait() {
  if (writing_.valid()) writing_.get();
}

void RecommendationWriter::write(IdList users, RankedLists lists) {
  wait();
  writing_ = std::async(std::launch::async,
                        [this, users = std::move(users), lists = std::move(lists)] { sink_->append(users, lists); });
}

void RecommendationWriter::interrupt() {
  wait();
  sink_->mark();
}

void RecommendationWriter::finish() {
  wait();
  sink_->finish();
}

}  // namespace alsace::io
