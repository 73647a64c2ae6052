#pragma once

#include <string>

#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace::test {

/// What a configuration's validate() finds wrong, which has to be a usage error; "" when it finds nothing.
template <class Config>
std::string complaint_about(const Config& config) {
  try {
    config.validate();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

}  // namespace alsace::test
