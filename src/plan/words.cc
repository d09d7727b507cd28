#include "plan/words.h"

#include <fmt/format.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include <iterator>

#include "kernel/capabilities.h"
#include "kernel/memory_policy.h"
#include "kernel/mount_options.h"
#include "kernel/namespaces.h"
#include "kernel/scheduling.h"
#include "kernel/seccomp.h"
#include "kernel/words.h"
#include "support/json.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

using kernel::MountOptionKind;

// The words for bits that are set and for bits that are cleared, "r" before them when they mean all mounts below.
void add_attributes(std::uint64_t set, std::uint64_t clear, const char* prefix, std::vector<std::string>& words) {
  for (const kernel::MountOption& option : kernel::kMountOptions) {
    const bool attribute = option.kind == MountOptionKind::attribute && ((option.clear ? clear : set) & option.value) != 0;
    const bool atime = option.kind == MountOptionKind::atime && !option.clear && (clear & MOUNT_ATTR__ATIME) != 0 &&
                       (set & MOUNT_ATTR__ATIME) == option.value;
    if (attribute || atime) words.push_back(prefix + std::string(option.word));
  }
}

void add_flags(std::uint64_t flags, std::vector<std::string>& words) {
  if (flags & wire::kBindRecursive) words.emplace_back("rbind");
  if (flags & wire::kSourceNoFollow) words.emplace_back("src-nofollow");
  if (flags & wire::kTargetNoFollow) words.emplace_back("dest-nofollow");
  if (flags & wire::kOptional) words.emplace_back("nofail");
  if (flags & wire::kCopyUp) words.emplace_back("tmpcopyup");
  if (flags & wire::kCopyLink) words.emplace_back("copy-symlink");
}

// "allow", "errno 38", "kill process"
std::string action_name(std::uint32_t action) {
  constexpr std::string_view kPrefix = "SCMP_ACT_";
  const std::uint32_t kind = action & SECCOMP_RET_ACTION_FULL;
  for (const kernel::SeccompAction& known : kernel::kSeccompActions) {
    if (known.value != kind) continue;
    std::string name(known.word.substr(kPrefix.size()));
    for (char& letter : name) letter = letter == '_' ? ' ' : static_cast<char>(letter | 0x20);
    return known.largest == 0 ? name : fmt::format("{} {}", name, action & SECCOMP_RET_DATA);
  }
  return fmt::format("{:#x}", action);
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

std::string quoted(std::string_view text) {
  return json::serialize(json::value(boost::json::string_view(text.data(), text.size())));
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string parenthesized(const std::vector<std::string>& words) {
  return words.empty() ? "" : fmt::format(" ({})", joined(words, ", "));
}

std::string namespace_names(std::uint64_t mask) {
  std::vector<std::string> names;
  for (const kernel::NamespaceName& name : kernel::kNamespaces)
    if (mask & name.type) names.emplace_back(name.word);
  return joined(names, ", ") + (names.size() == 1 ? " namespace" : " namespaces");
}

std::string point_name(std::uint64_t point) {
  constexpr std::string_view kNames[] = {"map", "pid", "placed", "mounted", "console", "program", "seccomp", "ready", "failed"};
  return point == 0 || point > std::size(kNames) ? fmt::to_string(point) : std::string(kNames[point - 1]);
}

std::string capability_names(std::uint64_t set) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::size(kernel::kCapabilities); ++i)
    if (set >> i & 1) names.emplace_back(kernel::kCapabilities[i]);
  return names.empty() ? "none" : joined(names, " ");
}

std::string same_or_names(std::uint64_t set, std::uint64_t other) {
  return set != 0 && set == other ? "the same" : capability_names(set);
}

std::string limit_text(std::uint64_t limit) { return limit == RLIM64_INFINITY ? "unlimited" : fmt::to_string(limit); }

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKibibyte = 1024, kMebibyte = kKibibyte * kKibibyte;
  if (bytes % kMebibyte == 0) return fmt::format("{} MiB", bytes / kMebibyte);
  return fmt::format("{} KiB", bytes / kKibibyte);
}

