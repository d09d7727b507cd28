// Who the program is: bounding set, user, capabilities, umask, personality, memory policy, no_new_privs.
#include <errno.h>
#include <linux/prctl.h>

#include "init/context.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr unsigned long kBits = 64;  // of a set; the kernel's last capability is less

struct Sets {
  uint64_t effective = 0, permitted = 0, inheritable = 0;
};

long get(Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  const long result = kernel::capget(&header, data);
  sets = {data[0].effective | static_cast<uint64_t>(data[1].effective) << 32,
          data[0].permitted | static_cast<uint64_t>(data[1].permitted) << 32,
          data[0].inheritable | static_cast<uint64_t>(data[1].inheritable) << 32};
  return result;
}

long set(const Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  const auto high = [](uint64_t value) { return static_cast<uint32_t>(value >> 32); };
  const __user_cap_data_struct data[2] = {{low(sets.effective), low(sets.permitted), low(sets.inheritable)},
                                          {high(sets.effective), high(sets.permitted), high(sets.inheritable)}};
  return kernel::capset(&header, data);
}

long raise_ambient(uint64_t wanted) {
  long result = kernel::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  for (unsigned long capability = 0; capability < kBits && result >= 0; ++capability)
    if (wanted >> capability & 1) result = kernel::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
  return result;
}

// Without CAP_SETPCAP nothing can be dropped, but it may be gone already.
long drop(unsigned long capability) {
  const long result = kernel::prctl(PR_CAPBSET_DROP, capability);
  if (result != -EPERM) return result;
  const long present = kernel::prctl(PR_CAPBSET_READ, capability);
  return present > 0 ? result : present;
}

// A change of user resets both (prctl(2)).
long restore_protection(bool ready) {
  if (const long result = kernel::prctl(PR_SET_DUMPABLE, 0); result < 0) return result;
  return ready ? 0 : kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace

long perform(Context& context, const wire::BoundingSet<InitForm>& step) {
  context.bounding = step.keep;
  for (unsigned long capability = 0; capability < kBits; ++capability) {
    if (step.keep >> capability & 1) continue;
    const long result = drop(capability);
    if (result == -EINVAL) return 0;  // beyond the kernel's last one
    if (result < 0) return result;
  }
  return 0;
}

long perform(Context& context, const wire::Credentials<InitForm>& step) {
  auto* const groups = static_cast<unsigned*>(allocate(step.groups.count * sizeof(unsigned)));
  if (groups == nullptr) return -ENOMEM;
  for_each(step.groups, [&](uint32_t i, uint64_t group) { groups[i] = static_cast<unsigned>(group); });
  const unsigned uid = static_cast<unsigned>(step.uid), gid = static_cast<unsigned>(step.gid);
  // The permitted capabilities survive; Capabilities, the next step, cuts them down.
  if (const long result = kernel::prctl(PR_SET_KEEPCAPS, 1); result < 0) return result;
  const bool keep = step.keep_groups != 0 || (context.setgroups_denied && step.groups.count == 0);
  const long grouped = keep ? 0 : kernel::setgroups(step.groups.count, groups);
  if (grouped < 0) return context.failed(grouped, "groups");
  if (const long result = kernel::setresgid(gid, gid, gid); result < 0) return context.failed(result, "gid");
  if (const long result = kernel::setresuid(uid, uid, uid); result < 0) return context.failed(result, "uid");
  return restore_protection(context.ready);
}

long perform(Context& context, const wire::Capabilities<InitForm>& step) {
  Sets have;
  if (const long result = get(have); result < 0) return result;
  // What cannot be granted is left out; crumb has warned of it (config.md, Linux process).
  const uint64_t permitted = step.permitted & have.permitted, until_exec = step.until_exec & have.permitted;
  const uint64_t inheritable = step.inheritable & have.permitted & context.bounding;
  // For any user but root, exec leaves the ambient set effective and nothing else (capabilities(7)): the program is looked for
  // with those rights already.
  const uint64_t lasting = kernel::getuid() == 0 ? ~uint64_t{0} : step.ambient & inheritable;
  long result = set({(step.effective & permitted & lasting) | until_exec, permitted | until_exec, inheritable});
  if (result < 0) return result;
  result = raise_ambient(step.ambient & permitted & inheritable);
  return result < 0 ? context.failed(result, "ambient") : 0;
}

long perform(Context&, const wire::Umask<InitForm>& step) {
  const long result = kernel::umask(static_cast<unsigned>(step.mask));
  return result < 0 ? result : 0;
}

long perform(Context&, const wire::Personality<InitForm>& step) {
  const long result = kernel::personality(step.domain);
  return result < 0 ? result : 0;
}

long perform(Context&, const wire::MemoryPolicy<InitForm>& step) {
  constexpr unsigned long kBitsOfWord = 64;
  // The kernel copies the words from wherever they lie, and leaves out the last bit of what it is told there are.
  return kernel::set_mempolicy(step.mode, step.nodes.at, step.nodes.count * kBitsOfWord + 1);
}

long perform(Context&, const wire::NoNewPrivileges<InitForm>&) { return kernel::prctl(PR_SET_NO_NEW_PRIVS, 1); }

}  // namespace crumb::init
