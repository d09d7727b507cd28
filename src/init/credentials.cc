// Who the program is: bounding set, user, capabilities, umask, no_new_privs.
#include <errno.h>
#include <linux/prctl.h>

#include "init/context.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr uint64_t kLowWord = 0xffffffff;

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
  const auto word = [](uint64_t value, unsigned shift) { return static_cast<uint32_t>(value >> shift & kLowWord); };
  const __user_cap_data_struct data[2] = {{word(sets.effective, 0), word(sets.permitted, 0), word(sets.inheritable, 0)},
                                          {word(sets.effective, 32), word(sets.permitted, 32), word(sets.inheritable, 32)}};
  return kernel::capset(&header, data);
}

long raise_ambient(uint64_t wanted) {
  long result = kernel::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  for (unsigned long capability = 0; capability < 64 && result >= 0; ++capability)
    if (wanted >> capability & 1) result = kernel::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
  return result;
}

}  // namespace

long perform(Context&, const wire::BoundingSet<InitForm>& step) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    const long present = kernel::prctl(PR_CAPBSET_READ, capability);
    if (present == -EINVAL) return 0;  // beyond the kernel's last one
    if (present != 1 || (step.keep >> capability & 1)) continue;
    if (const long result = kernel::prctl(PR_CAPBSET_DROP, capability); result < 0) return result;
  }
  return 0;
}

long perform(Context& context, const wire::Credentials<InitForm>& step) {
  auto* const groups = static_cast<unsigned*>(allocate(step.groups.count * sizeof(unsigned)));
  if (groups == nullptr) return -ENOMEM;
  for_each(step.groups, [&](uint32_t i, uint64_t group) { groups[i] = static_cast<unsigned>(group); });
  const unsigned uid = static_cast<unsigned>(step.uid), gid = static_cast<unsigned>(step.gid);
  // The permitted capabilities survive; Capabilities, the next step, cuts them down.
  long result = kernel::prctl(PR_SET_KEEPCAPS, 1);
  if (result >= 0 && (result = kernel::setgroups(step.groups.count, groups)) < 0) context.failed(result, "groups");
  if (result >= 0 && (result = kernel::setresgid(gid, gid, gid)) < 0) context.failed(result, "gid");
  if (result >= 0 && (result = kernel::setresuid(uid, uid, uid)) < 0) context.failed(result, "uid");
  return result;
}

long perform(Context& context, const wire::Capabilities<InitForm>& step) {
  Sets have;
  if (const long result = get(have); result < 0) return result;
  // What cannot be granted is left out; crumb has warned of it (config.md, Linux process).
  const Sets wanted{step.effective & have.permitted, step.permitted & have.permitted, step.inheritable & have.permitted};
  // First everything effective, for inheritable ones need CAP_SETPCAP; then what was asked for.
  long result = set({have.permitted, have.permitted, wanted.inheritable});
  if (result >= 0) result = set({wanted.effective & wanted.permitted, wanted.permitted, wanted.inheritable});
  if (result >= 0 && (result = raise_ambient(step.ambient & wanted.permitted & wanted.inheritable)) < 0)
    context.failed(result, "ambient");
  return result;
}

long perform(Context&, const wire::Umask<InitForm>& step) {
  return kernel::umask(static_cast<unsigned>(step.mask)) < 0 ? -EINVAL : 0;
}

long perform(Context&, const wire::NoNewPrivileges<InitForm>&) { return kernel::prctl(PR_SET_NO_NEW_PRIVS, 1); }

}  // namespace crumb::init
