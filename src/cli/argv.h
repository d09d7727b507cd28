// The command line as callers write it, brought into one form before it is parsed: `--opt=v`, `--opt v`, `-opt v`, `-opt=v`,
// `-o v` (runc's parser takes them all, and containerd and podman use several).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crumb::cli {

// One option that a command knows.
struct Word {
  std::string_view name;  // without dashes: "pid-file"
  char letter = 0;        // 0: none
  bool value = false;     // false: a flag, which may still carry `=true` or `=false`
};

enum class Operands {
  anywhere,     // options may follow operands: `create ID --bundle DIR`
  end_options,  // what follows the first operand belongs to somebody else: `exec ID ls -l`
};

struct GivenOption {
  std::size_t word;   // its place among those that the command knows
  std::string value;  // a flag's: "true", or what stood behind "="
};

struct Arguments {
  std::vector<GivenOption> options;   // in their order
  std::vector<std::string> operands;  // likewise
  bool help = false;                  // --help was among the options
};

// "--" ends the options. "-" and what looks like a negative number are operands. Throws Error for an option that is not among
// `words` and for a missing value.
Arguments normalise(const std::vector<Word>& words, const std::vector<std::string>& arguments, Operands operands);

}  // namespace crumb::cli
