#include "io/store/inspect.hpp"

#include <fmt/format.h>

#include "io/store/dataset_store.hpp"
#include "io/store/manifest_json.hpp"
#include "io/store/model_manifest.hpp"
#include "io/store/model_store.hpp"
#include "io/store/row_ranges.hpp"
#include "io/store/store_schema.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

std::uint64_t bytes_of(const std::vector<StoredFile>& files) {
  std::uint64_t bytes = 0;
  for (const StoredFile& file : files) bytes += file.bytes;
  return bytes;
}

Json describe_dataset(const DatasetReader& data) {
  Json json;
  json["users"] = data.info().users;
  json["items"] = data.info().items;
  json["interactions"] = data.info().interactions;
  json["has_timestamps"] = data.info().has_timestamps;
  json["fingerprint"] = to_hex(data.info().fingerprint);
  json["origin"] = data.info().origin;
  json["bytes"] = bytes_of(data.files());
  return json;
}

Json describe_model(const ModelReader& model) {
  Json json;
  json["checkpoint"] = model.path().string();
  json.update(model_members(model.info()));
  json["bytes"] = bytes_of(model.files());
  return json;
}

Json describe(const fs::path& store) {
  if (has_format(store, schema::dataset_format)) return describe_dataset(DatasetReader(store));
  return describe_model(ModelReader(resolve_model(store, schema::latest_link)));
}

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string verify_dataset(const fs::path& path) {
  const DatasetReader data(path);
  data.verify_files();
  for_each_range(data.info().users, [&](RowRange users) { (void)data.read(users, {}); });
  for_each_range(data.info().items, [&](RowRange items) { (void)data.read({}, items); });
  return fmt::format("{}: good: {} files, {} bytes, {} users, {} items, {} interactions\n", path.string(),
                     data.files().size(), bytes_of(data.files()), data.info().users, data.info().items,
                     data.info().interactions);
}

std::string verify_checkpoint(const fs::path& path) {
  ModelReader model(path);
  model.verify_files();
  model.read_gramians();
  for_each_range(model.info().users, [&](RowRange users) { (void)model.read(users, {}); });
  for_each_range(model.info().items, [&](RowRange items) { (void)model.read({}, items); });
  return fmt::format("{}: good: {} files, {} bytes, {} users, {} items, {} factors, sweep {}\n", path.string(),
                     model.files().size(), bytes_of(model.files()), model.info().users, model.info().items,
                     model.info().config.factors, model.info().sweep);
}

}  // namespace

std::string inspect_as_json(const fs::path& store) {
  return describe(store).dump(2) + "\n";
}

std::string inspect_as_text(const fs::path& store) {
  std::string text;
  const Json json = describe(store);
  for (const auto& [name, value] : json.items()) {
    if (name == "history") {
      for (const Json& record : value) {
        text += fmt::format("sweep {}: loss {}, {} s", record["sweep"].dump(), record["loss"].dump(),
                            record["seconds"].dump());
        for (const auto& [metric, number] : record["metrics"].items())
          text += fmt::format(", {} {}", metric, number.dump());
        text += "\n";
      }
    } else if (value.is_object()) {
      text += name + "\n";
      for (const auto& [field, inner] : value.items()) text += fmt::format("  {} = {}\n", field, plain_text(inner));
    } else {
      text += fmt::format("{} = {}\n", name, plain_text(value));
    }
  }
  return text;
}

std::string verify_store(const fs::path& store) {
  if (has_format(store, schema::dataset_format)) return verify_dataset(store);
  const fs::path latest = resolve_model(store, schema::latest_link);
  const fs::path best = resolve_model(store, schema::best_link);
  std::string report = verify_checkpoint(latest);
  if (best != latest) report += verify_checkpoint(best);
  return report;
}

}  // namespace alsace::io
