// The Keyring, Apparmor and Selinux steps: what is written to /proc/thread-self/attr, and the keyring that one of it is for.
#include "init/labels.h"

#include <errno.h>

#include "init/context.h"
#include "init/procfs.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

// podman finds a failed label by the path in back quotes.
long failed_attribute(Context& context, long error, const char* path) {
  const char* const more = concatenate(path, "`");
  return more == nullptr ? -ENOMEM : context.failed(error, "write to `/proc/", more);
}

long write_attribute(Context& context, const char* path, const Text& text) {
  Fd file;
  long result = open_proc(context, path, O_WRONLY, file);
  if (result >= 0) result = write_setting(file, text.at, text.size);
  return result < 0 ? failed_attribute(context, result, path) : 0;
}

// AppArmor has a directory of its own since Linux 5.8, for kernels with several security modules.
const char* apparmor_attribute(Context& context) {
  Fd directory;
  const bool found = open_proc(context, "thread-self/attr/apparmor", O_PATH | O_DIRECTORY, directory) >= 0;
  return found ? "thread-self/attr/apparmor/exec" : "thread-self/attr/exec";
}

// The fourth field of "keyring;0;0;3f030000;_ses.web", in hexadecimal.
long parse_permissions(const char* text, unsigned& permissions) {
  constexpr int kFieldsBefore = 3;
  for (int semicolons = 0; semicolons < kFieldsBefore; ++text) {
    if (*text == 0) return -EPROTO;
    if (*text == ';') ++semicolons;
  }
  permissions = 0;
  for (; *text != 0 && *text != ';'; ++text) {
    const bool decimal = *text >= '0' && *text <= '9';
    if (!decimal && !(*text >= 'a' && *text <= 'f')) return -EPROTO;
    permissions = permissions << 4 | static_cast<unsigned>(decimal ? *text - '0' : *text - 'a' + 10);
  }
  return 0;
}

long add_permissions(long ring, unsigned added) {
  char text[512];  // the name is the longest part, and an id has at most 255 characters
  unsigned permissions = 0;
  long result = kernel::keyctl_describe(ring, text, sizeof text - 1);
  if (result < 0) return result;
  text[static_cast<size_t>(result) < sizeof text ? static_cast<size_t>(result) : sizeof text - 1] = 0;
  result = parse_permissions(text, permissions);
  return result < 0 ? result : kernel::keyctl_setperm(ring, permissions | added);
}

// Where the label begins in "context=LABEL"; 0: there is no "=".
size_t value_offset(const char* label) {
  for (size_t i = 0; label[i] != 0; ++i)
    if (label[i] == '=') return i + 1;
  return 0;
}

}  // namespace

long configure_label(int filesystem, const Text& label) {
  const size_t offset = value_offset(label.at);
  if (offset == 0) return 0;
  const char* const key = prefix(label.at, offset - 1);
  return key == nullptr ? -ENOMEM : kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, key, label.at + offset, 0);
}

const char* data_with_label(const char* data, const Text& label) {
  const size_t offset = value_offset(label.at);
  if (offset == 0) return data;
  const char* parts[] = {*data == 0 ? "" : ",", prefix(label.at, offset), "\"", label.at + offset, "\""};
  for (const char* part : parts) {
    if (part == nullptr || data == nullptr) return nullptr;
    data = concatenate(data, part);
  }
  return data;
}

void label_root(const Fd& mount, const Text& label) {
  if (label.size == 0 || value_offset(label.at) != 0) return;
  Fd root;
  if (take(kernel::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), root) < 0) return;
  kernel::fsetxattr(root.get(), "security.selinux", label.at, label.size, 0);
}

long perform(Context& context, const wire::Keyring<InitForm>& step) {
  constexpr char kLabel[] = "thread-self/attr/keycreate";
  if (step.label.size > 0)
    if (const long result = write_attribute(context, kLabel, step.label); result < 0) return result;
  const long ring = kernel::keyctl_join_session_keyring(step.name.at);
  // A kernel without keyrings, or a container around crumb that has none: nothing is shared there either.
  if (ring < 0) return ring == -ENOSYS ? 0 : ring;
  if (step.label.size > 0)
    if (const long result = write_attribute(context, kLabel, {}); result < 0) return result;
  return step.add == 0 ? 0 : add_permissions(ring, static_cast<unsigned>(step.add));
}

long perform(Context& context, const wire::Apparmor<InitForm>& step) {
  const char* const text = concatenate("exec ", step.profile.at);
  if (text == nullptr) return -ENOMEM;
  return write_attribute(context, apparmor_attribute(context), {text, static_cast<uint32_t>(length(text))});
}

long perform(Context& context, const wire::Selinux<InitForm>& step) {
  return write_attribute(context, "thread-self/attr/exec", step.label);
}

}  // namespace crumb::init
