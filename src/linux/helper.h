// A helper program from its input to its output.
#pragma once

#include <string>
#include <string_view>

namespace crumb::linux {

struct HelperResult {
  int code = 0;  // exit code, 128+n after signal n
  std::string out, err;
};

// Runs the program at `path` (spawn_helper) with `input` on its stdin and waits for its end.
HelperResult run_helper(const std::string& path, std::string_view input);

}  // namespace crumb::linux
