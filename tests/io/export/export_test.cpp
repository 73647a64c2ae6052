#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/export/model_export.hpp"
#include "io/export/npy.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

using ::testing::HasSubstr;

TEST(NpyTest, reads_what_numpy_wrote) {
  const NpyReader reader(fs::path(ALSACE_TEST_DATA) / "golden/initial_items.npy");

  const FactorMatrix64 all = reader.read({0, reader.rows()});
  const FactorMatrix64 part = reader.read({3, 7});

  EXPECT_EQ(part, all.middleRows(3, 4));
  EXPECT_GT(all.norm(), 0);
}

TEST(NpyTest, reads_what_it_wrote) {
  ScratchFolder directory;
  const FactorMatrix matrix = FactorMatrix::Random(7, 3);
  NpyWriter writer = NpyWriter::matrix(directory.path() / "x.npy", 7, 3);
  writer.append(FactorMatrix(matrix.topRows(2)));
  writer.append(FactorMatrix(matrix.bottomRows(5)));
  writer.close();

  const NpyReader reader(directory.path() / "x.npy");

  EXPECT_EQ(reader.rows(), 7U);
  EXPECT_EQ(reader.columns(), 3U);
  EXPECT_EQ(reader.read({0, 7}), matrix.cast<double>());
}

TEST(NpyTest, refuses_other_files_by_field) {
  ScratchFolder directory;
  const fs::path path = directory.path() / "x.npy";
  NpyWriter writer = NpyWriter::matrix(path, 2, 2);
  FactorMatrix matrix = FactorMatrix::Ones(2, 2);
  matrix(1, 0) = std::nanf("");
  writer.append(matrix);
  writer.close();
  const std::string good = read_bytes(path);
  const auto message = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    return message_of(ErrorKind::input, [&] { (void)NpyReader(path).read({0, 2}); });
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    return bytes.replace(bytes.find(from), from.size(), to);
  };

  EXPECT_THAT(message(good), HasSubstr("x.npy: element (1, 0) = nan"));
  EXPECT_THAT(message(""), HasSubstr("is not a .npy file"));
  EXPECT_THAT(message(good.substr(0, 40)), HasSubstr("ends within its header"));
  EXPECT_THAT(message(good.substr(0, good.size() - 1)), HasSubstr("size = 143, expected 144"));
  EXPECT_THAT(message(with("<f4", "<i4")), HasSubstr("descr = <i4"));
  EXPECT_THAT(message(with("False", "True ")), HasSubstr("fortran_order = True"));
  EXPECT_THAT(message(with("(2, 2)", "(4,)  ")), HasSubstr("shape = (4,)"));
  EXPECT_THAT(message(with("(2, 2)", "(2, 0)")), HasSubstr("shape = (2, 0)"));
}

/// A .npy file of version 2 with this header.
std::string npy_with(const std::string& header) {
  std::string bytes = "\x93NUMPY\x02";
  bytes.push_back('\0');
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(header.size() >> (8 * i) & 0xffU));
  return bytes + header;
}

TEST(NpyTest, header_may_be_long_and_full_of_anything) {
  ScratchFolder directory;
  const fs::path path = directory.path() / "x.npy";
  const auto message = [&](const std::string& header) {
    write_bytes(path, npy_with(header));
    return message_of(ErrorKind::input, [&] { (void)NpyReader(path); });
  };
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";

  EXPECT_THAT(message("{'descr': '" + std::string(60000, 'x')), HasSubstr("descr = \"\""));
  EXPECT_THAT(message("{'descr': '" + std::string(60000, 'x') + "'"), HasSubstr("(60000 bytes), expected <f4 or <f8"));
  EXPECT_THAT(message(start + "(" + std::string(60000, ' ') + ")"), HasSubstr("expected (rows, columns)"));
  EXPECT_THAT(message(start + "(99999999999999999999, 1)"), HasSubstr("expected (rows, columns)"));
  EXPECT_THAT(message(start + "(1, 2, 3)"), HasSubstr("expected (rows, columns)"));
  EXPECT_THAT(message(start + "(-1, 2)"), HasSubstr("expected (rows, columns)"));
  EXPECT_THAT(message(std::string(65536, ' ')), HasSubstr("header length = 65536, expected at most 65535"));

  write_bytes(path, npy_with(start + "( 1 ,2,)" + std::string(65000, ' ') + "}") + std::string(8, '\0'));
  EXPECT_EQ(NpyReader(path).columns(), 2U);
}

