#include "io/service/routes.hpp"

#include <exception>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "io/clock.hpp"
#include "io/service/item_search.hpp"
#include "io/service/page.hpp"
#include "io/service/route_table.hpp"
#include "io/text.hpp"

namespace alsace::io {
namespace {

using http::Reply;
using http::Request;
using http::Response;

Response refusal(Route route, int status, const std::string& detail) {
  Response response = http::problem(status, detail);
  response.route = label_of(route);
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response refusal(Route route, const Refusal& refused) {
  return refusal(route, refused.status, refused.detail);
}

Response json_response(Route route, std::string body) {
  Response response;
  response.body = std::move(body);
  response.route = label_of(route);
  return response;
}

/// {"name": "value"}
Response json_response(Route route, const char* name, const std::string& value) {
  using Json = nlohmann::json;
  return json_response(route, Json{{name, value}}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Response page_response(const std::vector<std::string>& path) {
  const Asset& asset = *find_asset(path.empty() ? "/" : "/" + path[0]);
  Response response;
  response.content_type = asset.content_type;
  response.body = asset.body;
  response.route = label_of(Route::page);
  response.headers = {{"Content-Security-Policy", std::string(page_policy)}, {"Referrer-Policy", "no-referrer"}};
  return response;
}

/// Whether a Host header is the loopback address or its one name, with or without a port.
bool names_this_machine(std::string_view host) {
  const std::size_t port = host.rfind(':');
  const bool has_port = port != std::string_view::npos && host.find(']', port) == std::string_view::npos;
  const std::string_view name = has_port ? host.substr(0, port) : host;
  const bool loopback = name.substr(0, 4) == "127." && name.find_first_not_of("0123456789.") == std::string_view::npos;
  return loopback || name == "localhost" || name == "[::1]";
}

/// What is wrong with a request before its content is looked at.
std::optional<Response> refuse_access(Route route, const Request& request, const RouteOptions& options) {
  const bool guarded = options.guard == Guard::service ? !is_open(route) : route == Route::reload;
  if (options.tokens && guarded && !options.tokens->admit(request.authorization)) {
    Response response = refusal(route, 401, "expected the header Authorization: Bearer with a token of this service");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (route != Route::reload || request.method != "POST") return std::nullopt;
  if (!options.tokens && !options.admin_without_token) {
    return refusal(route, 403, "this service was started without a token, which administration needs");
  }
  // Without a token every page that somebody on this machine looks at could reload, by a request across origins or,
  // with a name of its own for the loopback address, within one.
  const bool foreign_page = !request.origin.empty() && request.origin != "http://" + request.host &&
                            request.origin != "https://" + request.host;
  if (foreign_page || (!options.tokens && !names_this_machine(request.host))) {
    return refusal(route, 403, "administration takes requests of this machine's own pages and programs alone");
  }
  return std::nullopt;
}

std::optional<Response> refuse_target(Route route, const std::string& target, bool readable) {
  if (!readable) {
    return refusal(route, 400,
                   fmt::format("target = {}, expected a path whose escapes are % and two hex digits", shown(target)));
  }
  if (route == Route::other) {
    return refusal(route, 404,
                   "expected the path /, /v1/users/{id}/recommendations, /v1/recommendations, /v1/items, "
                   "/v1/items/{id}/similar, /v1/model, /v1/admin/reload, /healthz, /readyz or /metrics");
  }
  return std::nullopt;
}

std::optional<Response> refuse_method(Route route, const std::string& method) {
  const std::string_view methods = methods_of(route);
  const bool allowed = methods == "POST" ? method == "POST" : method == "GET" || method == "HEAD";
  if (allowed) return std::nullopt;
  Response response = refusal(route, 405, fmt::format("method = {}, expected {}", shown(method), methods));
  response.headers.emplace_back("Allow", methods);
  return response;
}

ParsedRequest parse(Route route, const Request& request, http::Target target, const RequestBounds& bounds) {
  if (route == Route::batch) {
    if (target.query.empty()) return parse_body(request.body, bounds);
    return Refusal{400, fmt::format("parameter = {}, expected none beside a body", shown(target.query[0].first))};
  }
  ScoringRequest wanted;
  if (route == Route::user) {
    wanted.users.push_back(std::move(target.path[2]));
  } else {
    wanted.kind = ScoringRequest::Kind::similar;
    wanted.item = std::move(target.path[2]);
  }
  return parse_parameters(std::move(wanted), target.query, bounds);
}

/// What of a request its answer repeats; the rest goes to the service and may be long.
ScoringRequest names_of(const ScoringRequest& request) {
  ScoringRequest names;
  names.kind = request.kind;
  names.users = request.users;
  names.item = request.item;
  return names;
}

/// An answer is due, whatever went wrong.
Response failure(Route route, const std::exception& error) {
  spdlog::error("route {}: {}", label_of(route), error.what());
  return refusal(route, 500, "an error of the service; its log has more");
}

Response scored_response(Route route, const ScoringRequest& names, const ScoringAnswer& answer) {
  const bool batch = route == Route::batch && names.kind == ScoringRequest::Kind::users;
  Response response = json_response(route, answer_json(names, answer, batch));
  response.headers.emplace_back("Server-Timing", server_timing(answer.times));
  return response;
}

void score(Route route, const Request& request, http::Target target, const RequestBounds& bounds,
           ScoringService& service, ServiceMetrics& metrics, const Reply& reply) {
  const Stopwatch watch;
  ParsedRequest parsed = parse(route, request, std::move(target), bounds);
  if (const auto* refused = std::get_if<Refusal>(&parsed)) return reply.send(refusal(route, *refused));
  auto& wanted = std::get<ScoringRequest>(parsed);
  auto names = std::make_shared<const ScoringRequest>(names_of(wanted));
  const double parse_seconds = watch.seconds();
  service.score(
      std::move(wanted), parse_seconds, [reply] { return reply.expired(); },
      [route, names = std::move(names), reply, &metrics](std::variant<ScoringAnswer, Refusal> result) {
        // The service's thread has better to do than to write JSON.
        auto outcome = std::make_shared<const std::variant<ScoringAnswer, Refusal>>(std::move(result));
        reply.send_from([route, names, outcome = std::move(outcome), &metrics] {
          try {
            if (const auto* refused = std::get_if<Refusal>(outcome.get())) return refusal(route, *refused);
            const auto& answer = std::get<ScoringAnswer>(*outcome);
            metrics.answered(answer.times);
            return scored_response(route, *names, answer);
          } catch (const std::exception& error) {
            return failure(route, error);
          }
        });
      });
}

void reload(ScoringService& service, const Reply& reply) {
  reply.lift_deadline();
  service.reload([reply](std::variant<std::string, Refusal> result) {
    if (const auto* refused = std::get_if<Refusal>(&result)) return reply.send(refusal(Route::reload, *refused));
    reply.send(json_response(Route::reload, "model", std::get<std::string>(result)));
  });
}

Response ready_response(const ScoringService& service) {
  const std::string reason = service.not_ready();
  return reason.empty() ? json_response(Route::ready, "status", "ready") : refusal(Route::ready, 503, reason);
}

Response metrics_response(const ServiceMetrics& metrics) {
  Response response = json_response(Route::metrics, metrics.text());
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

Response search_response(const ServedModel& model, const http::Target& target) {
  const auto parsed = parse_search(target.query);
  if (const auto* refused = std::get_if<Refusal>(&parsed)) return refusal(Route::search, *refused);
  return json_response(Route::search, found_items_json(model, std::get<ItemSearch>(parsed)));
}

/// The routes that are answered at once.
Response answer_now(Route route, const http::Target& target, const ScoringService& service,
                    const ServiceMetrics& metrics) {
  if (route == Route::page) return page_response(target.path);
  if (route == Route::health) return json_response(route, "status", "ok");
  if (route == Route::ready) return ready_response(service);
  if (route == Route::metrics) return metrics_response(metrics);
  const std::shared_ptr<const ServedModel> model = service.model();
  if (!model) return refusal(route, 503, "no model is loaded yet");
  return route == Route::model ? json_response(route, model_json(*model)) : search_response(*model, target);
}

}  // namespace

Routes::Routes(RouteOptions options, ScoringService& service, ServiceMetrics& metrics, const AccessLog& access_log)
    : options_(std::move(options)), service_(service), metrics_(metrics), access_log_(access_log) {}

void Routes::handle(Request request, Reply reply) {
  Route route = Route::other;
  try {
    std::optional<http::Target> target = http::parse_target(request.target);
    if (target) route = route_of(target->path);
    std::optional<Response> refused = refuse_access(route, request, options_);
    if (!refused) refused = refuse_target(route, request.target, target.has_value());
    if (!refused) refused = refuse_method(route, request.method);
    if (refused) return reply.send(std::move(*refused));

    if (route == Route::user || route == Route::batch || route == Route::similar) {
      return score(route, request, std::move(*target), options_.bounds, service_, metrics_, reply);
    }
    if (route == Route::reload) return reload(service_, reply);
    reply.send(answer_now(route, *target, service_, metrics_));
  } catch (const std::exception& error) {
    reply.send(failure(route, error));
  }
}

void Routes::finished(const http::Exchange& exchange) {
  metrics_.request_done(exchange.route, exchange.status, exchange.seconds, exchange.write_seconds);
  access_log_.write(exchange);
}

void Routes::connections_changed(std::size_t open) {
  metrics_.connections_are(open);
}

}  // namespace alsace::io
