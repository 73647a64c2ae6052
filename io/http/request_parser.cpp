#include "io/http/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <fmt/format.h>

#include "io/text.hpp"
#include "src/error.hpp"

namespace alsace::io::http {
namespace {

namespace beast = boost::beast;

std::string_view view_of(beast::string_view text) {
  return {text.data(), text.size()};
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7f;
}

/// "HTTP/2.0" and the like at the end of a request line, as opposed to what is not HTTP at all.
bool ends_in_a_version(std::string_view line) {
  constexpr std::string_view pattern = " HTTP/9.9";
  if (line.size() < pattern.size()) return false;
  const std::string_view tail = line.substr(line.size() - pattern.size());
  return std::equal(tail.begin(), tail.end(), pattern.begin(), [](char came, char expected) {
    return expected == '9' ? came >= '0' && came <= '9' : came == expected;
  });
}

/// The origin form of "http://host/path" (RFC 9112, 3.2.2); other targets as they are.
std::string origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!beast::iequals({target.data(), std::min(target.size(), scheme.size())}, {scheme.data(), scheme.size()})) {
      continue;
    }
    const auto path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos) return "/";
    std::string form = target[path] == '?' ? "/" : "";
    form += target.substr(path);
    return form;
  }
  return std::string(target);
}

}  // namespace

/// Cuts the bytes into lines and body; the lines of the header go to Beast's parser, which knows what a method, a
/// target, a field and a Content-Length may look like. Chunks are taken apart here: Beast 1.74 counts a chunk twice
/// against the limit when its extension is cut, and has assertions that input can break.
class RequestParser::Impl : private beast::http::basic_parser<true> {
 public:
  explicit Impl(const Limits& limits) : limits_(limits) {
    skip(true);  // the body is ours
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  std::size_t take(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && step_ != Step::complete && step_ != Step::failed) {
      const std::string_view rest = bytes.substr(used);
      used += step_ == Step::body || step_ == Step::chunk ? take_body(rest) : take_line(rest);
    }
    return used;
  }

  [[nodiscard]] State state() const {
    switch (step_) {
      case Step::request_line:
      case Step::fields:
        return State::header;
      case Step::complete:
        return State::complete;
      case Step::failed:
        return State::failed;
      default:
        return State::body;
    }
  }

  [[nodiscard]] Response failure() const { return problem(failure_status_, failure_detail_); }
  [[nodiscard]] bool reusable() const { return keep_alive_; }
  [[nodiscard]] bool http_1_0() const { return version_ == 10; }

  Request request;
  bool expects_continue = false;
  bool head_only = false;

 private:
  // chunk_line: a chunk's size; chunk: its bytes; chunk_end: the empty line after them; trailer: fields after all
  enum class Step { request_line, fields, body, chunk_line, chunk, chunk_end, trailer, complete, failed };

  void fail(int status, std::string detail) {
    if (step_ == Step::failed) return;
    step_ = Step::failed;
    failure_status_ = status;
    failure_detail_ = std::move(detail);
    request.body = {};
  }

  // ---- lines: the header's, the chunks' and the trailer's

  /// Takes bytes up to a line's end. All lines but the header's are dropped once read; `line_bytes_` counts those of
  /// the header, and later those that frame chunks, against the same limit.
  std::size_t take_line(std::string_view bytes) {
    const auto feed = bytes.find('\n');
    std::string_view piece = feed == std::string_view::npos ? bytes : bytes.substr(0, feed + 1);
    const std::size_t room = limits_.header_bytes - line_bytes_;
    const bool too_long = piece.size() > room;
    if (too_long) piece = piece.substr(0, room);
    if (const auto bad = std::find_if(piece.begin(), piece.end(), is_control); bad != piece.end()) {
      fail(400, fmt::format("header = byte {:#04x}, expected text", static_cast<unsigned char>(*bad)));
      return piece.size();
    }
    if (too_long) {
      fail(431, fmt::format("header > {} bytes, expected at most that many", limits_.header_bytes));
      return piece.size();
    }
    line_bytes_ += piece.size();
    lines_.append(piece);
    if (feed != std::string_view::npos) end_line();
    return piece.size();
  }

