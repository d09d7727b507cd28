// crumb wasm compile: modules into the cache of compiled code (docs/wasm.md), several at once where that is wanted.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "support/error.h"
#include "support/log.h"
#include "support/text.h"
#include "wasm/code_cache.h"
#include "wasm/compile.h"

namespace crumb::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMebibyte = 1 << 20;
constexpr int kTickMilliseconds = 200;

struct Given {
  std::string level = "3";
  std::uint32_t memory = 8192;  // MiB
  std::uint32_t seconds = 1800;
  std::uint32_t jobs = 1;
  bool frames = false;
  std::vector<std::string> files;
};

wasm::CompileOptions compile_options(const Given& given) {
  if (given.level != "0" && given.level != "3")
    throw fail("wasm compile: option --opt: {} is neither 0 nor 3", quote(given.level));
  return {.kind = {given.level == "0" ? 0U : 3U, given.frames},
          .memory = std::uint64_t{given.memory} << 20,
          .seconds = given.seconds};
}

std::size_t processors() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<std::size_t>(online) : 1;
}

// The files one after the other, as many at a time as there may be jobs. Of several files one that cannot be compiled is told
// and does not stop the others.
class Compilations {
 public:
  Compilations(const Given& given, const wasm::CodeCache& cache)
      : files_(given.files),
        options_(compile_options(given)),
        jobs_(given.jobs != 0 ? given.jobs : processors()),
        compiler_(wasm::find_compiler()),
        cache_(cache) {}

  void run() {
    while (next_ < files_.size() || !running_.empty()) {
      while (next_ < files_.size() && running_.size() < jobs_) start(files_[next_++]);
      show();
      wait();
    }
    show_progress("");
    if (failed_ != 0) throw fail("wasm compile: {} of {} modules could not be compiled", failed_, files_.size());
  }

 private:
  struct Running {
    std::unique_ptr<wasm::Compilation> compilation;
    Clock::time_point start;
  };

  static double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

  void tell(const Error& error) {
    show_progress("");
    if (files_.size() == 1) throw fail("wasm compile: {}", error.what());
    log::error(fmt::format("wasm compile: {}", error.what()));
    ++failed_;
  }

  void start(const std::string& file) try {
    Running running{nullptr, Clock::now()};
    running.compilation = std::make_unique<wasm::Compilation>(wasm::open_module(file), compiler_, options_, cache_);
    if (running.compilation->pipe() < 0)
      finish(running);
    else
      running_.push_back(std::move(running));
  } catch (const Error& error) {
    tell(error);
  }

  void finish(Running& running) try {
    const wasm::Compiled done = running.compilation->finish();
    show_progress("");
    const std::string& file = running.compilation->file();
    print(done.was_there ? fmt::format("{}: is in the cache\n", file)
                         : fmt::format("{}: compiled in {:.1f} s, {:.1f} MiB of code\n", file, seconds_since(running.start),
                                       static_cast<double>(done.bytes) / kMebibyte));
  } catch (const Error& error) {
    tell(error);
  }

  // For one that has something to say, or for a moment.
  void wait() {
    std::vector<pollfd> pipes;
    for (const Running& running : running_) pipes.push_back({running.compilation->pipe(), POLLIN, 0});
    if (pipes.empty() || ::poll(pipes.data(), pipes.size(), kTickMilliseconds) <= 0) return;
    for (std::size_t index = pipes.size(); index-- > 0;) {
      if (pipes[index].revents == 0 || running_[index].compilation->hear()) continue;
      Running ended = std::move(running_[index]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
      finish(ended);
    }
  }

  void show() const {
    std::string text;
    for (const Running& running : running_)
      text += fmt::format("{}{}: compiling (opt {}), {:.0f} s", text.empty() ? "" : "; ", running.compilation->file(),
                          options_.kind.level, seconds_since(running.start));
    const std::size_t ended = next_ - running_.size();
    show_progress(files_.size() == 1 || text.empty() ? text : fmt::format("[{}/{}] {}", ended, files_.size(), text));
  }

  const std::vector<std::string>& files_;
  wasm::CompileOptions options_;
  std::size_t jobs_;
  std::string compiler_;
  const wasm::CodeCache& cache_;
  std::vector<Running> running_;
  std::size_t next_ = 0, failed_ = 0;
};

}  // namespace

Action define_wasm_compile(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("opt", given->level, "LEVEL", "3: runs fastest, compiles slowest (default); 0: compiles quickly");
  options.number("jobs,j", given->jobs, "N", "compile so many modules at a time (default: 1; 0: one for each processor)");
  options.number("memory", given->memory, "MIB", "give up when the compiler needs more (default: 8192; 0: no limit)");
  options.number("time", given->seconds, "SECONDS", "give up on a module after so long (default: 1800; 0: no limit)");
  options.flag("frames", given->frames, "code that names all functions when it traps, and is slower");
  options.operands("FILE", given->files);
  return [given](const container::Runtime& runtime) {
    wasm::code_cache_limit();  // a bad one is told before anything is done
    const wasm::CodeCache cache = wasm::CodeCache::make(runtime.code_cache);
    Compilations(*given, cache).run();
    return 0;
  };
}

}  // namespace crumb::cli
