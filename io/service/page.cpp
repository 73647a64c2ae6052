#include "io/service/page.hpp"

namespace alsace::io {

/// Defined in a source that the build makes from io/service/page/.
namespace assets {
extern const std::string_view page_html;
extern const std::string_view page_js;
extern const std::string_view page_css;
}  // namespace assets

const Asset* find_asset(std::string_view path) {
  static const Asset html{"text/html; charset=utf-8", assets::page_html};
  static const Asset script{"text/javascript; charset=utf-8", assets::page_js};
  static const Asset style{"text/css; charset=utf-8", assets::page_css};
  if (path == "/") return &html;
  if (path == "/page.js") return &script;
  return path == "/page.css" ? &style : nullptr;
}

}  // namespace alsace::io
