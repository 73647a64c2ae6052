#pragma once

#include <filesystem>

#include "io/store/model_store.hpp"

namespace alsace::io {

/// Writes a model's rows for other tools into the directory `out`, which is made if need be; memory for one range of
/// rows at a time. Each file is there complete or not at all. Throws ErrorKind::storage.
///
/// Both: model.json, with the sweep, the mean that scores of an explicit model have added, and the parameters.
/// npy: user_factors.npy, item_factors.npy (fp32, rows in index order), users.txt, items.txt (an id a line), and
/// user_biases.npy, item_biases.npy (fp64) where the model has them.
void export_npy(const ModelReader& model, const std::filesystem::path& out);

/// csv: user_factors.csv and item_factors.csv with a header: the id, the bias where the model has one, the factors.
void export_csv(const ModelReader& model, const std::filesystem::path& out);

}  // namespace alsace::io
