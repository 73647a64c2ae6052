#include "mpi/data/parse_inputs.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "io/readers/interaction_reader.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/data/reading_plan.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

struct Input {
  io::InputFile file;
  io::Layout layout;
};

/// Where a bad row is; ordered as the input is.
struct Place {
  std::uint64_t file = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t position = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct BadRow {
  Place place;
  std::string problem;
  bool fatal = false;
};

/// Rank 0 looks at every input; the others are told.
std::vector<Input> inspect_inputs(const Communicator& comm, const std::vector<std::string>& inputs,
                                  const io::ReadOptions& options) {
  std::vector<Input> found;
  comm.run_together([&] {
    if (!comm.is_root()) return;
    for (const std::string& path : inputs) {
      const io::InputFile file = io::inspect_file(path);
      found.push_back({file, io::detect_layout(path, file, options)});
    }
  });
  broadcast_vector(comm, found);
  return found;
}

/// The file that skipped rows go to: place, reason and text, separated by tabs. Made when the first row is rejected.
class RejectFile {
 public:
  RejectFile(const std::string& path, int rank)
      : path_(path.empty() || rank == 0 ? path : fmt::format("{}.{}", path, rank)) {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);  // of an earlier run, maybe on more ranks
  }

  [[nodiscard]] bool wanted() const { return !path_.empty(); }

  void write(const std::string& input, std::uint64_t line, const io::ParsedRow& row) {
    if (!file_.is_open()) file_.open(path_, std::ios::binary);
    file_ << input << ':' << line << '\t' << row.problem << '\t' << row.text << '\n';
    file_.flush();
    if (!file_) throw storage_error(fmt::format("--reject-file = {}, expected a file that can be written", path_));
  }

 private:
  std::string path_;
  std::ofstream file_;
};

/// One rank's parsing, up to the first row that ends it.
class Parser {
 public:
  Parser(const std::vector<std::string>& paths, const std::vector<Input>& inputs, const io::ReadOptions& options,
         int rank)
      : paths_(paths), inputs_(inputs), options_(options), rejects_(options.reject_file, rank) {}

  void read(const ReadingUnit& unit) {
    const Input& input = inputs_[unit.file];
    const auto reader =
        io::open_delimited(paths_[unit.file], input.file, input.layout, options_, unit.range, unit.whole);
    std::optional<io::LineCounter> lines;
    io::ParsedRow row;
    while (!stopped() && reader->next(row)) {
      if (row.problem.empty()) {
        keep(row);
        ++parsed.report.rows_read;
        continue;
      }
      if (!first_bad || row.fatal) first_bad = BadRow{{unit.file, row.position}, row.problem, row.fatal};
      if (stopped()) return;
      ++parsed.report.rows_read;
      ++parsed.report.rows_bad;
      if (!rejects_.wanted()) continue;
      if (!lines) lines.emplace(paths_[unit.file], input.file.compressed);
      rejects_.write(paths_[unit.file], lines->line_of(row.position), row);
    }
  }

  ParsedInputs parsed;
  std::optional<BadRow> first_bad;

 private:
  [[nodiscard]] bool stopped() const {
    return first_bad && (first_bad->fatal || options_.on_bad_row == io::ReadOptions::OnBadRow::error);
  }

  void keep(const io::ParsedRow& row) {
    if (parsed.chunks.empty() || parsed.chunks.back().size() == ParsedInputs::chunk_rows) {
      parsed.chunks.emplace_back().reserve(ParsedInputs::chunk_rows);
    }
    parsed.chunks.back().push_back(
        {parsed.users.number_of(row.user), parsed.items.number_of(row.item), row.value, row.timestamp});
  }

  const std::vector<std::string>& paths_;
  const std::vector<Input>& inputs_;
  const io::ReadOptions& options_;
  RejectFile rejects_;
};

/// The first bad row of all ranks as `file:line: problem`, the same everywhere; "" when there is none. Only the rank
/// that met it counts lines. `fatal_only`: of those alone that end the run.
std::string first_of_all(const Communicator& comm, const std::vector<std::string>& paths,
                         const std::vector<Input>& inputs, const std::optional<BadRow>& mine, bool fatal_only) {
  const Place place = mine && (mine->fatal || !fatal_only) ? mine->place : Place{};
  const std::vector<Place> places = all_gather(comm, place);
  const auto first = std::min_element(places.begin(), places.end());
  if (*first == Place{}) return {};

  const auto rank = static_cast<int>(first - places.begin());
  std::vector<char> text;
  comm.run_together([&] {
    if (comm.rank() != rank) return;
    const std::string& path = paths[place.file];
    io::LineCounter lines(path, inputs[place.file].file.compressed);
    const std::string message = fmt::format("{}:{}: {}", path, lines.line_of(place.position), mine->problem);
    text.assign(message.begin(), message.end());
  });
  broadcast_vector(comm, text, rank);
  return {text.begin(), text.end()};
}

}  // namespace

ParsedInputs parse_inputs(const Communicator& comm, const std::vector<std::string>& inputs,
                          const io::ReadOptions& options) {
  const std::vector<Input> found = inspect_inputs(comm, inputs, options);
  std::vector<PlannedFile> files;
  for (const Input& input : found) files.push_back({input.file.bytes, input.layout.data_begin, input.file.compressed});

  Parser parser(inputs, found, options, comm.rank());
  comm.run_together([&] {
    for (const ReadingUnit& unit : plan_reading(files, comm.rank(), comm.size(), options.serial_parse)) {
      parser.read(unit);
    }
  });

  const bool skip = options.on_bad_row == io::ReadOptions::OnBadRow::skip;
  const std::string error = first_of_all(comm, inputs, found, parser.first_bad, skip);
  if (!error.empty()) throw AgreedError(input_error(error));
  ParsedInputs parsed = std::move(parser.parsed);
  parsed.report.first_bad = first_of_all(comm, inputs, found, parser.first_bad, false);
  parsed.report.rows_read = all_reduce_sum(comm, parsed.report.rows_read);
  parsed.report.rows_bad = all_reduce_sum(comm, parsed.report.rows_bad);
  for (const Input& input : found) parsed.has_timestamps |= input.layout.timestamp != io::Layout::none;
  return parsed;
}

}  // namespace alsace::mpi
