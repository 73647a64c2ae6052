#include "mpi/data/parse_inputs.hpp"

#include <limits>
#include <optional>

#include <boost/serialization/string.hpp>
#include <fmt/format.h>

#include "io/readers/interaction_reader.hpp"
#include "io/readers/reject_file.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
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
  friend auto operator<=>(const Place&, const Place&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14
};

struct BadRow {
  Place place;
  std::string problem;
  bool fatal = false;
  std::optional<ErrorKind> thrown;  // an error met there, whose text is the problem
};

/// What a bad row means to all ranks.
struct Report {
  ErrorKind kind = ErrorKind::input;
  std::string text;  // "" for no bad row
};

/// Rank 0 looks at every input; the others are told.
std::vector<Input> inspect_inputs(const Communicator& comm, const std::vector<std::string>& inputs,
                                  const io::ReadOptions& options) {
  std::vector<Input> found;
  comm.run_together([&] {
    if (!comm.is_root()) return;
    io::check_reject_file(options.reject_file, comm.size(), inputs);
    io::refuse_repeated_inputs(inputs);
    for (const std::string& path : inputs) {
      const io::InputFile file = io::inspect_file(path);
      found.push_back({file, io::detect_layout(path, file, options)});
    }
  });
  broadcast_vector(comm, found);
  return found;
}

/// One rank's parsing, up to the first row that ends it.
class Parser {
 public:
  Parser(const std::vector<std::string>& paths, const std::vector<Input>& inputs, const io::ReadOptions& options,
         int rank)
      : paths_(paths), inputs_(inputs), options_(options), rejects_(options.reject_file, rank, options.append_rejects) {
    for (const Input& input : inputs) parsed.has_timestamps |= input.layout.timestamp != io::Layout::none;
  }

  /// Does not throw Error: an error is a fatal bad row, so that the first in input order is the one that is reported.
  void read(const ReadingUnit& unit) {
    if (stopped()) return;
    std::uint64_t position = unit.range.begin;
    try {
      read_rows(unit, position);
    } catch (const Error& error) {
      first_bad = BadRow{{unit.file, position}, error.what(), true, error.kind()};
    }
  }

  ParsedInputs parsed;
  std::optional<BadRow> first_bad;

 private:
  /// `position`: where the row stands that is being read.
  void read_rows(const ReadingUnit& unit, std::uint64_t& position) {
    const Input& input = inputs_[unit.file];
    const auto reader =
        io::open_delimited(paths_[unit.file], input.file, input.layout, options_, unit.range, unit.whole);
    std::optional<io::LineCounter> lines;
    io::ParsedRow row;
    while (reader->next(row)) {
      position = row.position;
      if (row.problem.empty()) {
        keep(row);
        ++parsed.report.rows_read;
        continue;
      }
      if (!first_bad || row.fatal) first_bad = BadRow{{unit.file, row.position}, row.problem, row.fatal, {}};
      if (stopped()) return;
      ++parsed.report.rows_read;
      ++parsed.report.rows_bad;
      if (!rejects_.wanted()) continue;
      if (!lines) lines.emplace(paths_[unit.file], input.file.compressed);
      rejects_.write(paths_[unit.file], lines->line_of(row.position), row);
    }
  }

  [[nodiscard]] bool stopped() const {
    return first_bad && (first_bad->fatal || options_.on_bad_row == io::ReadOptions::OnBadRow::error);
  }

  void keep(const io::ParsedRow& row) {
    if (parsed.chunks.empty() || parsed.chunks.back().rows.size() == ParsedInputs::chunk_rows) {
      parsed.chunks.emplace_back().rows.reserve(ParsedInputs::chunk_rows);
      if (parsed.has_timestamps) parsed.chunks.back().timestamps.reserve(ParsedInputs::chunk_rows);
    }
    InteractionChunk& chunk = parsed.chunks.back();
    chunk.rows.push_back({parsed.users.number_of(row.user), parsed.items.number_of(row.item), row.value});
    if (parsed.has_timestamps) chunk.timestamps.push_back(row.timestamp);
  }

  const std::vector<std::string>& paths_;
  const std::vector<Input>& inputs_;
  const io::ReadOptions& options_;
  io::RejectFile rejects_;
};

/// The first bad row of all ranks in input order as `file:line: problem`, the same everywhere. Only the rank that met
/// it counts lines. `fatal_only`: of those alone that end the run.
Report first_of_all(const Communicator& comm, const std::vector<std::string>& paths, const std::vector<Input>& inputs,
                    const std::optional<BadRow>& mine, bool fatal_only) {
  const Place place = mine && (mine->fatal || !fatal_only) ? mine->place : Place{};
  const std::vector<Place> places = all_gather(comm, place);
  const auto first = std::min_element(places.begin(), places.end());
  if (*first == Place{}) return {};

  const auto rank = static_cast<int>(first - places.begin());
  Report report;
  comm.run_together([&] {
    if (comm.rank() != rank) return;
    report = {mine->thrown.value_or(ErrorKind::input), mine->problem};
    if (mine->thrown) return;  // its text has its place
    const std::string& path = paths[place.file];
    io::LineCounter lines(path, inputs[place.file].file.compressed);
    report.text = fmt::format("{}:{}: {}", path, lines.line_of(place.position), mine->problem);
  });
  return {broadcast_value(comm, report.kind, rank), broadcast_object(comm, report.text, rank)};
}

}  // namespace

ParsedInputs parse_inputs(const Communicator& comm, const std::vector<std::string>& inputs,
                          const io::ReadOptions& options) {
  const std::vector<Input> found = inspect_inputs(comm, inputs, options);
  std::vector<PlannedFile> files;
  files.reserve(found.size());
  for (const Input& input : found) files.push_back({input.file.bytes, input.layout.data_begin, input.file.compressed});

  Parser parser(inputs, found, options, comm.rank());
  comm.run_together([&] {
    for (const ReadingUnit& unit : plan_reading(files, comm.rank(), comm.size(), options.serial_parse)) {
      parser.read(unit);
    }
  });

  const bool skip = options.on_bad_row == io::ReadOptions::OnBadRow::skip;
  const Report error = first_of_all(comm, inputs, found, parser.first_bad, skip);
  if (!error.text.empty()) throw AgreedError(error.kind, error.text);
  ParsedInputs parsed = std::move(parser.parsed);
  parsed.report.first_bad = first_of_all(comm, inputs, found, parser.first_bad, false).text;
  parsed.report.rows_read = all_reduce_sum(comm, parsed.report.rows_read);
  parsed.report.rows_bad = all_reduce_sum(comm, parsed.report.rows_bad);
  return parsed;
}

}  // namespace alsace::mpi