  void end_line() {
    const std::string_view line = std::string_view(lines_).substr(line_begin_);
    if (line.find('\r') != line.size() - 2 || line.size() < 2) {
      fail(400, "line end = CR or LF alone, expected CRLF");
      return;
    }
    const std::string_view text = line.substr(0, line.size() - 2);
    switch (step_) {
      case Step::request_line:
        end_request_line(text);
        break;
      case Step::fields:
        end_field(text);
        break;
      case Step::chunk_line:
        end_chunk_line(text);
        break;
      case Step::chunk_end:
        if (!text.empty()) return fail(400, "chunk = longer than its size, expected CRLF after it");
        step_ = Step::chunk_line;
        line_bytes_ -= 2;  // every chunk has these
        break;
      case Step::trailer:
        // Whatever stands there came too late to be believed (RFC 9110, 6.5.1).
        if (text.empty()) step_ = Step::complete;
        break;
      default:
        ALSACE_CHECK(false, "a line where none is read");
    }
    if (step_ != Step::fields) lines_.clear();
    line_begin_ = lines_.size();
  }

  // ---- the header

  void end_request_line(std::string_view text) {
    if (text.empty()) return;  // some clients send an empty line after a body (RFC 9112, 2.2)
    beast::error_code error;
    const std::size_t size = text.size() + 2;
    const std::size_t used = put({text.data(), size}, error);
    if (used == size && error == beast::http::error::need_more) {
      step_ = Step::fields;
      lines_.clear();
      return;
    }
    if (ends_in_a_version(text) && error == beast::http::error::bad_version) {
      return fail(505, fmt::format("version = {}, expected HTTP/1.1 or HTTP/1.0", text.substr(text.size() - 8)));
    }
    fail(400, fmt::format("request line = {}, expected METHOD TARGET HTTP/1.1", shown(text)));
  }

  void end_field(std::string_view text) {
    if (text.empty()) return end_header();
    if (++fields_ > limits_.header_fields) {
      return fail(431, fmt::format("header fields > {}, expected at most that many", limits_.header_fields));
    }
    if (text.front() == ' ' || text.front() == '\t') fail(400, "header field = folded, expected one line");
  }

