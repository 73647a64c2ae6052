#include "io/service/routes.hpp"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/service/page.hpp"
#include "tests/io/service/fake_service.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::json;
using http::Response;
using test::FakeService;
using test::KeptReply;
using testing::HasSubstr;
using Kind = ScoringRequest::Kind;

constexpr const char* token = "0123456789abcdef";

class RoutesTest : public testing::Test {
 protected:
  std::shared_ptr<KeptReply> start(http::Request request) {
    const auto kept = std::make_shared<KeptReply>();
    Routes routes(options_, service_, metrics_, log_);
    routes.handle(std::move(request), http::Reply(kept));
    return kept;
  }
  Response ask(const std::string& method, const std::string& target, const std::string& body = "",
               const std::string& authorization = "") {
    const auto kept = start({method, target, authorization, body, host_, origin_});
    EXPECT_EQ(kept->responses.size(), 1U) << method << " " << target;
    return kept->responses.empty() ? Response() : kept->responses.front();
  }
  Response get(const std::string& target) { return ask("GET", target); }
  Response post(const std::string& body) { return ask("POST", "/v1/recommendations", body); }

  std::string host_ = "localhost:8080";
  std::string origin_;

  static std::string header(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static std::string detail(const Response& response) {
    EXPECT_EQ(response.content_type, "application/problem+json");
    const Json problem = Json::parse(response.body);
    EXPECT_EQ(problem["status"], response.status);
    return problem["detail"];
  }

  RouteOptions options_;
  FakeService service_{true};
  ServiceMetrics metrics_;
  AccessLog log_{"off"};
};

TEST_F(RoutesTest, a_user_gets_a_list) {
  const Response response = get("/v1/users/42/recommendations?k=2&exclude_seen=false&filter=genres:Comedy%7CDrama");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.route, "user");
  EXPECT_EQ(response.body,
            R"({"user":"42","model":"sweep-000012","items":[{"item":"1","title":"Alien, 1979","score":1,)"
            R"("rank":1},{"item":"10","title":"Aliens","score":0.5,"rank":2}]})");
  EXPECT_EQ(header(response, "Server-Timing"),
            "parse;dur=0.010, queue;dur=0.020, gather;dur=0.030, score;dur=0.040, merge;dur=0.050");
  EXPECT_FALSE(service_.requests[0].exclude_seen);
  EXPECT_EQ(service_.requests[0].filters, (std::vector<FilterTerm>{{"genres", {"Comedy", "Drama"}}}));
}

TEST_F(RoutesTest, ids_come_escaped_in_the_path) {
  for (const auto& [target, user] : std::vector<std::pair<std::string, std::string>>{
           {"a%2Fb", "a/b"}, {"100%25", "100%"}, {"%C3%A9", "é"}, {"a%20b", "a b"}, {"%3Fk=1", "?k=1"}}) {
    const Response response = get("/v1/users/" + target + "/recommendations");

    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(service_.requests.back().users, std::vector<std::string>{user});
    EXPECT_EQ(Json::parse(response.body)["user"], user);
  }
  EXPECT_EQ(get("/v1/items/a%2Fb%25/similar").status, 200);
  EXPECT_EQ(service_.requests.back().item, "a/b%");
}

TEST_F(RoutesTest, ids_that_nobody_can_have_are_400) {
  for (const char* id : {"", "%00", "%FF", "%0A", "%C3"}) {
    const Response response = get(std::string("/v1/users/") + id + "/recommendations");

    EXPECT_EQ(response.status, 400) << id;
    EXPECT_THAT(detail(response), HasSubstr("expected valid UTF-8")) << id;
  }
  EXPECT_TRUE(service_.requests.empty());
}

TEST_F(RoutesTest, an_unknown_user_is_told_that_the_list_is_the_popular_one) {
  EXPECT_EQ(Json::parse(get("/v1/users/new/recommendations").body)["fallback"], "popular");
  EXPECT_FALSE(Json::parse(get("/v1/users/old/recommendations").body).contains("fallback"));
}

