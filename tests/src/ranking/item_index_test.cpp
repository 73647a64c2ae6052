#include "src/ranking/item_index.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/support/ranking_data.hpp"

namespace alsace {
namespace {

using test::factor_rows;

IndexedItems items_of(const FactorMatrix& rows) {
  return {rows.data(), static_cast<std::size_t>(rows.rows()), static_cast<int>(rows.cols()), {}, {}, 1};
}

TEST(ItemIndexTest, finds_items_by_ids_of_any_order_and_keeps_their_rows_and_biases) {
  const FactorMatrix rows = factor_rows(500, 20, false, 1);
  std::vector<std::uint32_t> ids(500);
  std::vector<double> biases(500);
  for (std::uint32_t i = 0; i < 500; ++i) {
    ids[i] = (i * 7919 + 3) % 5000;
    biases[i] = 0.01 * i;
  }
  IndexedItems items = items_of(rows);
  items.ids = ids;
  items.biases = biases;

  const ItemIndex index(items, 2);

  ASSERT_EQ(index.count(), 500U);
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto position = index.position_of(ids[i]);
    ASSERT_TRUE(position.has_value()) << ids[i];
    EXPECT_EQ(index.id(*position), ids[i]);
    EXPECT_EQ(index.bias(*position), biases[i]);
    EXPECT_TRUE(std::equal(index.row(*position), index.row(*position) + 20, rows.row(i).data()));
  }
  EXPECT_FALSE(index.position_of(5000).has_value());
  EXPECT_FALSE(index.position_of(std::find(ids.begin(), ids.end(), 1U) == ids.end() ? 1U : 2U).has_value());
  const auto [least, most] = std::minmax_element(ids.begin(), ids.end());
  EXPECT_EQ(index.id_range(), std::size_t{*most} - *least + 1);
}

TEST(ItemIndexTest, chunks_of_items_behind_others_begin_with_long_ones) {
  const FactorMatrix rows = FactorMatrix::Random(5000, 64);
  IndexedItems items = items_of(rows);
  items.before = 3000;
  const ItemIndex index(items, 1);

  EXPECT_EQ(index.chunks()[0].end, 1488U) << "half of those in front, in whole groups";
  EXPECT_EQ(ItemIndex(items_of(rows), 1).chunks()[0].end, 16U);
}

TEST(ItemIndexTest, chunks_cover_all_positions_and_bound_what_is_in_them_and_behind) {
  for (const Eigen::Index count : {1, 16, 63, 64, 65, 1000, 9000, 17000}) {
    const FactorMatrix rows = factor_rows(count, 64, count > 10'000, 2);
    const ItemIndex index(items_of(rows), 1);

    std::size_t end = 0;
    for (const ItemIndex::Chunk& chunk : index.chunks()) {
      EXPECT_EQ(chunk.begin, end);
      EXPECT_EQ(chunk.begin % scan_group, 0U);
      EXPECT_LE(chunk.end - chunk.begin, index.longest_chunk());
      end = chunk.end;
      for (std::size_t p = chunk.begin; p < index.count(); ++p) {
        const Eigen::Map<const Eigen::RowVectorXf> row(index.row(p), 64);
        ASSERT_LE(row.cast<double>().norm(), chunk.most_norm);
      }
    }
    EXPECT_EQ(end, static_cast<std::size_t>(count));
  }
}

TEST(ItemIndexTest, threads_and_the_order_of_the_source_change_no_code) {
  const FactorMatrix rows = factor_rows(700, 24, true, 3);
  const FactorMatrix reversed = rows.colwise().reverse();
  std::vector<std::uint32_t> ids(700);
  std::iota(ids.rbegin(), ids.rend(), 0U);
  IndexedItems of_reversed = items_of(reversed);
  of_reversed.ids = ids;

  const ItemIndex one(items_of(rows), 1);
  const ItemIndex two(items_of(rows), 2);
  const ItemIndex other(of_reversed, 1);

  const std::size_t bytes = 704 * scan_steps(24) * 4;
  const auto codes = [](const ItemIndex& index) { return index.scan_items(0, false).codes; };
  EXPECT_TRUE(std::equal(codes(one), codes(one) + bytes, codes(two)));
  EXPECT_TRUE(std::equal(codes(one), codes(one) + bytes, codes(other)));
  for (std::size_t p = 0; p < 700; ++p) ASSERT_EQ(one.id(p), other.id(p));
}

TEST(ItemIndexTest, heads_are_the_first_codes_of_every_item) {
  constexpr std::size_t count = 17'000;
  const ItemIndex index(items_of(factor_rows(count, 100, true, 7)), 2);
  ASSERT_FALSE(index.basis().empty());
  const ItemIndex none(items_of(factor_rows(2000, 100, true, 7)), 1);

  const ScanItems whole = index.scan_items(0, false);
  const ScanItems principal = index.scan_principal(0, false);
  EXPECT_EQ(principal.steps * 4, static_cast<std::size_t>(index.basis().principal()));
  for (std::size_t group = 0; group < count / scan_group; ++group) {
    const std::size_t bytes = principal.steps * 64;
    ASSERT_TRUE(std::equal(principal.codes + group * bytes, principal.codes + (group + 1) * bytes,
                           whole.codes + group * whole.steps * 64))
        << group;
  }
  const ScanItems later = index.scan_principal(320, false);
  EXPECT_EQ(later.codes, principal.codes + 20 * principal.steps * 64);
  EXPECT_EQ(later.tail_lengths, principal.tail_lengths + 20);
  // Rows, codes and principal parts, and what each item and group has besides.
  EXPECT_NEAR(static_cast<double>(index.bytes()) / count, 400 + 112 + index.basis().principal() + 9, 4);
  EXPECT_NEAR(static_cast<double>(none.bytes()) / 2000, 400 + 112 + 9, 4);
}

TEST(ItemIndexTest, brings_items_of_similar_tails_together) {
  constexpr std::size_t count = 20'000;
  constexpr std::size_t window = 1024;
  const FactorMatrix rows = factor_rows(count, 100, true, 7);
  const KernelTable& kernels = kernel_table("portable");

  const ItemIndex index(items_of(rows), 2);

  ASSERT_FALSE(index.basis().empty());
  const auto tail = [&](std::size_t position) {
    std::vector<double> turned(100);
    index.basis().turn(kernels, index.row(position), turned.data());
    return Eigen::Map<const Eigen::VectorXd>(turned.data(), 100).tail(100 - index.basis().principal()).norm();
  };
  for (std::size_t p = window; p < count; ++p) {
    const float* const source = rows.row(index.id(p)).data();
    ASSERT_TRUE(std::equal(source, source + 100, index.row(p))) << p;
    if (p % window == 0) continue;
    ASSERT_GE(tail(p - 1), tail(p) * (1 - 1e-12)) << p;
  }
}

TEST(ItemIndexTest, asks_for_huge_pages_where_there_are_as_many) {
  static std::size_t advised;
  advised = 0;
  const PageAdvice advice = [](void* pages, std::size_t bytes) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages) % 4096, 0U);
    advised += bytes;
  };

  const ItemIndex small(items_of(factor_rows(100, 8, true, 4)), 1, advice);
  EXPECT_EQ(advised, 0U);
  const ItemIndex large(items_of(factor_rows(10'000, 64, true, 5)), 1, advice);
  EXPECT_GE(advised, 10'000U * 64 * 4);
}

TEST(ItemIndexTest, reach_is_the_norm_and_the_bias) {
  FactorMatrix rows(2, 2);
  rows << 3, 4, 0, 1;
  const std::vector<double> biases{0.5, -2};
  IndexedItems items = items_of(rows);
  items.biases = biases;
  items.query_norm = 10;

  EXPECT_EQ(reach_of(items, 1), (std::vector<double>{50.5, 8}));
}

TEST(ItemIndexTest, refuses_lists_of_other_items) {
  const FactorMatrix rows = factor_rows(4, 2, true, 6);
  const std::vector<std::uint32_t> ids{1, 2, 3};
  IndexedItems items = items_of(rows);
  items.ids = ids;

  EXPECT_THROW(ItemIndex(items, 1), Error);
}

}  // namespace
}  // namespace alsace
