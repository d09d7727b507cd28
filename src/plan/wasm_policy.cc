#include "plan/wasm_policy.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "plan/words.h"
#include "support/error.h"
#include "support/quantities.h"
#include "support/text.h"
#include "wire/engine_options.h"
#include "wire/guest_memory.h"

namespace crumb::plan {
namespace {

constexpr std::string_view kPrefix = "run.crumb.wasm.";

using Preopen = WasmPolicy::Preopen;

// Each returns why the value is none, or nothing and sets the policy.
using Reason = std::string;

Reason set_size(std::string_view text, std::uint64_t least, std::uint64_t most, std::uint64_t& bytes) {
  const std::optional<std::int64_t> size = parse_size(text);
  if (!size || static_cast<std::uint64_t>(*size) < least || static_cast<std::uint64_t>(*size) > most)
    return fmt::format("is no size from {} to {}", size_text(least), size_text(most));
  bytes = static_cast<std::uint64_t>(*size);
  return {};
}

template <class Value, std::size_t size>
Reason set_word(std::string_view text, const std::array<std::pair<std::string_view, Value>, size>& words, Value& value) {
  std::vector<std::string> known;
  for (const auto& [word, meaning] : words) {
    if (word == text) return value = meaning, Reason{};
    known.emplace_back(word);
  }
  return "is none of " + joined(known, ", ");
}

Reason set_memory(std::string_view text, WasmPolicy& policy) {
  return set_size(text, wire::kGuestPage, wire::kMostGuestPages * wire::kGuestPage, policy.memory);
}

Reason set_stack(std::string_view text, WasmPolicy& policy) {
  return set_size(text, wire::kSmallestGuestStack, wire::kLargestGuestStack, policy.stack);
}

Reason set_threads(std::string_view text, WasmPolicy& policy) {
  const std::optional<std::int64_t> count = parse_integer(text);
  if (!count || *count < 0 || *count > wire::kMostGuestThreads)
    return fmt::format("is no number from 0 to {}", wire::kMostGuestThreads);
  policy.threads = static_cast<std::uint32_t>(*count);
  return {};
}

Reason set_network(std::string_view text, WasmPolicy& policy) {
  using enum WasmPolicy::Network;
  constexpr std::array<std::pair<std::string_view, WasmPolicy::Network>, 3> kWords{
      {{"none", none}, {"listen", listen}, {"all", all}}};
  return set_word(text, kWords, policy.network);
}

Reason set_mode(std::string_view text, WasmPolicy& policy) {
  using enum WasmPolicy::Mode;
  constexpr std::array<std::pair<std::string_view, WasmPolicy::Mode>, 3> kWords{
      {{"auto", best}, {"interpreter", interpreter}, {"aot", aot}}};
  return set_word(text, kWords, policy.mode);
}

Reason set_compile(std::string_view text, WasmPolicy& policy) {
  using enum WasmPolicy::Compile;
  constexpr std::array<std::pair<std::string_view, WasmPolicy::Compile>, 4> kWords{
      {{"background", background}, {"wait", wait}, {"off", off}, {"require", require}}};
  return set_word(text, kWords, policy.compile);
}

Reason set_frames(std::string_view text, WasmPolicy& policy) {
  constexpr std::array<std::pair<std::string_view, bool>, 2> kWords{{{"true", true}, {"false", false}}};
  return set_word(text, kWords, policy.frames);
}

bool is_plain_path(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/')) return false;
  const std::vector<std::string_view> parts = split(path.substr(1), '/');
  return std::ranges::none_of(parts, [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

bool lies_in(const std::string& path, const std::string& directory) {
  return directory == "/" ||
         (path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/'));
}

// "/data", "/data:ro", "/data:rw"
Reason parse_preopen(std::string_view entry, Preopen& preopen) {
  if (entry.ends_with(":ro")) preopen.writable = false;
  if (entry.ends_with(":ro") || entry.ends_with(":rw")) entry.remove_suffix(3);
  preopen.path = entry;
  if (entry.find(':') != entry.npos) return fmt::format("holds {}, whose rights are neither ro nor rw", quoted(entry));
  if (is_plain_path(entry)) return {};
  return fmt::format("holds {}, which is no absolute path without \".\" and \"..\"", quoted(entry));
}

// A guest that holds the wider directory reaches into it by a way of its own: WASI knows rights of directories, not of paths.
Reason check_rights(const std::vector<Preopen>& preopens) {
  for (std::size_t inner = 0; inner < preopens.size(); ++inner) {
    for (std::size_t outer = 0; outer < inner; ++outer) {
      if (preopens[inner].path == preopens[outer].path) return fmt::format("names {} twice", quoted(preopens[inner].path));
      if (!preopens[inner].writable && preopens[outer].writable && lies_in(preopens[inner].path, preopens[outer].path))
        return fmt::format("makes {} read-only, which lies in {}, which is not", quoted(preopens[inner].path),
                           quoted(preopens[outer].path));
    }
  }
  return {};
}

Reason set_preopens(std::string_view text, WasmPolicy& policy) {
  policy.preopens.clear();
  if (text == "none") return {};
  const std::vector<std::string_view> entries = split(text, ',');
  if (entries.size() > wire::kMostGuestDirectories)
    return fmt::format("names more than {} directories", wire::kMostGuestDirectories);
  for (const std::string_view entry : entries) {
    Preopen preopen;
    if (Reason reason = parse_preopen(entry, preopen); !reason.empty()) return reason;
    policy.preopens.push_back(std::move(preopen));
  }
  std::ranges::stable_sort(policy.preopens, {}, [](const Preopen& preopen) { return preopen.path.size(); });
  return check_rights(policy.preopens);
}

struct Setting {
  std::string_view key;  // below kPrefix
  Reason (*set)(std::string_view text, WasmPolicy& policy);
};

constexpr Setting kSettings[] = {{"compile", set_compile}, {"frames", set_frames},   {"memory", set_memory},
                                 {"mode", set_mode},       {"network", set_network}, {"preopens", set_preopens},
                                 {"stack", set_stack},     {"threads", set_threads}};

const Setting* find_setting(std::string_view key) {
  const auto* const found = std::ranges::find(kSettings, key, &Setting::key);
  return found != std::end(kSettings) ? found : nullptr;
}

template <class Visit>
void for_each_annotation(const oci::Config& config, Visit&& visit) {
  for (const auto& [key, value] : config.annotations)
    if (key.starts_with(kPrefix)) visit(std::string_view(key).substr(kPrefix.size()), value);
}

// 0 in config.json: no limit.
CgroupBounds bounds_of(const oci::Resources& resources) {
  CgroupBounds bounds;
  if (resources.memory.limit.value_or(0) > 0) bounds.memory = static_cast<std::uint64_t>(*resources.memory.limit);
  if (resources.pids_limit.value_or(0) > 0) bounds.processes = static_cast<std::uint64_t>(*resources.pids_limit);
  return bounds;
}

}  // namespace

WasmPolicy bare_wasm_policy() { return {.stack = wire::kDefaultGuestStack, .threads = wire::kMostGuestThreads}; }

void set_wasm_policy(WasmPolicy& policy, std::string_view key, const std::string& value, const std::string& place) {
  if (const Reason reason = find_setting(key)->set(value, policy); !reason.empty())
    throw fail("{}: {} {}", place, quoted(value), reason);
}

void settle_compile(WasmPolicy& policy, const std::string& place) {
  if (policy.mode == WasmPolicy::Mode::interpreter && policy.compile != WasmPolicy::Compile::off)
    throw fail("{}: only \"off\" goes with the mode \"interpreter\", which runs no compiled code", place);
  if (policy.compile == WasmPolicy::Compile::require) policy.mode = WasmPolicy::Mode::aot;
}

WasmPolicy wasm_policy(const oci::Config& config, bool own_network, std::uint32_t listen_fds, std::uint32_t preserve_fds) {
  WasmPolicy policy = bare_wasm_policy();
  policy.preopens = {{"/", true}};
  policy.network = own_network ? WasmPolicy::Network::all : WasmPolicy::Network::listen;
  for_each_annotation(config, [&](std::string_view key, const std::string& value) {
    if (find_setting(key) != nullptr)
      set_wasm_policy(policy, key, value, fmt::format("{}: annotations[\"{}{}\"]", config.name, kPrefix, key));
  });
  settle_compile(policy, fmt::format("{}: annotations[\"{}compile\"]", config.name, kPrefix));
  if (policy.network != WasmPolicy::Network::none) {
    policy.listen = listen_fds;
    policy.preserved = preserve_fds - listen_fds;
  }
  return within(std::move(policy), bounds_of(config.linux_.resources));
}

void add_unknown_annotations(const oci::Config& config, std::vector<std::string>& warnings) {
  std::vector<std::string> unknown, known;
  for_each_annotation(config, [&](std::string_view key, const std::string&) {
    if (find_setting(key) == nullptr) unknown.push_back(quoted(fmt::format("{}{}", kPrefix, key)));
  });
  if (unknown.empty()) return;
  for (const Setting& setting : kSettings) known.emplace_back(setting.key);
  warnings.push_back(fmt::format("{}: annotations: {} mean{} nothing to crumb and {} ignored; below {} it knows {}",
                                 config.name, joined(unknown, ", "), unknown.size() == 1 ? "s" : "",
                                 unknown.size() == 1 ? "is" : "are", kPrefix, joined(known, ", ")));
}

WasmPolicy within(WasmPolicy policy, const CgroupBounds& bounds) {
  if (bounds.memory && (policy.memory_limit == 0 || *bounds.memory < policy.memory_limit)) policy.memory_limit = *bounds.memory;
  // The guest's first thread counts as well.
  if (bounds.processes)
    policy.threads =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(policy.threads, std::max<std::uint64_t>(*bounds.processes, 1) - 1));
  return policy;
}

std::string module_annotation(const oci::Config& config) {
  // The first one that is there decides, as in crun.
  for (const auto& [key, value] : {std::pair{"run.oci.handler", "wasm"}, {"module.wasm.image/variant", "compat"}}) {
    const auto annotation = config.annotations.find(key);
    if (annotation == config.annotations.end()) continue;
    return annotation->second == value ? fmt::format("{}={}", key, value) : "";
  }
  return {};
}

}  // namespace crumb::plan
