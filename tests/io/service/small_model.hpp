#pragma once

#include <memory>
#include <string>

#include "io/service/served_model.hpp"

namespace alsace::test {

/// Six items whose ids and titles are awkward in JSON, and one that is not UTF-8. `with_titles`: as with --item-info.
inline std::shared_ptr<const io::ServedModel> small_model(bool with_titles) {
  auto model = std::make_shared<io::ServedModel>();
  model->name = "sweep-000012";
  model->path = "/models/films/sweep-000012";
  model->loaded_at = "2026-02-01T12:00:00Z";
  model->info.config = TrainConfig::defaults(Objective::ials);
  model->info.config.factors = 16;
  model->info.sweep = 12;
  model->info.users = 5;
  model->info.items = 6;
  model->info.interactions = 17;
  IdList ids;
  for (const char* id : {"1", "10", "2", "a/b%", "say \"hi\"", "é"}) ids.push_back(id);
  model->items = SortedIds(std::move(ids));
  if (with_titles) {
    for (const char* title : {"Alien, 1979", "Aliens", "The \"Thing\"", "", "bad \xff byte", "Amélie"}) {
      model->titles.push_back(title);
    }
    model->attributes = {{"genres", {"Comedy", "Drama"}}};
  }
  model->example_users = {"42", "7"};
  model->ranks = {{"north", {0, 3}, 2, 1000}, {"south", {3, 5}, 4, 2000}};
  return model;
}

}  // namespace alsace::test
