#include "cli/command.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

constexpr std::string_view kLifecycle = "Containers";
constexpr std::string_view kInside = "Processes";
constexpr std::string_view kLooking = "Information";
constexpr std::string_view kBundles = "Bundles";

constexpr std::string_view kWasm = "WebAssembly";

constexpr std::string_view kBundleDetails =
    "A bundle is a directory with a config.json and a root filesystem; `crumb spec`\n"
    "writes a config.json to begin with. The program may be a Linux executable or a\n"
    "WebAssembly module: crumb looks at its first bytes.";

constexpr Command kCommands[] = {
    {"create", kLifecycle, "make a container and stop before its program", "[OPTION...] ID", kBundleDetails, define_create},
    {"start", kLifecycle, "run the program of a created container", "ID",
     "Returns as soon as the program runs. An error says why it could not.", define_start},
    {"run", kLifecycle, "create, start, wait for the end, delete", "[OPTION...] ID",
     "A bundle is a directory with a config.json and a root filesystem; `crumb spec`\n"
     "writes a config.json to begin with. The program may be a Linux executable or a\n"
     "WebAssembly module: crumb looks at its first bytes.\n\n"
     "Exits with the program's exit code, or 128 + N when signal N ended it. Signals\n"
     "that crumb gets are sent on to the program.",
     define_run},
    {"kill", kLifecycle, "send a signal to a container", "[OPTION...] ID [SIGNAL]",
     "SIGNAL is a name (KILL, SIGKILL, kill) or a number; without one it is SIGTERM.", define_kill},
    {"delete", kLifecycle, "remove what a stopped container left", "[OPTION...] ID",
     "With --force a running container is killed first, and one that does not exist is\n"
     "no error.",
     define_delete},
    {"pause", kLifecycle, "stop all processes of a container for a while", "ID", "Returns when all have stopped.",
     define_pause},
    {"resume", kLifecycle, "let the processes of a paused container go on", "ID", "", define_resume},
    {"update", kLifecycle, "change the limits of a container", "[OPTION...] ID",
     "With --resources everything comes from a file or, with -, from standard input: a\n"
     "JSON object like linux.resources of config.json. What it does not say stays as it\n"
     "is, and so does everything when one limit cannot be had. SIZE is in bytes or with\n"
     "a letter (512m, 1.5G), -1 for no limit; TIME is in microseconds.",
     define_update},
    {"checkpoint", kLifecycle, "write a running container to files, by criu", "[OPTION...] ID",
     "The program criu (3.15 or newer) writes the processes and what they have open;\n"
     "`crumb restore` makes the container again from these files and the same bundle.\n"
     "The container is deleted, but for --leave-running and --pre-dump.",
     define_checkpoint},
    {"restore", kLifecycle, "make a container from the files of a checkpoint, by criu", "[OPTION...] ID",
     "Exits with the program's exit code, or 128 + N when signal N ended it.", define_restore},
    {"exec", kInside, "run one more program in a running container", "[OPTION...] ID COMMAND [ARGUMENT...]",
     "The process is like the container's own (user, capabilities, environment, limits)\n"
     "but for what the options change; with --process everything comes from a file. A\n"
     "WebAssembly module can be executed in a Linux container and the other way round.\n"
     "Options end at ID: what follows COMMAND is handed to it.\n\n"
     "Exits with the program's exit code, or 128 + N when signal N ended it.",
     define_exec},
    {"ps", kInside, "list the processes of a container", "[OPTION...] ID [OPTION OF PS...]",
     "The table is that of ps(1), called with the options after ID (-ef without any);\n"
     "these must let it print a column PID.",
     define_ps},
    {"state", kLooking, "show a container as JSON", "ID", "", define_state},
    {"list", kLooking, "list all containers below --root", "[OPTION...]", "", define_list},
    {"events", kLooking, "show what a container uses, and when it runs out of memory", "[OPTION...] ID",
     "Prints a line of JSON each time, until the container ends; with --stats one.", define_events},
    {"features", kLooking, "say what this crumb can do, as JSON", "", "", define_features},
    {"completion", kLooking, "print a script that completes crumb's command line", "SHELL",
     "SHELL is bash, zsh or fish. For this session: source <(crumb completion bash).\n"
     "For all: write it where the shell looks, such as\n"
     "/usr/share/bash-completion/completions/crumb, a directory of zsh's fpath under the\n"
     "name _crumb, /usr/share/fish/vendor_completions.d/crumb.fish.",
     define_completion},
    {"plan", kBundles, "say what crumb would do to make a container", "[OPTION...] [ID]",
     "Prints every step, in order, without doing any of them: namespaces, mounts,\n"
     "devices, limits, capabilities, the program.",
     define_plan},
    {"spec", kBundles, "write a config.json to begin with", "[OPTION...]",
     "The file runs `sh` from a directory named rootfs beside it. An existing file is\n"
     "never overwritten.",
     define_spec},
    {"wasm run", kWasm, "run a module as a sandboxed process, without a bundle", "[OPTION...] MODULE [ARGUMENT...]",
     "MODULE is a program for WASI preview 1 (wasm32-wasip1). It gets the caller's standard\n"
     "streams, the directories and variables that options give, and nothing else: it runs\n"
     "in new namespaces, with an empty root and no capability. As an ordinary user too,\n"
     "where the kernel allows user namespaces. Options end at MODULE: what follows is\n"
     "handed to it. Nothing is kept: it is no container that other commands know, and it\n"
     "dies with crumb.\n\n"
     "--dir HOST gives a directory under the name that it has here (--dir . for relative\n"
     "paths), --dir GUEST::HOST under another one, with :ro behind it only to be read.\n\n"
     "Exits with the program's exit code, 134 after a trap, 128 + N when signal N ended it.\n"
     "Signals that crumb gets are sent on to the program.",
     define_wasm_run},
    {"wasm inspect", kWasm, "say what a module is, what it needs, and whether it would run", "[OPTION...] FILE...",
     "Kind and size, imports and whether the engine provides each, exports, memories, what\n"
     "WebAssembly beyond version 1.0 it uses, who made it, and whether the cache has its\n"
     "code. Nothing of it is executed. Whether every function is valid is seen when it is\n"
     "loaded.",
     define_wasm_inspect},
    {"wasm compile", kWasm, "compile modules ahead of time, for faster runs", "[OPTION...] FILE...",
     "Compiles each module to native code and keeps that in the cache: /var/cache/crumb/aot,\n"
     "for other users than root $XDG_CACHE_HOME/crumb/aot; $CRUMB_CODE_CACHE overrides both.\n"
     "From then on every container whose program has the same content runs it, under\n"
     "whatever name and from whatever image. Without it a module is interpreted.",
     define_wasm_compile},
    {"wasm cache list", kWasm, "list the compiled modules", "[OPTION...]", "", define_wasm_cache_list},
    {"wasm cache prune", kWasm, "remove compiled modules that crumb would not use", "[OPTION...]",
     "Removes what another build of crumb compiled, what is broken and what was left half\n"
     "written. Running containers keep their code. Whenever something is compiled, the\n"
     "cache is also brought down to $CRUMB_CODE_CACHE_SIZE (2g): what was not used for\n"
     "longest goes first.",
     define_wasm_cache_prune},
    {"wasm cache verify", kWasm, "read all of the compiled modules and say which are bad", "[OPTION...]",
     "An entry is bad when somebody else could have written it, when it is not in the\n"
     "form of an entry, of another module than its name says, or was changed; no start\n"
     "would use it. The exit code is 1 when there is one.",
     define_wasm_cache_verify},
};

// For crumb itself.
constexpr Command kJob{"wasm compile-job",
                       "",
                       "compile one module in the background",
                       "[OPTION...]",
                       "crumb starts it; docs/wasm.md says when. Its standard input is the module, its standard\n"
                       "output the lock of the cache.",
                       define_wasm_compile_job};

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command& find_command(std::span<const std::string> words) {
  const auto begins = [&](std::string_view name, std::string_view with) {
    return name.starts_with(with) && (name.size() == with.size() || name[with.size()] == ' ');
  };
  // The words so far name a command or begin some: "wasm", "wasm cache".
  std::string name;
  for (const std::string& word : words) {
    name += (name.empty() ? "" : " ") + word;
    std::string longer;
    if (name == kJob.name) return kJob;
    for (const Command& command : kCommands) {
      if (command.name == name) return command;
      if (begins(command.name, name)) longer += fmt::format("{}{}", longer.empty() ? "" : ", ", command.name);
    }
    if (longer.empty()) throw fail("unknown command {} (see crumb --help)", quote(name));
    if (&word == &words.back()) throw fail("{}: incomplete: there are {} (see crumb --help)", name, longer);
  }
  throw fail("no command (see crumb --help)");
}

}  // namespace crumb::cli