TEST(NpyTest, missing_file_is_an_input_error_and_a_link_is_followed) {
  ScratchFolder directory;
  const fs::path link = directory.path() / "link.npy";
  fs::create_symlink("x.npy", link);
  EXPECT_THAT(message_of(ErrorKind::input, [&] { (void)NpyReader(link); }),
              HasSubstr("link.npy: cannot be read: No such file or directory"));
  EXPECT_THAT(message_of(ErrorKind::input, [&] { (void)NpyReader(directory.path()); }),
              HasSubstr("is not a regular file"));

  NpyWriter writer = NpyWriter::matrix(directory.path() / "x.npy", 1, 1);
  writer.append(FactorMatrix::Ones(1, 1));
  writer.close();
  EXPECT_EQ(NpyReader(link).rows(), 1U);
}

TEST(ExportTest, npy_and_csv_hold_the_model) {
  ScratchFolder directory;
  TestModel model = make_model(2);
  IdList items;
  items.push_back("a,\"b\"");
  for (std::size_t i = 1; i < 11; ++i) items.push_back(model.data.item_ids[i]);
  model.data.item_ids = items;
  write_model(directory.path() / "model", model, 3);
  const ModelReader reader(resolve_model(directory.path() / "model", "best"));
  const fs::path out = directory.path() / "out";

  export_npy(reader, out);
  export_csv(reader, out);

  EXPECT_EQ(NpyReader(out / "user_factors.npy").read({0, 23}), model.user_factors.cast<double>());
  EXPECT_EQ(NpyReader(out / "item_factors.npy").read({0, 11}), model.item_factors.cast<double>());
  EXPECT_TRUE(read_bytes(out / "items.txt").starts_with("a,\"b\"\n" + std::string(items[1]) + "\n"));
  EXPECT_EQ(fs::file_size(out / "user_biases.npy") % 64, 23 * 8 % 64);
  const std::string csv = read_bytes(out / "item_factors.csv");
  EXPECT_TRUE(
      csv.starts_with(fmt::format("item,bias,factor_0,factor_1,factor_2,factor_3,factor_4\n\"a,\"\"b\"\"\",{},{},",
                                  model.item_biases[0], model.item_factors(0, 0))));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 12);
}

TEST(ExportTest, biases_of_another_model_do_not_stay) {
  ScratchFolder directory;
  const fs::path out = directory.path() / "out";
  for (const Objective objective : {Objective::explicit_, Objective::ials}) {
    const fs::path path = directory.path() / fmt::format("model-{}", static_cast<int>(objective));
    const TestModel model = make_model(2, 23, 11, 1, objective);
    write_model(path, model, 1);
    export_npy(ModelReader(resolve_model(path, "best")), out);

    EXPECT_EQ(fs::exists(out / "user_biases.npy"), objective == Objective::explicit_);
    EXPECT_EQ(fs::exists(out / "item_biases.npy"), objective == Objective::explicit_);
    EXPECT_THAT(read_bytes(out / "model.json"), HasSubstr(fmt::format("\"mean\": {}", model.info.mean)));
    EXPECT_THAT(read_bytes(out / "model.json"), ::testing::Not(HasSubstr("sweeps")));
  }
}

TEST(ExportTest, interrupted_export_leaves_what_was_there) {
  ScratchFolder directory;
  const fs::path path = directory.path() / "x.npy";
  write_bytes(path, "old");
  {
    NpyWriter writer = NpyWriter::matrix(path, 2, 2);
    writer.append(FactorMatrix::Ones(1, 2));
  }

  EXPECT_EQ(read_bytes(path), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace alsace::io::testing
