#pragma once

#include <optional>

#include "io/http/bearer_token.hpp"
#include "io/http/handler.hpp"
#include "io/http/target.hpp"
#include "io/service/access_log.hpp"
#include "io/service/metrics.hpp"
#include "io/service/scoring_json.hpp"
#include "io/service/scoring_service.hpp"

namespace alsace::io {

/// What the token guards.
enum class Guard { service, admin };

struct RouteOptions {
  RequestBounds bounds;
  std::optional<http::BearerTokens> tokens;
  Guard guard = Guard::service;
  bool admin_without_token = false;  ///< only on a loopback address: anybody on this machine may reload
};

/// The service as HTTP:
///
///   GET  /                                   a page for people, and its /page.js and /page.css
///   GET  /v1/users/{id}/recommendations      parse_parameters
///   POST /v1/recommendations                 parse_body; no parameters
///   GET  /v1/items/{id}/similar              parse_parameters
///   GET  /v1/items?search=text&limit=10      parse_search, found_items_json: for the page
///   GET  /v1/model
///   POST /v1/admin/reload                    answers when the new model serves, or is refused
///   GET  /healthz  /readyz  /metrics
///
/// A known path with another method is 405 with Allow, an unknown one 404, a target that cannot be read 400; 429 and
/// 503 have Retry-After, lists Server-Timing. Answers are written in the server's threads (Reply::send_from). With a
/// token, all but the page, /healthz and /readyz want it (Guard::service) or the admin route does (Guard::admin): 401
/// with WWW-Authenticate. Without one and not on loopback the admin route is 403.
class Routes : public http::Handler {
 public:
  Routes(RouteOptions options, ScoringService& service, ServiceMetrics& metrics, const AccessLog& access_log);
  void handle(http::Request request, http::Reply reply) override;
  void finished(const http::Exchange& exchange) override;
  void connections_changed(std::size_t open) override;

 private:
  RouteOptions options_;
  ScoringService& service_;
  ServiceMetrics& metrics_;
  const AccessLog& access_log_;
};

}  // namespace alsace::io
