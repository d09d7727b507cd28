#include "wasm/job.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include "kernel/call.h"
#include "linux/background.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "wasm/compile.h"
#include "wasm/compile_lock.h"
#include "wasm/digest_memo.h"

namespace crumb::wasm {
namespace {

constexpr unsigned kQuick = 0, kBest = 3;
constexpr char kCgroups[] = "crumb-compile";  // their names begin so

// What the job must know of crumb's environment.
std::vector<std::string> environment(const std::string& cache) {
  std::vector<std::string> variables{"CRUMB_CODE_CACHE=" + cache};
  if (const char* const size = std::getenv("CRUMB_CODE_CACHE_SIZE"))
    variables.push_back(fmt::format("CRUMB_CODE_CACHE_SIZE={}", size));
#ifdef CRUMB_SEAM
  if (const char* const rules = std::getenv("CRUMB_SEAM_JOB")) variables.push_back(fmt::format("CRUMB_SEAM={}", rules));
#endif
  return variables;
}

std::vector<std::string> arguments(const Wanted& wanted) {
  std::vector<std::string> words{"wasm", "compile-job", "--name=" + wanted.name};
  if (wanted.frames) words.emplace_back("--frames");
  return words;
}

// Above 0, 1 and 2.
Fd raised(int file) { return Fd(check(kernel::fcntl(file, F_DUPFD_CLOEXEC, 3), "descriptor")); }

std::uint64_t size_of(int file, const std::string& name) {
  struct stat facts{};
  check(kernel::fstat(file, &facts), "\"{}\"", name);
  return static_cast<std::uint64_t>(facts.st_size);
}

const char* asked_to_end() { return linux::is_asked_to_end() ? "the job was asked to end" : nullptr; }

// False when the job was asked to end.
bool wait_for_turn(int lock) {
  constexpr long kTick = 200'000'000;  // nanoseconds
  while (!take_turn(lock)) {
    if (asked_to_end()) return false;
    kernel::nanosleep(kTick);
  }
  return true;
}

// One tier after the other. What one of them cannot do does not stop the next.
int compile_tiers(const CodeCache& cache, int file, const std::string& name, bool frames) {
  const Sha256Digest module = digest_of(file, 0, name);
  for (const unsigned level : missing_tiers(cache, module, frames, size_of(file, name))) {
    try {
      compile_module({raised(file), name}, unattended({level, frames}), cache, asked_to_end);
    } catch (const Refusal& refusal) {
      log::debug(refusal.what());
    }
  }
  return 0;
}

}  // namespace

std::vector<unsigned> tiers(std::uint64_t size) {
  constexpr std::uint64_t kSmall = 128U << 10;  // bytes: about a second at the best level
  return size < kSmall ? std::vector{kBest} : std::vector{kQuick, kBest};
}

std::vector<unsigned> missing_tiers(const CodeCache& cache, const Sha256Digest& module, bool frames, std::uint64_t size) {
  std::vector<unsigned> missing;
  if (cache.holds(module, {kBest, frames})) return missing;
  for (const unsigned level : tiers(size))
    if (cache.known(module, {level, frames}) == CodeCache::Known::nothing) missing.push_back(level);
  return missing;
}

void start_job(int file, const Wanted& wanted, const std::string& cache_path) {
  find_compiler();
  const CodeCache cache = CodeCache::make(cache_path);
  const std::optional<CompileLock> lock =
      CompileLock::take(cache.directory(), code_key(wanted.module, {kBest, wanted.frames}), CompileLock::Holder::job);
  if (!lock) return;
  // Another may have done it since the start looked.
  if (missing_tiers(cache, wanted.module, wanted.frames, size_of(file, wanted.name)).empty()) return;
  const Fd module = raised(cache.copy(file, wanted.name).get()), held = raised(lock->file());
  const Fd nothing = raised(Fd(check(kernel::openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), "/dev/null")).get());
  const int child = linux::spawn_helper(read_link("/proc/self/exe"), {module.get(), held.get(), nothing.get()},
                                        arguments(wanted), environment(cache.path()));
  if (const int code = linux::reap(child); code != 0) throw fail("the job ended with exit code {} at once", code);
}

void clear_up_after_jobs() { linux::remove_abandoned_cgroups(kCgroups); }

int run_job(const std::string& cache_path, const std::string& name, bool frames) {
  if (!linux::go_to_background()) return 0;
  const unsigned long everything = ~0UL;
  check(kernel::rt_sigprocmask(SIG_BLOCK, &everything), "block signals");
  // Its turn may come late: until then, too, it must not keep the caller's cgroup from being removed.
  return linux::work_in_own_cgroups(kCgroups, unattended({}).memory, [&] {
    if (!wait_for_turn(STDOUT_FILENO)) return 1;
    const std::optional<CodeCache> cache = CodeCache::find(cache_path);
    return cache ? compile_tiers(*cache, STDIN_FILENO, name, frames) : 1;
  });
}

}  // namespace crumb::wasm
