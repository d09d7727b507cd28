// A helper program from its input to its output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crumb::linux {

struct HelperResult {
  int code = 0;  // exit code, 128+n after signal n
  std::string out, err;
};

// Runs the program at `path` (spawn_helper) with `input` on its stdin and waits for its end.
HelperResult run_helper(const std::string& path, std::string_view input, const std::vector<std::string>& arguments = {});

// The first executable file NAME in the directories of $PATH that are absolute; empty: there is none.
std::string find_in_path(const std::string& name);

}  // namespace crumb::linux
