// The text of one object in a JSON document, found without reading the document: for what is large in it and often not needed.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace crumb::json {

struct Cut {
  std::string_view object;  // in the text that was given, from "{" to "}"
  std::string rest;         // that text with an empty object there, every line and column where it was
};

// The object that the keys of `path` lead to from the root, through objects. Nothing where there is none, where a key on the
// way is written with escapes or stands twice, and for most texts that are no JSON. The caller still has to parse `rest`; of
// `object` it is only known where it ends, should it be JSON.
std::optional<Cut> cut(std::string_view text, std::initializer_list<std::string_view> path);

}  // namespace crumb::json
