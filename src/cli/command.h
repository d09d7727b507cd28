// What every subcommand is: a name, its words for --help, and define(), which says what it takes and returns what it does.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "container/container.h"

namespace crumb::cli {

// Returns the exit code of crumb.
using Action = std::function<int(const container::Runtime&)>;

struct Command {
  std::string_view name;      // one word or more: "wasm cache list"
  std::string_view group;     // heading in `crumb --help`
  std::string_view summary;   // one line there
  std::string_view operands;  // in its usage line: "[OPTION...] ID [SIGNAL]"
  std::string_view details;   // paragraphs of its own help, lines broken at 80 columns
  // The values that the options set live as long as the action.
  Action (*define)(Options& options);
};

// In the order of --help; commands of a group are neighbours.
std::span<const Command> commands();

// The command whose words `words` begins with. Throws Error for an unknown one, and where more words are needed.
const Command& find_command(std::span<const std::string> words);

// One file each.
Action define_create(Options& options);
Action define_start(Options& options);
Action define_run(Options& options);
Action define_exec(Options& options);
Action define_state(Options& options);
Action define_kill(Options& options);
Action define_delete(Options& options);
Action define_list(Options& options);
Action define_pause(Options& options);
Action define_resume(Options& options);
Action define_ps(Options& options);
Action define_update(Options& options);
Action define_events(Options& options);
Action define_checkpoint(Options& options);
Action define_restore(Options& options);
Action define_features(Options& options);
Action define_completion(Options& options);
Action define_plan(Options& options);
Action define_spec(Options& options);
Action define_wasm_run(Options& options);
Action define_wasm_inspect(Options& options);
Action define_wasm_compile(Options& options);
Action define_wasm_compile_job(Options& options);
Action define_wasm_cache_list(Options& options);
Action define_wasm_cache_prune(Options& options);
Action define_wasm_cache_verify(Options& options);

}  // namespace crumb::cli
