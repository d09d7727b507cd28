// process.scheduler, process.ioPriority and process.execCPUAffinity (config.md, Linux Process).
#include "kernel/scheduling.h"

#include <charconv>
#include <optional>

#include "oci/parse.h"
#include "support/lines.h"
#include "support/text.h"

namespace crumb::oci {
namespace {

constexpr std::int64_t kHighestNice = -20, kLowestNice = 19;  // sched(7)
constexpr std::uint64_t kMostPriority = 99;
constexpr std::uint64_t kLowestIoPriority = kernel::kIoPriorityLevels - 1;

bool is_realtime(const Scheduler& scheduler) { return scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR; }

void parse_priority(const json::Cursor& object, Scheduler& scheduler) {
  if (const auto priority = object.find("priority"))
    scheduler.priority = static_cast<std::uint32_t>(priority->natural(kMostPriority));
  if (is_realtime(scheduler) == (scheduler.priority != 0)) return;
  throw object.error_at("priority", is_realtime(scheduler) ? "a real-time policy needs one from 1 to 99"
                                                           : "is for the policies SCHED_FIFO and SCHED_RR");
}

std::uint64_t parse_time(const json::Cursor& object, std::string_view key, const Scheduler& scheduler) {
  const auto time = object.find(key);
  if (!time) return 0;
  const std::uint64_t nanoseconds = time->natural();
  if (nanoseconds != 0 && scheduler.policy != SCHED_DEADLINE) throw time->error("is for the policy SCHED_DEADLINE");
  return nanoseconds;
}

// Of "3" or "0-3".
struct Range {
  std::uint32_t first = 0, last = 0;
};

bool take_number(std::string_view& text, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<Range> parse_range(std::string_view text) {
  Range range;
  if (!take_number(text, range.first)) return std::nullopt;
  range.last = range.first;
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    if (!take_number(text, range.last)) return std::nullopt;
  }
  return text.empty() && range.first <= range.last ? std::optional(range) : std::nullopt;
}

}  // namespace

std::optional<BitSet> bits_of(std::string_view text, std::uint32_t end) {
  constexpr std::uint32_t kWord = 64;
  BitSet bits;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view word = trimmed(part);
    if (word.empty()) continue;
    const std::optional<Range> range = parse_range(word);
    if (!range || range->last >= end) return std::nullopt;
    if (bits.size() <= range->last / kWord) bits.resize(range->last / kWord + 1);
    for (std::uint32_t bit = range->first; bit <= range->last; ++bit) bits[bit / kWord] |= std::uint64_t{1} << (bit % kWord);
  }
  return bits;
}

BitSet parse_bits(const json::Cursor& list, std::uint32_t end) {
  const std::string text = list.string();
  std::optional<BitSet> bits = bits_of(text, end);
  if (!bits) throw list.error(fmt::format("\"{}\" is no list of numbers below {}, as \"0-3,7\"", text, end));
  return std::move(*bits);
}

CpuAffinity parse_cpu_affinity(const json::Cursor& object) {
  constexpr std::uint32_t kMostCpus = 8192;  // the kernel's NR_CPUS
  CpuAffinity affinity;
  if (const auto list = object.find("initial")) affinity.initial = parse_bits(*list, kMostCpus);
  if (const auto list = object.find("final")) affinity.final_ = parse_bits(*list, kMostCpus);
  return affinity;
}

Scheduler parse_scheduler(const json::Cursor& object) {
  Scheduler scheduler;
  scheduler.policy = parse_word(object.at("policy"), kernel::kSchedulerPolicies, "policy").value;
  if (const auto nice = object.find("nice"))
    scheduler.nice = static_cast<std::int32_t>(nice->integer(kHighestNice, kLowestNice));
  parse_priority(object, scheduler);
  if (const auto flags = object.find("flags"))
    for (const json::Cursor& flag : flags->items()) scheduler.flags |= parse_word(flag, kernel::kSchedulerFlags, "flag").value;
  scheduler.runtime = parse_time(object, "runtime", scheduler);
  scheduler.deadline = parse_time(object, "deadline", scheduler);
  scheduler.period = parse_time(object, "period", scheduler);
  return scheduler;
}

IoPriority parse_io_priority(const json::Cursor& object) {
  IoPriority priority;
  priority.io_class = parse_word(object.at("class"), kernel::kIoPriorityClasses, "class").value;
  priority.level = static_cast<std::uint32_t>(object.at("priority").natural(kLowestIoPriority));
  return priority;
}

}  // namespace crumb::oci
