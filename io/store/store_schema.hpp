#pragma once

#include <cstdint>

/// The schema of both stores: every path in a shard file, what it holds, and its type. Rows are in index order. A shard
/// holds the rows of a contiguous range of users and of a contiguous range of items, either of them possibly empty.
///
///   path                       type, shape                 meaning
///   /users/ids                 bytes[W], users             ids, null-padded to the longest of all shards
///   /items/ids                 bytes[W], items
///
/// model
///   /users/factors             fp32, users × K
///   /items/factors             fp32, items × K
///   /users/biases              fp64, users                 explicit objective with full biases only
///   /items/biases              fp64, items                 likewise
///   /seen/indptr               uint64, users + 1           where each user's items begin, counted over all shards
///   /seen/indices              uint32, interactions        item indices, ascending for each user
///   /gramians/users            fp64, K × K                 XᵀX, in shard 0 only
///   /gramians/items            fp64, K × K                 YᵀY, in shard 0 only
///   /view/<token>/...          hard links to all of these  what model.h5 reads; the token is of this shard alone
///
/// data set
///   /interactions/indptr       uint64, users + 1
///   /interactions/indices      uint32, interactions
///   /interactions/values       fp32, interactions
///   /interactions/timestamps   int64, interactions         only when the input had them
///
/// model.h5 shows the paths of a model, over all shards, as virtual datasets; a part that cannot be read shows NaN, ''
/// or the greatest integer. Filters: fletcher32; ids, mostly padding, shuffle and deflate as well (earlier stores: all
/// of them), and no others are read. Datasets without rows are contiguous, without any.
namespace alsace::io::schema {

inline constexpr int version = 1;
inline constexpr const char* dataset_format = "alsace data set";
inline constexpr const char* model_format = "alsace model";
inline constexpr const char* manifest_file = "MANIFEST.json";
inline constexpr const char* view_file = "model.h5";
inline constexpr const char* latest_link = "latest";
inline constexpr const char* best_link = "best";
inline constexpr const char* staging_suffix = ".tmp";
inline constexpr const char* replaced_suffix = ".replaced";

inline constexpr const char* user_ids = "/users/ids";
inline constexpr const char* item_ids = "/items/ids";
inline constexpr const char* user_factors = "/users/factors";
inline constexpr const char* item_factors = "/items/factors";
inline constexpr const char* user_biases = "/users/biases";
inline constexpr const char* item_biases = "/items/biases";
inline constexpr const char* seen_indptr = "/seen/indptr";
inline constexpr const char* seen_indices = "/seen/indices";
inline constexpr const char* user_gramian = "/gramians/users";
inline constexpr const char* item_gramian = "/gramians/items";
inline constexpr const char* view_group = "/view";

inline constexpr const char* indptr = "/interactions/indptr";
inline constexpr const char* indices = "/interactions/indices";
inline constexpr const char* values = "/interactions/values";
inline constexpr const char* timestamps = "/interactions/timestamps";

/// Bytes of the longest id that the program accepts.
inline constexpr std::uint64_t widest_id = 512;

}  // namespace alsace::io::schema
