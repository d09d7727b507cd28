#include "linux/device_filter.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "linux/cgroup_tree.h"
#include "linux/user_namespace.h"
#include "plan/device_filter.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/log.h"

namespace crumb::linux {
namespace {

// Linux 6.17 writes members of the query behind those that its caller knows: room for them, as zeros, which the kernel wants of
// what it does not know.
struct Attributes {
  bpf_attr known;
  std::array<char, 128> unknown;
  Attributes() { std::memset(static_cast<void*>(this), 0, sizeof *this); }
};

long call(int command, const Attributes& attributes) {
  constexpr int kMostInterruptions = 30;  // the verifier gives up when a signal is pending
  long result = 0;
  for (int i = 0; i < kMostInterruptions; ++i) {
    result = kernel::bpf(command, &attributes, sizeof attributes);
    if (result != -EAGAIN && result != -EINTR) break;
  }
  return result;
}

template <class Pointer>
__u64 address(Pointer* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

long load(const std::vector<bpf_insn>& program) {
  Attributes attributes;
  attributes.known.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.known.insns = address(program.data());
  attributes.known.insn_cnt = static_cast<__u32>(program.size());
  attributes.known.license = address("Apache-2.0");
  return call(BPF_PROG_LOAD, attributes);
}

// Before Linux 5.11 programs count as locked memory.
bool raise_locked_memory() {
  constexpr rlimit64 kUnlimited{RLIM64_INFINITY, RLIM64_INFINITY};
  const long result = kernel::prlimit(0, RLIMIT_MEMLOCK, &kUnlimited);
  if (result < 0)
    log::debug(
        fmt::format("device filter: limit of locked memory cannot be raised: {}", errno_text(static_cast<int>(-result))));
  return result == 0;
}

Fd load_filter(const std::vector<oci::DeviceRule>& rules, long& result) {
  const std::vector<bpf_insn> program = plan::device_filter(rules);
  result = load(program);
  if (result == -EPERM && raise_locked_memory()) result = load(program);
  return Fd(result);
}

// The filters that are attached to the cgroup itself. One that we may not look at is somebody else's.
std::vector<Fd> attached(int cgroup) {
  std::array<__u32, 64> numbers{};  // the kernel's most
  Attributes query;
  query.known.query.target_fd = static_cast<__u32>(cgroup);
  query.known.query.attach_type = BPF_CGROUP_DEVICE;
  query.known.query.prog_ids = address(numbers.data());
  query.known.query.prog_cnt = numbers.size();
  std::vector<Fd> filters;
  if (call(BPF_PROG_QUERY, query) < 0) return filters;
  for (__u32 i = 0; i < query.known.query.prog_cnt && i < numbers.size(); ++i) {
    Attributes number;
    number.known.prog_id = numbers[i];
    if (Fd filter(call(BPF_PROG_GET_FD_BY_ID, number)); filter) filters.push_back(std::move(filter));
  }
  return filters;
}

Attributes attachment(int cgroup, const Fd& filter) {
  Attributes attributes;
  attributes.known.target_fd = static_cast<__u32>(cgroup);
  attributes.known.attach_bpf_fd = static_cast<__u32>(filter.get());
  attributes.known.attach_type = BPF_CGROUP_DEVICE;
  return attributes;
}

// In one step where there is one old filter; else the new one first: all that are attached must allow.
long attach(int cgroup, const Fd& filter) {
  const std::vector<Fd> old = attached(cgroup);
  Attributes attributes = attachment(cgroup, filter);
  attributes.known.attach_flags = BPF_F_ALLOW_MULTI;
  if (old.size() == 1) {
    attributes.known.attach_flags |= BPF_F_REPLACE;
    attributes.known.replace_bpf_fd = static_cast<__u32>(old.front().get());
    return call(BPF_PROG_ATTACH, attributes);
  }
  long result = call(BPF_PROG_ATTACH, attributes);
  for (auto one = old.begin(); result >= 0 && one != old.end(); ++one) result = call(BPF_PROG_DETACH, attachment(cgroup, *one));
  return result;
}

bool may_load_programs() { return !in_user_namespace() && has_capability(CAP_SYS_ADMIN); }

}  // namespace

void attach_device_filter(const plan::Host& host) {
  if (!host.device_filter) return;
  const plan::DeviceFilter& wanted = *host.device_filter;
  const plan::CgroupLeaf& leaf = host.cgroup_leaves.at(wanted.leaf);
  const std::string name = cgroup_name(leaf);
  const Fd cgroup(
      check(kernel::openat(AT_FDCWD, cgroup_directory(leaf).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "{}", name));

  long result = 0;
  const Fd filter = load_filter(wanted.rules, result);
  if (filter) result = attach(cgroup.get(), filter);
  if (result >= 0) return;
  const std::string reason = fmt::format("{}: device filter: {}", name, errno_text(static_cast<int>(-result)));
  if (result == -EPERM && !may_load_programs())
    log::debug(reason + "; the container's devices are not restricted");
  else if (wanted.asked_for)
    throw fail("{}: {}", host.document, reason);
  else
    log::warning(reason + "; the container's devices are not restricted");
}

}  // namespace crumb::linux