  void end_header() {
    beast::error_code error;
    put({lines_.data(), lines_.size()}, error);
    if (step_ == Step::failed) return;
    if (error || !is_done()) return fail(400, why(error));
    if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) {
      return fail(400, fmt::format("Host = {} fields, expected one", hosts_));
    }
    if (coded_ && (has_length_ || version_ < 11)) {
      return fail(400, "Transfer-Encoding = chunked, expected neither Content-Length nor HTTP/1.0 with it");
    }
    keep_alive_ = basic_parser::keep_alive();
    expects_continue = expects_continue && version_ >= 11;
    head_only = request.method == "HEAD";
    line_bytes_ = 0;
    lines_ = {};
    if (coded_) {
      step_ = Step::chunk_line;
      return;
    }
    left_ = content_length().value_or(0);
    if (left_ > limits_.body_bytes) return fail_body();
    step_ = left_ > 0 ? Step::body : Step::complete;
    // Address space, not memory: pages that no byte reaches are not touched, and none is copied on the way.
    request.body.reserve(static_cast<std::size_t>(left_));
  }

  static std::string why(const beast::error_code& code) {
    using beast::http::error;
    if (code == error::bad_content_length) return "Content-Length = no number, expected one from 0 on, once";
    if (code == error::bad_transfer_encoding) return "Transfer-Encoding = conflicting, expected chunked, once";
    return "header field = malformed, expected NAME: VALUE";
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code&) override {
    request.method = view_of(method);
    request.target = origin_form(view_of(target));
    version_ = version;
  }

  void on_field_impl(beast::http::field name, beast::string_view, beast::string_view value,
                     beast::error_code& error) override {
    using beast::http::field;
    switch (name) {
      case field::host:
        ++hosts_;
        request.host = view_of(value);
        break;
      case field::origin:
        request.origin = view_of(value);
        break;
      case field::content_length:
        // Beast takes "5, 5" and two that agree.
        if (has_length_ || value.find(',') != beast::string_view::npos) {
          fail(400, "Content-Length = given twice, expected once");
        }
        has_length_ = true;
        break;
      case field::transfer_encoding:
        // Beast would read any other coding as no body at all.
        if (!beast::iequals(value, "chunked")) {
          fail(501, fmt::format("Transfer-Encoding = {}, expected chunked", shown(view_of(value))));
        }
        coded_ = true;
        break;
      case field::expect:
        if (!beast::iequals(value, "100-continue")) {
          fail(417, fmt::format("Expect = {}, expected 100-continue", shown(view_of(value))));
        }
        expects_continue = true;
        break;
      case field::authorization:
        if (authorized_) fail(400, "Authorization = given twice, expected once");
        authorized_ = true;
        request.authorization = view_of(value);
        break;
      default:
        break;
    }
    if (step_ == Step::failed) error = beast::http::error::bad_value;
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
    return body.size();
  }

  // ---- the body

  void fail_body() { fail(413, fmt::format("body > {} bytes, expected at most that many", limits_.body_bytes)); }

  std::size_t take_body(std::string_view bytes) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    request.body.append(bytes.substr(0, taken));
    left_ -= taken;
    if (left_ == 0) step_ = step_ == Step::chunk ? Step::chunk_end : Step::complete;
    return taken;
  }

  /// A chunk's size in hexadecimal, and extensions, which mean nothing to us.
  void end_chunk_line(std::string_view text) {
    const std::size_t size = std::min(text.find_first_of("; \t"), text.size());
    const auto digits = text.substr(0, size);
    const std::size_t rest = text.find_first_not_of(" \t", size);
    if (rest != std::string_view::npos && text[rest] != ';') {
      return fail(400, fmt::format("chunk size = {}, expected hexadecimal digits", shown(text)));
    }
    if (digits.size() > 16) return fail(400, "chunk size = more than 16 digits, expected fewer");
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
    if (error == std::errc::result_out_of_range) return fail_body();
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return fail(400, fmt::format("chunk size = {}, expected hexadecimal digits", shown(digits)));
    }
    if (left_ > limits_.body_bytes - request.body.size()) return fail_body();
    line_bytes_ -= digits.size() + 2;  // what counts is what no chunk needs: extensions and trailers
    step_ = left_ > 0 ? Step::chunk : Step::trailer;
  }

  const Limits limits_;
  Step step_ = Step::request_line;
  std::string lines_;
  std::size_t line_begin_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t fields_ = 0;
  int hosts_ = 0;
  int version_ = 0;
  bool has_length_ = false;
  bool coded_ = false;
  bool authorized_ = false;
  bool keep_alive_ = false;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  int failure_status_ = 0;
  std::string failure_detail_;
};

RequestParser::RequestParser(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::take(std::string_view bytes) {
  return impl_->take(bytes);
}
RequestParser::State RequestParser::state() const {
  return impl_->state();
}
bool RequestParser::keep_alive() const {
  return impl_->reusable();
}
bool RequestParser::expects_continue() const {
  return impl_->expects_continue;
}
bool RequestParser::http_1_0() const {
  return impl_->http_1_0();
}
bool RequestParser::head_only() const {
  return impl_->head_only;
}
Request RequestParser::take_request() {
  ALSACE_CHECK(state() == State::complete, "no request to take");
  return std::move(impl_->request);
}
Response RequestParser::failure() const {
  ALSACE_CHECK(state() == State::failed, "nothing failed");
  return impl_->failure();
}
std::string_view RequestParser::method() const {
  return impl_->request.method;
}
std::string_view RequestParser::target() const {
  return impl_->request.target;
}

}  // namespace alsace::io::http
