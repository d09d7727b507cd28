#include "wasm/compile.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

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

constexpr std::size_t kMostSaid = 4096;

struct Ending {
  int code = 0;  // 128+n after signal n
  std::string said;
};

std::vector<std::string> arguments_of(const CompileOptions& options) {
  std::vector<std::string> arguments{"--opt", std::to_string(options.kind.level)};
  if (options.kind.frames) arguments.emplace_back("--frames");
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

Compilation::Compilation(std::string file, const std::string& compiler, const CompileOptions& options, const CodeCache& cache)
    : options_(options), cache_(cache), module_(open_module(file)) {
  header_.module = digest_of(module_.get(), 0, file);
  header_.kind = options.kind;
  header_.build = code_build();
  header_.name = std::move(file);
  if (cache.holds(header_.module, options.kind)) return;

  draft_.emplace(cache.draft());
  int ends[2];
  check(kernel::pipe2(ends, O_CLOEXEC), "{}", compiler);
  pipe_.reset(ends[0]);
  const Fd writing(ends[1]);
  pid_ = linux::spawn_helper(compiler, {module_.get(), draft_->file(), writing.get()}, arguments_of(options));
}

Compilation::~Compilation() {
  if (pid_ == 0) return;
  kernel::kill(pid_, SIGKILL);  // a child that nobody has reaped: the number is its own
  siginfo_t info;
  while (kernel::waitid(P_PID, pid_, &info, WEXITED) == -EINTR) continue;
}

bool Compilation::hear() {
  char buffer[512];
  const long count = kernel::read(pipe_.get(), buffer, sizeof buffer);
  if (count == -EINTR) return true;
  if (count <= 0) return false;
  if (said_.size() < kMostSaid) said_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

Compiled Compilation::finish() {
  if (!draft_) return {true, 0};
  require_success(header_.name, {linux::reap(std::exchange(pid_, 0)), said_});
  // It was mapped while it could be written: another content must not get the key of this one.
  if (digest_of(module_.get(), 0, header_.name) != header_.module)
    throw fail("\"{}\": it changed while it was compiled", header_.name);
  struct stat facts{};
  check(kernel::fstat(draft_->file(), &facts), "{}", cache_.path());
  cache_.keep(std::move(*draft_), header_);
  return {false, static_cast<std::uint64_t>(facts.st_size) - wire::kCodeOffset};
}

}  // namespace crumb::wasm
