// Standard output: the whole text or an Error.
#pragma once

#include <string_view>

namespace crumb::cli {

void print(std::string_view text);

}  // namespace crumb::cli
