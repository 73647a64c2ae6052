#include "io/options/reader_flags.hpp"

#include "io/options/command_line.hpp"

namespace alsace::io {

namespace {

constexpr const char* group = "How raw files are read (no effect on a data set)";

void add_duplicates(CLI::App& app, Duplicates& duplicates, DuplicatesDefault if_absent) {
  const bool by_objective = if_absent == DuplicatesDefault::by_objective;
  const std::string what =
      "what rows of one user and item become: their sum, the one with the latest timestamp (then the greatest value), "
      "their maximum, or an error";
  add_choice(
      app, "--duplicates", duplicates,
      {{"sum", Duplicates::sum}, {"last", Duplicates::last}, {"max", Duplicates::max}, {"error", Duplicates::error}},
      by_objective ? what + ". Default sum; last for explicit ratings"
                   : what + ". Ratings are added up as well, 3 and 5 to 8: for ratings take last")
      ->group(group);
}

}  // namespace

void add_reader_options(CLI::App& app, ReadOptions& options, Duplicates& duplicates, DuplicatesDefault if_absent) {
  app.add_option("--separator", options.separator,
                 "between fields: , ; :: | tab or any other 1 to 7 characters; \"\" to guess from the file's name and "
                 "first line")
      ->group(group);
  add_choice(app, "--header", options.header,
             {{"auto", ReadOptions::Header::auto_}, {"yes", ReadOptions::Header::yes}, {"no", ReadOptions::Header::no}},
             "is the first line a header? auto: yes when it names a user and an item column, or when its value is no "
             "number")
      ->group(group);
  const auto column = [&](const char* name, std::string& variable, const char* description) {
    app.add_option(name, variable, description)->type_name("NAME|POSITION")->group(group);
  };
  column("--user-column", options.user_column,
         "a name in the header or a position from 1; \"user\" also finds user_id, userId, uid, u; without a header: 1");
  column("--item-column", options.item_column,
         "likewise; \"item\" also finds item_id, itemId, movie_id, movieId, iid, i …; without a header: 2");
  column("--value-column", options.value_column,
         "likewise, or none; \"value\" also finds rating, score, count, weight, plays …; without a header: 3. A file "
         "without it: every row counts 1");
  column("--timestamp-column", options.timestamp_column,
         "likewise, or none; \"timestamp\" also finds ts, time, unixtime, date; without a header: 4. Numbers, "
         "fractions are cut to the lower whole number");
  add_duplicates(app, duplicates, if_absent);
  add_choice(app, "--on-bad-row", options.on_bad_row,
             {{"error", ReadOptions::OnBadRow::error}, {"skip", ReadOptions::OnBadRow::skip}},
             "a row that does not parse ends the run with its place and text, or is counted and left out")
      ->group(group);
  app.add_option(
         "--reject-file", options.reject_file,
         "with --on-bad-row skip: file for what was left out, a line a row: place, reason and text separated by "
         "tabs. Rank r > 0 writes to FILE.r. Replaced if it is there; held-out data of the same run are added to it. "
         "Not the name of an input")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--serial-parse", options.serial_parse,
               "rank 0 reads every file alone: slower, but quoted fields may contain newlines")
      ->group(group);
}

}  // namespace alsace::io
