// crumb wasm compile, crumb wasm cache list, crumb wasm cache prune: the cache of compiled modules (docs/wasm.md).
#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "support/error.h"
#include "support/log.h"
#include "support/text.h"
#include "wasm/code_cache.h"
#include "wasm/code_key.h"
#include "wasm/compile.h"

namespace crumb::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMebibyte = 1 << 20;

struct Given {
  std::string level = "3";
  std::uint32_t memory = 8192;  // MiB
  std::uint32_t seconds = 1800;
  std::vector<std::string> files;
};

wasm::CompileOptions compile_options(const Given& given) {
  if (given.level != "0" && given.level != "3")
    throw fail("wasm compile: option --opt: {} is neither 0 nor 3", quote(given.level));
  return {given.level == "0" ? 0U : 3U, std::uint64_t{given.memory} << 20, given.seconds};
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void compile_one(const std::string& file, const std::string& position, const std::string& compiler,
                 const wasm::CompileOptions& options, const wasm::CodeCache& cache) {
  const Clock::time_point start = Clock::now();
  const auto tick = [&] {
    show_progress(fmt::format("{}{}: compiling (opt {}), {:.0f} s", position, file, options.level, seconds_since(start)));
  };
  tick();
  const wasm::Compiled done = wasm::compile(file, compiler, options, cache, tick);
  show_progress("");
  if (done.was_there)
    print(fmt::format("{}: is in the cache\n", file));
  else
    print(fmt::format("{}: compiled in {:.1f} s, {:.1f} MiB of code\n", file, seconds_since(start),
                      static_cast<double>(done.bytes) / kMebibyte));
}

// Of several files one that cannot be compiled is told and does not stop the others.
void compile_all(const Given& given, const std::string& path) {
  const wasm::CompileOptions options = compile_options(given);
  const std::string compiler = wasm::find_compiler();
  const wasm::CodeCache cache = wasm::CodeCache::make(path);
  const std::size_t count = given.files.size();
  std::size_t number = 0, failed = 0;
  for (const std::string& file : given.files) {
    try {
      compile_one(file, count == 1 ? "" : fmt::format("[{}/{}] ", ++number, count), compiler, options, cache);
    } catch (const Error& error) {
      show_progress("");
      if (count == 1) throw fail("wasm compile: {}", error.what());
      log::error(fmt::format("wasm compile: {}", error.what()));
      ++failed;
    }
  }
  if (failed != 0) throw fail("wasm compile: {} of {} modules could not be compiled", failed, count);
}

std::string day_and_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char text[32] = "";
  ::localtime_r(&time, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

// "used by this crumb", or why not.
std::string verdict(const wasm::CodeCache::Entry& entry) {
  if (!entry.header) return "broken: " + entry.reason;
  return entry.header->build == wasm::code_build() ? "yes" : "no: another build's";
}

std::string line(const wasm::CodeCache::Entry& entry) {
  return fmt::format("{:.16}  {}  {:>9.1f}  {:<16}  {:<19}  {}\n", entry.file,
                     entry.header ? std::to_string(entry.header->level) : "-", static_cast<double>(entry.bytes) / kMebibyte,
                     day_and_time(entry.time), verdict(entry), entry.header ? quote(entry.header->name) : "-");
}

void list(const std::string& path) {
  std::string text = fmt::format("{:<16}  O  {:>9}  {:<16}  {:<19}  {}\n", "KEY", "SIZE(MiB)", "COMPILED", "USED", "FROM");
  const std::optional<wasm::CodeCache> cache = wasm::CodeCache::find(path);
  if (cache)
    for (const wasm::CodeCache::Entry& entry : cache->entries()) text += line(entry);
  print(text);
}

void prune(const std::string& path, bool all) {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  if (const std::optional<wasm::CodeCache> cache = wasm::CodeCache::find(path)) {
    for (const wasm::CodeCache::Entry& entry : cache->prune(all)) {
      ++count;
      bytes += entry.bytes;
    }
  }
  print(
      fmt::format("removed {} entr{}, {:.1f} MiB\n", count, count == 1 ? "y" : "ies", static_cast<double>(bytes) / kMebibyte));
}

}  // namespace

Action define_wasm_compile(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("opt", given->level, "LEVEL", "3: runs fastest, compiles slowest (default); 0: compiles quickly");
  options.number("memory", given->memory, "MIB", "give up when the compiler needs more (default: 8192; 0: no limit)");
  options.number("time", given->seconds, "SECONDS", "give up on a module after so long (default: 1800; 0: no limit)");
  options.operands("FILE", given->files);
  return [given](const container::Runtime& runtime) {
    compile_all(*given, runtime.code_cache);
    return 0;
  };
}

Action define_wasm_cache_list(Options&) {
  return [](const container::Runtime& runtime) {
    list(runtime.code_cache);
    return 0;
  };
}

Action define_wasm_cache_prune(Options& options) {
  const auto all = std::make_shared<bool>(false);
  options.flag("all", *all, "remove everything");
  return [all](const container::Runtime& runtime) {
    prune(runtime.code_cache, *all);
    return 0;
  };
}

}  // namespace crumb::cli
