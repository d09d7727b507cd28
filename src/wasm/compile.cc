#include "wasm/compile.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
#include "wire/code.h"

namespace crumb::wasm {
namespace {

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

// How the compiler ended without a word.
std::string epitaph(int code) {
  if (code == 128 + SIGKILL) return "the compiler was killed (is there too little memory?)";
  if (code > 128) return fmt::format("the compiler was ended by signal {}", code - 128);
  return fmt::format("the compiler ended with exit code {}", code);
}

// Not where it could not do its work (wire::kCompilerUnable), nor where somebody asked it to end.
bool is_refusal(int code) {
  if (code == wire::kCompilerRefuses) return true;
  return code > 128 && code != 128 + SIGTERM && code != 128 + SIGINT && code != 128 + SIGHUP;
}

// What the compiler said, or how it ended.
void require_success(const std::string& name, const Ending& result) {
  if (result.code == 0) return;
  const std::string said = without_name(result.said);
  const std::string text = fmt::format("\"{}\": {}", name, said.empty() ? epitaph(result.code) : said);
  if (is_refusal(result.code)) throw Refusal(text);
  throw Error(text);
}

std::uint64_t physical_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) : 0;
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

CompileOptions unattended(CodeKind kind) {
  constexpr std::uint64_t kLeast = 512U << 20, kMost = 8ULL << 30;  // bytes
  constexpr std::uint32_t kSeconds = 1800;
  return {.kind = kind, .memory = std::clamp(physical_memory() / 2, kLeast, kMost), .seconds = kSeconds};
}

ModuleFile open_module(std::string path) {
  Fd file(check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), "\"{}\"", path));
  struct stat facts{};
  check(kernel::fstat(file.get(), &facts), "\"{}\"", path);
  if (!S_ISREG(facts.st_mode)) throw fail("\"{}\": not a regular file", path);
  std::array<char, kHeaderSize> head;
  const long size = check(kernel::pread64(file.get(), head.data(), head.size(), 0), "\"{}\"", path);
  require_module({head.data(), static_cast<std::size_t>(size)}, path);
  return {std::move(file), std::move(path)};
}

Compilation::Compilation(ModuleFile module, const std::string& compiler, const CompileOptions& options, const CodeCache& cache)
    : options_(options), cache_(cache), module_(std::move(module.file)) {
  header_.module = digest_of(module_.get(), 0, module.name);
  header_.kind = options.kind;
  header_.build = code_build();
  header_.name = std::move(module.name);
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

CodeHeader Compilation::refused(const Refusal& refusal) const {
  CodeHeader header = header_;
  header.refusal = refusal.what();
  const std::string prefix = fmt::format("\"{}\": ", header.name);
  if (header.refusal.starts_with(prefix)) header.refusal.erase(0, prefix.size());
  return header;
}

void compile_module(ModuleFile module, const CompileOptions& options, const CodeCache& cache, const GivenUp& given_up) {
  constexpr long kTick = 200;  // milliseconds
  Compilation compilation(std::move(module), find_compiler(), options, cache);
  while (compilation.pipe() >= 0) {
    if (const char* const reason = given_up())
      throw Interrupted(fmt::format("\"{}\": not compiled: {}", compilation.file(), reason));
    pollfd pipe{compilation.pipe(), POLLIN, 0};
    if (kernel::poll(&pipe, 1, kTick) > 0 && !compilation.hear()) break;
  }
  try {
    compilation.finish();
  } catch (const Refusal& refusal) {
    cache.refuse(compilation.refused(refusal));
    throw;
  }
}

}  // namespace crumb::wasm
