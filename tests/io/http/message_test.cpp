#include "io/http/message.hpp"

#include <gtest/gtest.h>

#include "io/http/response_head.hpp"

namespace alsace::io::http {
namespace {

TEST(ProblemTest, has_title_status_and_detail) {
  const Response response = problem(404, "user = \"x\"");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, "{\"title\":\"Not Found\",\"status\":404,\"detail\":\"user = \\\"x\\\"\"}\n");
}

TEST(ProblemTest, a_detail_that_is_no_text_is_still_sent) {
  EXPECT_EQ(problem(400, "a\xff").body, "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"a\xef\xbf\xbd\"}\n");
}

TEST(ProblemTest, a_status_that_is_never_sent_has_no_phrase) {
  EXPECT_EQ(phrase_of(418), "Unknown");
}

TEST(ResponseHeadTest, an_answer_without_body_has_no_length) {
  Response response;
  response.status = 204;

  const std::string head = response_head(response, Persistence::stays);

  EXPECT_TRUE(head.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_EQ(head.find("Content-"), head.find("Content-Type-Options"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace alsace::io::http
