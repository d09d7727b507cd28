#include "helpers/seccomp/filter.h"

#include <linux/seccomp.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "helpers/seccomp/plain_calls.h"
#include "helpers/seccomp/ranges.h"
#include "helpers/seccomp/unknown_calls.h"
#include "kernel/seccomp.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"

namespace crumb::seccomp {
namespace {

constexpr std::size_t kArguments = 6;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// Throws for libseccomp's -errno.
template <class... Arguments>
void require(int result, fmt::format_string<Arguments...> place, Arguments&&... arguments) {
  check(result, place, std::forward<Arguments>(arguments)...);
}

class Builder {
 public:
  explicit Builder(const Profile& profile) : profile_(profile), context_(seccomp_init(profile.default_action)) {
    if (!context_) throw fail("defaultAction: libseccomp does not take {:#x}", profile.default_action);
    // By default libseccomp sorts calls by priority, and forgets to load the number where the first one is none of the
    // architecture's: calls with comparisons were not found then.
    constexpr std::uint32_t kTree = 2;
    require(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, kTree), "libseccomp's order of calls");
    add_architectures();
  }

  const std::vector<std::uint32_t>& architectures() const { return architectures_; }

  // But for those that are set aside (plain_calls.h).
  void add_rules(const std::vector<bool>& aside) {
    std::size_t mention = 0;
    for (std::size_t i = 0; i < profile_.rules.size(); ++i)
      for (std::size_t j = 0; j < profile_.rules[i].names.size(); ++j, ++mention)
        if (aside.empty() || !aside[mention])
          add_rule(profile_.rules[i], profile_.rules[i].names[j], fmt::format("syscalls[{}].names[{}]", i, j));
  }

  Filter take() {
    filter_.program = refuse_unknown_calls(last_calls());
    append_export();
    return std::move(filter_);
  }

 private:
  void leave_out(const std::string& place, std::string_view what, std::string_view name) {
    std::string line = fmt::format("{}: {} \"{}\"", place, what, name);
    if (profile_.strict) throw Error(line);
    filter_.left_out.push_back(std::move(line));
  }

  void add_architectures() {
    architectures_.push_back(seccomp_arch_native());
    for (std::size_t i = 0; i < profile_.architectures.size(); ++i) {
      const std::string& name = profile_.architectures[i];
      const std::string place = fmt::format("architectures[{}]", i);
      const std::uint32_t token = seccomp_arch_resolve_name(name.c_str());
      if (std::find(architectures_.begin(), architectures_.end(), token) != architectures_.end()) continue;
      const int result = token == 0 ? -EDOM : seccomp_arch_add(context_.get(), token);
      // Unknown, or of the other byte order: this machine runs no such program.
      if (result == -EDOM) {
        leave_out(place, "unknown to libseccomp here:", name);
        continue;
      }
      require(result, "{}: {}", place, name);
      architectures_.push_back(token);
    }
  }

  // libseccomp refuses rules that say what happens anyway.
  void add_rule(const Rule& rule, const std::string& name, const std::string& place) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) return leave_out(place, "unknown to libseccomp:", name);
    if (rule.action == profile_.default_action) return;
    const std::vector<scmp_arg_cmp>& comparisons = rule.comparisons;
    if (!compares_twice(comparisons)) return add(rule.action, number, comparisons, place);
    // libseccomp cannot compare an argument twice in one rule. As in runc, each comparison is a rule of its own then.
    for (const scmp_arg_cmp& comparison : comparisons) add(rule.action, number, {comparison}, place);
  }

  void add(std::uint32_t action, int number, const std::vector<scmp_arg_cmp>& comparisons, const std::string& place) {
    require(
        seccomp_rule_add_array(context_.get(), action, number, static_cast<unsigned>(comparisons.size()), comparisons.data()),
        "{}", place);
  }

  static bool compares_twice(const std::vector<scmp_arg_cmp>& comparisons) {
    std::array<bool, kArguments> seen{};
    return std::any_of(comparisons.begin(), comparisons.end(), [&](const scmp_arg_cmp& comparison) {
      return comparison.arg >= kArguments || std::exchange(seen[comparison.arg], true);
    });
  }

  // Rules that say what happens anyway count: the profile knows these calls.
  std::vector<LastCall> last_calls() const {
    const std::uint32_t action = profile_.default_action & SECCOMP_RET_ACTION_FULL;
    const bool passes = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE;
    std::vector<LastCall> last;
    if (passes || profile_.default_action == (SECCOMP_RET_ERRNO | ENOSYS)) return last;
    for (const std::uint32_t architecture : architectures_) {
      int highest = -1;  // numbers below 0 stand for calls that this architecture does not have, or has in another form
      for (const Rule& rule : profile_.rules)
        for (const std::string& name : rule.names)
          highest = std::max(highest, seccomp_syscall_resolve_name_arch(architecture, name.c_str()));
      if (highest >= 0) last.push_back({architecture, static_cast<std::uint32_t>(highest)});
    }
    return last;
  }

  void append_export() {
    const Fd file(check(kernel::memfd_create("filter", MFD_CLOEXEC), "memory file"));
    require(seccomp_export_bpf(context_.get(), file.get()), "libseccomp's filter");
    check(kernel::lseek(file.get(), 0, SEEK_SET), "memory file");
    const std::string bytes = read_all(file.get(), "memory file");
    const std::size_t before = filter_.program.size();
    filter_.program.resize(before + bytes.size() / sizeof(sock_filter));
    std::memcpy(&filter_.program[before], bytes.data(), bytes.size() / sizeof(sock_filter) * sizeof(sock_filter));
  }

  const Profile& profile_;
  Context context_;
  std::vector<std::uint32_t> architectures_;  // in the filter, the machine's own first
  Filter filter_;
};

}  // namespace

Filter list_filter(const Profile& profile) {
  Builder builder(profile);
  builder.add_rules({});
  return builder.take();
}

Filter build_filter(const Profile& profile) {
  Builder builder(profile);
  const PlainCalls plain = find_plain_calls(profile, builder.architectures());
  builder.add_rules(plain.aside);
  Filter filter = builder.take();
  if (std::optional<std::vector<sock_filter>> shaped = search_ranges(filter.program, plain.answers))
    filter.program = std::move(*shaped);
  else
    filter = list_filter(profile);
  if (filter.program.size() > BPF_MAXINSNS)
    throw fail("syscalls: the filter has {} instructions, the kernel takes {}", filter.program.size(), BPF_MAXINSNS);
  return filter;
}

}  // namespace crumb::seccomp
