// What `crumb completion SHELL` prints: a script that completes crumb's command line, made from the tables that parse it.
#pragma once

#include <string>
#include <string_view>

namespace crumb::cli {

// `shell`: "bash", "zsh" or "fish". Throws Error for any other.
std::string completion_script(std::string_view shell);

}  // namespace crumb::cli