TEST_F(RoutesTest, a_batch_answers_in_the_order_of_its_users) {
  const Response response = post(R"({"users": ["b", "new", "a"], "k": 1})");

  EXPECT_EQ(response.route, "batch");
  const Json results = Json::parse(response.body)["results"];
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0]["user"], "b");
  EXPECT_EQ(results[1]["fallback"], "popular");
  EXPECT_EQ(results[2]["user"], "a");
  EXPECT_TRUE(Json::parse(post(R"({"users": ["b"]})").body).contains("results"));
}

TEST_F(RoutesTest, events_are_answered_with_one_list) {
  const Json answer = Json::parse(post(R"({"events": [{"item": "10"}, {"item": "99"}], "k": 1})").body);

  EXPECT_EQ(service_.requests[0].kind, Kind::events);
  EXPECT_EQ(answer["items"].size(), 1U);
  EXPECT_EQ(answer["unknown_items"], Json::parse(R"(["99"])"));
}

TEST_F(RoutesTest, similar_items) {
  const Response response = get("/v1/items/10/similar?k=1");

  EXPECT_EQ(response.route, "similar");
  EXPECT_EQ(service_.requests[0].kind, Kind::similar);
  EXPECT_EQ(Json::parse(response.body)["item"], "10");
  EXPECT_EQ(Json::parse(response.body)["title"], "Aliens");
}

TEST_F(RoutesTest, bad_requests_are_400_and_reach_nobody) {
  EXPECT_EQ(detail(get("/v1/users/42/recommendations?k=0")), "k = 0, expected 1 to 1000");
  EXPECT_EQ(detail(get("/v1/users/42/recommendations?K=5")),
            "parameter = K, expected k, exclude_seen, exclude, allow or filter");
  EXPECT_EQ(detail(post("{")), "body = the end at byte 2, expected more JSON");
  EXPECT_EQ(detail(ask("POST", "/v1/recommendations?k=5", R"({"users":["1"]})")),
            "parameter = k, expected none beside a body");
  EXPECT_EQ(post("").status, 400);
  EXPECT_EQ(post("").route, "batch");
  EXPECT_EQ(get("/v1/users/%4/recommendations").status, 400);
  EXPECT_EQ(ask("OPTIONS", "*").status, 400);
  EXPECT_TRUE(service_.requests.empty());
}

TEST_F(RoutesTest, refusals_of_the_service_become_answers) {
  for (const auto& [status, retry] :
       std::vector<std::pair<int, std::string>>{{400, ""}, {404, ""}, {429, "1"}, {503, "1"}, {500, ""}}) {
    service_.refusal = Refusal{status, "so \"it\" is"};

    const Response response = get("/v1/users/42/recommendations");

    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.route, "user");
    EXPECT_EQ(detail(response), "so \"it\" is");
    EXPECT_EQ(header(response, "Retry-After"), retry);
  }
}

TEST_F(RoutesTest, answers_may_come_late_and_after_the_routes) {
  service_.late = true;
  const auto first = start({"GET", "/v1/users/1/recommendations?k=1", "", ""});
  const auto second = start({"POST", "/v1/recommendations", "", R"({"users":["2","3"]})"});
  ASSERT_TRUE(first->responses.empty());

  for (const auto& answer : service_.waiting) answer();

  EXPECT_EQ(Json::parse(first->responses.at(0).body)["user"], "1");
  EXPECT_EQ(Json::parse(second->responses.at(0).body)["results"][1]["user"], "3");
}

TEST_F(RoutesTest, the_service_can_ask_whether_anybody_waits_and_learns_the_time_of_parsing) {
  const auto kept = start({"GET", "/v1/users/1/recommendations", "", ""});

  EXPECT_FALSE(service_.last_expired());
  kept->is_expired = true;
  EXPECT_TRUE(service_.last_expired());
  EXPECT_GT(service_.last_parse_seconds, 0);
  EXPECT_LT(service_.last_parse_seconds, 1);
}

TEST_F(RoutesTest, stage_times_are_counted_for_answers_alone) {
  (void)get("/v1/users/1/recommendations");
  service_.refusal = Refusal{429, "full"};
  (void)get("/v1/users/1/recommendations");

  EXPECT_THAT(metrics_.text(), HasSubstr("alsace_stage_duration_seconds_count{stage=\"score\"} 1\n"));
}

