#pragma once

#include <string>

#include "src/planning/plan.hpp"

namespace alsace::io {

/// What `plan` prints: tables for people, or one JSON object (bytes and seconds, a rank unless it says host).
std::string plan_as_text(const Workload& workload, const Cluster& cluster, const Rates& rates, const Plan& plan);
std::string plan_as_json(const Workload& workload, const Cluster& cluster, const Rates& rates, const Plan& plan);

}  // namespace alsace::io
