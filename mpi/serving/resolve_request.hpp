#pragma once

#include <string>
#include <variant>
#include <vector>

#include "io/service/scoring_service.hpp"
#include "mpi/serving/messages.hpp"

namespace alsace::mpi {

struct ResolvedRequest {
  ScoringMessage message;
  std::vector<std::string> unknown_items;  ///< of the events, in their order
};

/// Turns a request's item ids into rows of a model. Refused: an unknown item of `similar` (404), an attribute that the
/// item information does not have, a value that the objective cannot read, lists that are long for many users at once
/// (400). Cost: a binary search an id.
std::variant<ResolvedRequest, io::Refusal> resolve_request(const io::ScoringRequest& request,
                                                           const io::ServedModel& model);

}  // namespace alsace::mpi