TEST_F(RoutesTest, unknown_paths_are_404) {
  for (const char* target : {"/v2/model", "/v1", "/v1/", "/v1/users", "/v1/users/1", "/v1/users/1/recommendations/",
                             "/v1/items/1/similar/2", "/v1/admin", "/page.html", "/healthz/", "//", "/favicon.ico"}) {
    const Response response = get(target);

    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(response.route, "other") << target;
    EXPECT_THAT(detail(response), HasSubstr("/v1/users/{id}/recommendations"));
  }
}

TEST_F(RoutesTest, known_paths_have_their_methods) {
  for (const char* target : {"/", "/page.js", "/v1/users/1/recommendations", "/v1/items/1/similar", "/v1/items",
                             "/v1/model", "/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(get(target).status, 200) << target;
    EXPECT_EQ(ask("HEAD", target).status, 200) << target;
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", "GET, HEAD"}) {
      const Response response = ask(method, target);
      EXPECT_EQ(response.status, 405) << method << " " << target;
      EXPECT_EQ(header(response, "Allow"), "GET, HEAD");
    }
  }
  options_.admin_without_token = true;
  for (const char* target : {"/v1/recommendations", "/v1/admin/reload"}) {
    for (const char* method : {"GET", "HEAD", "PUT"}) {
      const Response response = ask(method, target);
      EXPECT_EQ(response.status, 405) << method << " " << target;
      EXPECT_EQ(header(response, "Allow"), "POST");
      EXPECT_EQ(detail(response), std::string("method = ") + method + ", expected POST");
    }
  }
}

TEST_F(RoutesTest, health_is_not_readiness) {
  service_.reason = "draining";

  EXPECT_EQ(get("/healthz").body, R"({"status":"ok"})");
  const Response response = get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(detail(response), "draining");
  EXPECT_EQ(header(response, "Retry-After"), "1");
  service_.reason.clear();
  EXPECT_EQ(get("/readyz").body, R"({"status":"ready"})");
}

TEST_F(RoutesTest, the_model_and_its_items_can_be_read_once_there_is_one) {
  EXPECT_EQ(Json::parse(get("/v1/model").body)["sweep"], 12);
  EXPECT_EQ(get("/v1/items?search=thing&limit=1").body, R"([{"item":"2","title":"The \"Thing\""}])");
  EXPECT_EQ(get("/v1/items?limit=0").status, 400);
  service_.served = nullptr;
  for (const char* target : {"/v1/model", "/v1/items"}) {
    EXPECT_EQ(get(target).status, 503);
    EXPECT_EQ(header(get(target), "Retry-After"), "1");
  }
}

TEST_F(RoutesTest, metrics_are_text_for_prometheus) {
  const Response response = get("/metrics");

  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("# TYPE alsace_stage_duration_seconds histogram\n"));
}

TEST_F(RoutesTest, the_page_may_only_talk_to_this_service) {
  const Response response = get("/");

  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(response.body, find_asset("/")->body);
  EXPECT_EQ(header(response, "Content-Security-Policy"), page_policy);
  EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(get("/page.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/page.css").content_type, "text/css; charset=utf-8");
}

TEST_F(RoutesTest, a_page_of_another_site_cannot_reload) {
  options_.admin_without_token = true;
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:8080", "127.0.0.7", "[::1]:8080", "[::1]"}) {
    host_ = host;
    origin_ = "";
    EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 200) << host;
    origin_ = "http://" + host_;
    EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 200) << host;
    for (const char* foreign : {"http://evil.example", "null", "http://localhost.evil.example"}) {
      origin_ = foreign;
      EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 403) << foreign;
    }
  }
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "", "127.evil.example"}) {
    host_ = host;  // a name that somebody let point to the loopback address
    origin_ = "http://" + host_;
    EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 403) << host;
  }
}

TEST_F(RoutesTest, a_reload_takes_the_time_it_takes) {
  options_.admin_without_token = true;

  const auto kept = start({"POST", "/v1/admin/reload", "", "", "localhost:8080"});

  EXPECT_TRUE(kept->deadline_lifted);
  EXPECT_EQ(kept->responses.at(0).status, 200);
  EXPECT_EQ(kept->responses.at(0).body, R"({"model":"sweep-000013"})");
  service_.reload_outcome = Refusal{409, "a reload is under way"};
  EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 409);
}

