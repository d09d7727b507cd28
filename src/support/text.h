// Small things about strings that the standard library lacks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crumb {

// "a,b" -> {"a", "b"}; "" -> {""}. The views point into `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// For one line of a message or a table: in double quotes, control characters, quotes and backslashes escaped.
std::string quote(std::string_view text);

}  // namespace crumb
