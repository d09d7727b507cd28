// crumb wasm cache list, crumb wasm cache prune, crumb wasm cache verify: the cache of compiled modules (docs/wasm.md).
#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "support/error.h"
#include "support/quantities.h"
#include "support/text.h"
#include "wasm/code_cache.h"
#include "wasm/code_key.h"
#include "wasm/job.h"

namespace crumb::cli {
namespace {

constexpr double kMebibyte = 1 << 20;

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
  if (!entry.header->refusal.empty() && entry.header->build == wasm::code_build()) return "cannot be compiled";
  return entry.header->build == wasm::code_build() ? "yes" : "no: another build's";
}

// "3", and "3f" with frames.
std::string kind_text(wasm::CodeKind kind) { return fmt::format("{}{}", kind.level, kind.frames ? "f" : ""); }

// The file, and why there is no code of it.
std::string origin(const wasm::CodeCache::Entry& entry) {
  if (!entry.header) return "-";
  const std::string& refusal = entry.header->refusal;
  return quote(entry.header->name) + (refusal.empty() ? "" : ": " + quote(refusal));
}

std::string line(const wasm::CodeCache::Entry& entry) {
  return fmt::format("{:.16}  {:<2}  {:>9.1f}  {:<16}  {:<19}  {}\n", entry.file,
                     entry.header ? kind_text(entry.header->kind) : "-", static_cast<double>(entry.bytes) / kMebibyte,
                     day_and_time(entry.time), verdict(entry), origin(entry));
}

void list(const std::string& path) {
  std::string text = fmt::format("{:<16}  O   {:>9}  {:<16}  {:<19}  {}\n", "KEY", "SIZE(MiB)", "COMPILED", "USED", "FROM");
  const std::optional<wasm::CodeCache> cache = wasm::CodeCache::find(path);
  if (cache)
    for (const wasm::CodeCache::Entry& entry : cache->entries()) text += line(entry);
  print(text);
}

struct Prune {
  bool all = false;
  std::string size;  // empty: none is given
};

std::string entries_text(std::size_t count) { return fmt::format("{} entr{}", count, count == 1 ? "y" : "ies"); }

void prune(const std::string& path, const Prune& wanted) {
  const std::optional<std::int64_t> size = wanted.size.empty() ? 0 : parse_size(wanted.size);
  if (!size || *size < 0) throw fail("wasm cache prune: option --size: {} is no size", quote(wanted.size));
  wasm::clear_up_after_jobs();
  wasm::CodeCache::Removed removed;
  if (const std::optional<wasm::CodeCache> cache = wasm::CodeCache::find(path)) {
    for (const wasm::CodeCache::Entry& entry : cache->prune(wanted.all)) {
      ++removed.count;
      removed.bytes += entry.bytes;
    }
    if (!wanted.size.empty()) {
      const wasm::CodeCache::Removed more = cache->evict(std::max<std::uint64_t>(static_cast<std::uint64_t>(*size), 1));
      removed = {removed.count + more.count, removed.bytes + more.bytes};
    }
  }
  print(fmt::format("removed {}, {:.1f} MiB\n", entries_text(removed.count), static_cast<double>(removed.bytes) / kMebibyte));
}

// Whether all of them can be believed.
bool verify(const std::string& path, bool remove) {
  const std::optional<wasm::CodeCache> cache = wasm::CodeCache::find(path);
  std::size_t count = 0, bad = 0, others = 0;
  if (cache) {
    for (const wasm::CodeCache::Entry& entry : cache->entries(true)) {
      ++count;
      if (entry.header) continue;
      ++bad;
      if (remove) cache->remove(entry);
      print(fmt::format("{}: {}{}\n", entry.file, entry.reason, remove ? "; removed" : ""));
    }
    for (const wasm::CodeCache::Flaw& flaw : cache->flaws()) {
      ++others;
      if (remove) cache->remove(flaw);
      print(fmt::format("{}: {}{}\n", flaw.file, flaw.reason, remove ? "; removed" : ""));
    }
  }
  print(fmt::format("{}, {} of them bad{}\n", entries_text(count), bad,
                    others == 0 ? "" : fmt::format("; {} bad note{}", others, others == 1 ? "" : "s")));
  return bad + others == 0;
}

}  // namespace

Action define_wasm_cache_list(Options&) {
  return [](const container::Runtime& runtime) {
    list(runtime.code_cache);
    return 0;
  };
}

Action define_wasm_cache_prune(Options& options) {
  const auto wanted = std::make_shared<Prune>();
  options.flag("all", wanted->all, "remove everything");
  options.text("size", wanted->size, "SIZE", "then also what was not used for longest, until SIZE is left: 500m, 2g");
  return [wanted](const container::Runtime& runtime) {
    prune(runtime.code_cache, *wanted);
    return 0;
  };
}

Action define_wasm_cache_verify(Options& options) {
  const auto remove = std::make_shared<bool>(false);
  options.flag("remove", *remove, "remove those that are bad");
  return [remove](const container::Runtime& runtime) { return verify(runtime.code_cache, *remove) ? 0 : 1; };
}

}  // namespace crumb::cli