std::string bits_text(const oci::BitSet& bits) {
  const auto has = [&](std::size_t bit) { return bit / 64 < bits.size() && (bits[bit / 64] >> (bit % 64) & 1) != 0; };
  std::vector<std::string> ranges;
  for (std::size_t first = 0; first < bits.size() * 64; ++first) {
    if (!has(first)) continue;
    std::size_t last = first;
    while (has(last + 1)) ++last;
    ranges.push_back(first == last ? fmt::to_string(first) : fmt::format("{}-{}", first, last));
    first = last;
  }
  return joined(ranges, ",");
}

std::string scheduler_text(const oci::Scheduler& scheduler) {
  std::string text(kernel::word_of(kernel::kSchedulerPolicies, scheduler.policy));
  if (scheduler.nice != 0) text += fmt::format(", nice {}", scheduler.nice);
  if (scheduler.priority != 0) text += fmt::format(", priority {}", scheduler.priority);
  if (scheduler.policy == SCHED_DEADLINE)
    text +=
        fmt::format(", runtime {} ns, deadline {} ns, period {} ns", scheduler.runtime, scheduler.deadline, scheduler.period);
  for (const kernel::SchedulerFlag& flag : kernel::kSchedulerFlags)
    if (scheduler.flags & flag.value) text += fmt::format(", {}", flag.word);
  return text;
}

std::string io_priority_text(const oci::IoPriority& priority) {
  return fmt::format("{} {}", kernel::word_of(kernel::kIoPriorityClasses, priority.io_class), priority.level);
}

std::string memory_policy_name(std::uint64_t mode) {
  std::uint64_t flags = 0;
  for (const kernel::MemoryPolicyFlag& flag : kernel::kMemoryPolicyFlags) flags |= mode & flag.value;
  std::string text(kernel::word_of(kernel::kMemoryPolicyModes, mode & ~flags));
  for (const kernel::MemoryPolicyFlag& flag : kernel::kMemoryPolicyFlags)
    if (flags & flag.value) text += fmt::format(", {}", flag.word);
  return text;
}

std::string personality_name(std::uint64_t domain) { return domain == PER_LINUX32 ? "LINUX32" : "LINUX"; }

std::vector<std::string> seccomp_words(const oci::Seccomp& profile) {
  std::size_t names = 0;
  for (const oci::SeccompRule& rule : profile.rules) names += rule.names.size();
  std::vector<std::string> words{
      "default action " + action_name(profile.default_action),
      fmt::format("{} for {}", counted(profile.rules.size(), "rule"), counted(names, "system call"))};
  std::string architectures;
  for (const std::string_view name : profile.architectures) architectures.append(" ").append(name);
  if (!architectures.empty()) words.push_back("architectures" + architectures);
  std::string flags;
  for (const kernel::SeccompFlag& flag : kernel::kSeccompFlags)
    if (profile.flags & flag.value) flags.append(" ").append(flag.word);
  if (!flags.empty()) words.push_back("flags" + flags);
  if (profile.notifies())
    words.push_back("listener for " + (profile.listener_path.empty() ? "an agent" : quoted(profile.listener_path)));
  return words;
}

std::string device_rule_text(const oci::DeviceRule& rule) {
  const auto number = [](const std::optional<std::uint64_t>& value) { return value ? fmt::to_string(*value) : "*"; };
  return std::string({rule.type, ' '}) + number(rule.major) + ':' + number(rule.minor) + ' ' + rule.access;
}

std::vector<std::string> mount_words(const Mount& mount) {
  std::vector<std::string> words;
  const bool plain = (mount.flags & (wire::kBind | wire::kRemount)) == 0;
  if (plain && !mount.source.empty() && mount.source != mount.type) words.push_back("source " + quoted(mount.source));
  add_flags(mount.flags, words);
  add_attributes(mount.set, mount.clear, "", words);
  add_attributes(mount.recursive_set, mount.recursive_clear, "r", words);
  for (const kernel::MountOption& option : kernel::kMountOptions)
    if (option.kind == MountOptionKind::superblock && !option.clear && (mount.superblock & option.value))
      words.emplace_back(option.word);
  if (mount.superblock & MS_RDONLY) words.emplace_back("read-only filesystem");
  for (const std::uint64_t flags : mount.propagation) words.emplace_back(kernel::propagation_name(flags));
  if (!mount.data.empty()) words.push_back("data " + quoted(mount.data));
  if (!mount.label.empty()) words.push_back("SELinux " + quoted(mount.label));
  return words;
}

}  // namespace crumb::plan
