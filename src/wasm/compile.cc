#include "wasm/compile.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "kernel/call.h"
#include "linux/executable.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/text.h"
#include "wasm/code_key.h"
#include "wasm/digest_memo.h"
#include "wasm/module.h"

namespace crumb::wasm {
namespace {

Fd open_module(const std::string& name) {
  Fd file(check(kernel::openat(AT_FDCWD, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), "\"{}\"", name));
  struct stat facts{};
  check(kernel::fstat(file.get(), &facts), "\"{}\"", name);
  if (!S_ISREG(facts.st_mode)) throw fail("\"{}\": not a regular file", name);
  std::array<char, kHeaderSize> head;
  const long size = check(kernel::pread64(file.get(), head.data(), head.size(), 0), "\"{}\"", name);
  require_module({head.data(), static_cast<std::size_t>(size)}, name);
  return file;
}

constexpr int kTickMilliseconds = 200;
constexpr std::size_t kMostSaid = 4096;

// What it writes to standard error, until it ends.
std::string listen(int pipe, const std::function<void()>& tick) {
  std::string said;
  for (;;) {
    pollfd waiting{pipe, POLLIN, 0};
    if (::poll(&waiting, 1, kTickMilliseconds) <= 0) {
      tick();
      continue;
    }
    char buffer[512];
    const long count = kernel::read(pipe, buffer, sizeof buffer);
    if (count == -EINTR) continue;
    if (count <= 0) return said;
    if (said.size() < kMostSaid) said.append(buffer, static_cast<std::size_t>(count));
  }
}

struct Ending {
  int code = 0;  // 128+n after signal n
  std::string said;
};

Ending run_compiler(const std::string& path, const std::vector<std::string>& arguments, int module, int code,
                    const std::function<void()>& tick) {
  int ends[2];
  check(kernel::pipe2(ends, O_CLOEXEC), "{}", path);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const int pid = linux::spawn_helper(path, {module, code, writing.get()}, arguments);
  writing.reset();
  Ending ending;
  ending.said = listen(reading.get(), tick);
  ending.code = linux::reap(pid);
  return ending;
}

std::vector<std::string> arguments_of(const CompileOptions& options) {
  std::vector<std::string> arguments{"--opt", std::to_string(options.level)};
  if (options.memory != 0) arguments.insert(arguments.end(), {"--memory", std::to_string(options.memory)});
  if (options.seconds != 0) arguments.insert(arguments.end(), {"--seconds", std::to_string(options.seconds)});
  return arguments;
}

std::string without_name(std::string_view said) {
  constexpr std::string_view kName = "crumb-aot: ";
  if (said.starts_with(kName)) said.remove_prefix(kName.size());
  return std::string(said.substr(0, said.find('\n')));
}

// What the compiler said, or how it ended without a word.
void require_success(const std::string& name, const Ending& result) {
  if (result.code == 0) return;
  const std::string said = without_name(result.said);
  if (!said.empty()) throw fail("\"{}\": {}", name, said);
  if (result.code == 128 + SIGKILL) throw fail("\"{}\": the compiler was killed (is there too little memory?)", name);
  if (result.code > 128) throw fail("\"{}\": the compiler was ended by signal {}", name, result.code - 128);
  throw fail("\"{}\": the compiler ended with exit code {}", name, result.code);
}

}  // namespace

std::string find_compiler() {
  try {
    return linux::find_program("crumb-aot");
  } catch (const Error&) {
    throw fail(
        "crumb-aot is not installed, so nothing can be compiled: build crumb where LLVM 14 to 19 is (Debian: llvm-dev, or "
        "scripts/install-deps --aot)");
  }
}

Compiled compile(const std::string& name, const std::string& compiler, const CompileOptions& options, const CodeCache& cache,
                 const std::function<void()>& tick) {
  const Fd module = open_module(name);
  CodeHeader header;
  header.module = digest_of(module.get(), 0, name);
  header.level = options.level;
  header.build = code_build();
  header.name = name;
  if (cache.holds(header.module, options.level)) return {true, 0};

  Draft draft = cache.draft();
  require_success(name, run_compiler(compiler, arguments_of(options), module.get(), draft.file(), tick));
  // It was mapped while it could be written: another content must not get the key of this one.
  if (digest_of(module.get(), 0, name) != header.module) throw fail("\"{}\": it changed while it was compiled", name);
  struct stat facts{};
  check(kernel::fstat(draft.file(), &facts), "{}", cache.path());
  cache.keep(std::move(draft), header);
  return {false, static_cast<std::uint64_t>(facts.st_size) - wire::kCodeOffset};
}

}  // namespace crumb::wasm
