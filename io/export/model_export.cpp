#include "io/export/model_export.hpp"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "io/export/csv.hpp"
#include "io/export/npy.hpp"
#include "io/export/output_file.hpp"
#include "io/store/atomic_publish.hpp"
#include "io/store/checkpoint_names.hpp"
#include "io/store/config_json.hpp"
#include "io/store/model_manifest.hpp"
#include "io/store/row_ranges.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

/// One side of a model for a range of its rows.
struct Rows {
  IdList ids;
  FactorMatrix factors;
  std::vector<double> biases;
};

/// A side of the model: its name, and where its rows come from.
struct SideSource {
  const ModelReader& model;
  bool users;

  [[nodiscard]] const char* name() const { return users ? "user" : "item"; }
  [[nodiscard]] std::uint64_t rows() const { return users ? model.info().users : model.info().items; }
  [[nodiscard]] Rows read(RowRange range) const {
    ModelReader::Parts parts;
    parts.seen = false;
    ModelShard shard = model.read(users ? range : RowRange{}, users ? RowRange{} : range, parts);
    if (users) return {std::move(shard.user_ids), std::move(shard.user_factors), std::move(shard.user_biases)};
    return {std::move(shard.item_ids), std::move(shard.item_factors), std::move(shard.item_biases)};
  }
};

void export_side_npy(const SideSource& side, const fs::path& out) {
  const auto factors = static_cast<std::uint64_t>(side.model.info().config.factors);
  const char* const name = side.name();
  NpyWriter matrix = NpyWriter::matrix(out / fmt::format("{}_factors.npy", name), side.rows(), factors);
  OutputFile ids(out / fmt::format("{}s.txt", name));
  std::optional<NpyWriter> biases;
  const fs::path bias_file = out / fmt::format("{}_biases.npy", name);
  if (has_biases(side.model.info().config))
    biases.emplace(NpyWriter::vector(bias_file, side.rows()));
  else
    fs::remove(bias_file);  // of another model: it would be taken for this one's
  for_each_range(side.rows(), [&](RowRange range) {
    const Rows rows = side.read(range);
    matrix.append(rows.factors);
    for (std::size_t i = 0; i < rows.ids.size(); ++i) ids.write(fmt::format("{}\n", rows.ids[i]));
    if (biases) biases->append(rows.biases);
  });
  matrix.close();
  ids.close();
  if (biases) biases->close();
}

void export_side_csv(const SideSource& side, const fs::path& out) {
  const int factors = side.model.info().config.factors;
  OutputFile file(out / fmt::format("{}_factors.csv", side.name()));
  std::string line = side.name();
  if (has_biases(side.model.info().config)) line += ",bias";
  for (int k = 0; k < factors; ++k) line += fmt::format(",factor_{}", k);
  file.write(line + "\n");
  for_each_range(side.rows(), [&](RowRange range) {
    const Rows rows = side.read(range);
    for (std::size_t i = 0; i < rows.ids.size(); ++i) {
      line = csv_field(rows.ids[i]);
      if (!rows.biases.empty()) line += fmt::format(",{}", rows.biases[i]);
      for (int k = 0; k < factors; ++k) line += fmt::format(",{}", rows.factors(static_cast<Eigen::Index>(i), k));
      file.write(line + "\n");
    }
  });
  file.close();
}

/// What the rows mean: the same for the same rows, wherever and in however many runs they were trained.
void export_parameters(const ModelInfo& info, const fs::path& out) {
  Json json;
  json["sweep"] = info.sweep;
  json["users"] = info.users;
  json["items"] = info.items;
  json["mean"] = info.mean;
  json["parameters"] = to_json(info.config);
  json["parameters"].erase("sweeps");  // how far it was to go
  write_report(out / "model.json", json.dump(2) + "\n");
}

}  // namespace

void export_npy(const ModelReader& model, const fs::path& out) {
  make_directories(without_slash(out));
  export_parameters(model.info(), out);
  for (const bool users : {true, false}) export_side_npy({model, users}, out);
}

void export_csv(const ModelReader& model, const fs::path& out) {
  make_directories(without_slash(out));
  export_parameters(model.info(), out);
  for (const bool users : {true, false}) export_side_csv({model, users}, out);
}

}  // namespace alsace::io
