// Standard output: the whole text or an Error.
#pragma once

#include <string_view>

namespace crumb::cli {

void print(std::string_view text);

// One line on standard error that the next one takes the place of; nothing where that is no terminal. "" removes it.
void show_progress(std::string_view text);

}  // namespace crumb::cli