TEST_F(RoutesTest, without_a_token_administration_is_for_loopback_alone) {
  const Response response = ask("POST", "/v1/admin/reload");

  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.route, "reload");
}

const std::vector<std::string> guarded_targets{"/v1/users/1/recommendations", "/v1/items/1/similar", "/v1/items",
                                               "/v1/model", "/metrics"};
const std::vector<std::string> open_targets{"/", "/page.js", "/page.css", "/healthz", "/readyz"};

TEST_F(RoutesTest, a_token_guards_the_service) {
  options_.tokens.emplace(std::vector<std::string>{token});
  const std::string good = std::string("Bearer ") + token;

  for (const std::string& target : guarded_targets) {
    for (const std::string& bad : {std::string(), std::string(token), good + "x", std::string("Basic ") + token}) {
      const Response response = ask("GET", target, "", bad);
      EXPECT_EQ(response.status, 401) << target << " " << bad;
      EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
      EXPECT_EQ(response.body.find(token), std::string::npos);
    }
    EXPECT_EQ(ask("GET", target, "", good).status, 200) << target;
  }
  for (const std::string& target : open_targets) EXPECT_EQ(get(target).status, 200) << target;
  EXPECT_EQ(get("/absent").status, 401) << "a stranger learns no paths";
  EXPECT_EQ(get("/%").status, 401);
  EXPECT_EQ(ask("DELETE", "/v1/model").status, 401);
  EXPECT_EQ(ask("GET", "/absent", "", good).status, 404);
  EXPECT_EQ(post(R"({"users":["1"]})").status, 401);
  EXPECT_EQ(ask("POST", "/v1/recommendations", R"({"users":["1"]})", good).status, 200);
  EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 401);
  EXPECT_EQ(ask("POST", "/v1/admin/reload", "", good).status, 200);
}

TEST_F(RoutesTest, a_token_may_guard_administration_alone) {
  options_.tokens.emplace(std::vector<std::string>{token});
  options_.guard = Guard::admin;

  for (const std::string& target : guarded_targets) EXPECT_EQ(get(target).status, 200) << target;
  EXPECT_EQ(post(R"({"users":["1"]})").status, 200);
  EXPECT_EQ(get("/absent").status, 404);
  EXPECT_EQ(ask("POST", "/v1/admin/reload").status, 401);
  EXPECT_EQ(ask("POST", "/v1/admin/reload", "", std::string("Bearer ") + token).status, 200);
}

TEST_F(RoutesTest, what_is_finished_is_counted_by_route_and_code) {
  Routes routes(options_, service_, metrics_, log_);

  routes.finished({"GET", "/v1/model", "model", "127.0.0.1:1", 200, 10, 0.001, 0.0001});
  routes.connections_changed(7);

  EXPECT_THAT(metrics_.text(),
              testing::AnyOf(HasSubstr("alsace_request_duration_seconds_count{code=\"200\",route=\"model\"} 1\n"),
                             HasSubstr("alsace_request_duration_seconds_count{route=\"model\",code=\"200\"} 1\n")));
  EXPECT_THAT(metrics_.text(), HasSubstr("alsace_open_connections 7\n"));
}

/// A service with a bug.
class ThrowingService : public FakeService {
 public:
  void score(ScoringRequest, double, std::function<bool()>, std::function<void(Outcome)>) override {
    throw std::runtime_error("a secret of the service");
  }
  [[nodiscard]] std::shared_ptr<const ServedModel> model() const override { throw std::runtime_error("a secret"); }
};

TEST_F(RoutesTest, an_exception_is_a_500_that_tells_nothing) {
  ThrowingService service;
  Routes routes(options_, service, metrics_, log_);

  for (const char* target : {"/v1/users/1/recommendations", "/v1/model"}) {
    const auto kept = std::make_shared<KeptReply>();
    routes.handle({"GET", target, "", ""}, http::Reply(kept));

    ASSERT_EQ(kept->responses.size(), 1U);
    EXPECT_EQ(kept->responses[0].status, 500);
    EXPECT_EQ(kept->responses[0].body.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace alsace::io
