#include "init/filesystem.h"

#include <errno.h>

#include "init/attributes.h"
#include "init/labels.h"
#include "kernel/call.h"
#include "kernel/mount_options.h"

namespace crumb::init {
namespace {

constexpr size_t kLongestValue = 255;  // FSCONFIG_SET_STRING refuses more

// Options that every filesystem takes beside its own.
constexpr struct {
  unsigned long flag;
  const char* word;
} kSuperblockWords[] = {
    {MS_RDONLY, "ro"}, {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"}, {MS_MANDLOCK, "mand"}, {MS_LAZYTIME, "lazytime"}};

// Takes one option off comma-separated data; a comma inside a value is written as "\,". False at the end.
bool next_option(const char*& data, char* option) {
  if (*data == 0) return false;
  for (; *data != 0 && *data != ','; ++data) {
    const bool escape = data[0] == '\\' && data[1] != 0;
    if (escape && data[1] != ',') *option++ = *data;
    if (escape) ++data;
    *option++ = *data;
  }
  if (*data == ',') ++data;
  *option = 0;
  return true;
}

// The option's text is cut at its "=".
long configure_option(int filesystem, char* option) {
  char* value = option;
  while (*value != 0 && *value != '=') ++value;
  if (*value == 0) return kernel::fsconfig(filesystem, FSCONFIG_SET_FLAG, option, nullptr, 0);
  *value = 0;
  const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, option, value + 1, 0);
  *value = '=';
  return result;
}

long configure_data(Context& context, int filesystem, const Text& data) {
  char* const option = static_cast<char*>(allocate(data.size + 1));
  if (option == nullptr) return -ENOMEM;
  for (const char* at = data.at; next_option(at, option);) {
    if (*option == 0) continue;
    if (const long result = configure_option(filesystem, option); result < 0) return context.failed(result, "option ", option);
  }
  return 0;
}

long configure_superblock(Context& context, int filesystem, uint64_t superblock) {
  for (const auto& option : kSuperblockWords) {
    if ((superblock & option.flag) == 0) continue;
    const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_FLAG, option.word, nullptr, 0);
    if (result < 0) return context.failed(result, "option ", option.word);
  }
  return 0;
}

// What a new tmpfs is told of the directory that it covers: "mode=1777", which its own options can override.
char* mode_option(const Fd& covered) {
  constexpr unsigned kDigits = 4, kBits = 3;
  struct stat facts{};
  if (!covered || kernel::fstat(covered.get(), &facts) < 0) return nullptr;
  char* const option = concatenate("mode=", "0000");
  if (option == nullptr) return nullptr;
  for (unsigned i = 0; i < kDigits; ++i)
    option[length("mode=") + i] = static_cast<char>('0' + (facts.st_mode >> (kBits * (kDigits - 1 - i)) & 7));
  return option;
}

long configure(Context& context, int filesystem, const Mount& step, unsigned command) {
  if (step.source.size > 0 && command == FSCONFIG_CMD_CREATE) {
    const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, "source", step.source.at, 0);
    if (result < 0) return context.failed(result, "source ", step.source.at);
  }
  if (const long result = configure_superblock(context, filesystem, step.superblock); result < 0) return result;
  if (const long result = configure_data(context, filesystem, step.data); result < 0) return result;
  return kernel::fsconfig(filesystem, command, nullptr, nullptr, 0);
}

// What the filesystem itself says of the failure, if it says something: "e tmpfs: Bad value for 'size'".
long explained(Context& context, int filesystem, long error) {
  char log[sizeof context.operand];
  const long size = kernel::read(filesystem, log, sizeof log - 1);
  if (size <= 2) return error;
  log[size] = 0;
  for (char* at = log; *at != 0; ++at)
    if (*at == '\n') *at = 0;
  return context.failed(error, log + 2);
}

}  // namespace

bool needs_old_call(const Mount& step) {
  uint64_t known = 0;
  for (const auto& word : kSuperblockWords) known |= word.flag;
  if ((step.superblock & ~known) != 0) return true;
  size_t size = 0;
  for (const char* at = step.data.at; *at != 0; ++at) {
    size = *at == ',' ? 0 : size + 1;
    if (size > kLongestValue) return true;
  }
  return step.source.size > kLongestValue;
}

long new_filesystem(Context& context, const Mount& step, const Fd& covered, Fd& mount) {
  Fd filesystem;
  if (const long result = take(kernel::fsopen(step.type.at, FSOPEN_CLOEXEC), filesystem); result < 0) return result;
  long result = 0;
  if (char* const mode = mode_option(covered); mode != nullptr) result = configure_option(filesystem.get(), mode);
  if (result >= 0) result = configure_label(filesystem.get(), step.label);
  if (result >= 0) result = configure(context, filesystem.get(), step, FSCONFIG_CMD_CREATE);
  if (result >= 0)
    result =
        take(kernel::fsmount(filesystem.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(step.set | step.recursive_set)), mount);
  if (result < 0) return explained(context, filesystem.get(), result);
  label_root(mount, step.label);
  return 0;
}

const char* old_data(const Mount& step, const Fd& covered) {
  const char* const data = data_with_label(step.data.at, step.label);
  const char* const mode = mode_option(covered);
  if (data == nullptr || mode == nullptr) return data;
  const char* const begin = concatenate(mode, *data == 0 ? "" : ",");
  return begin == nullptr ? nullptr : concatenate(begin, data);
}

long remount_filesystem(Context& context, const Mount& step, const Fd& target) {
  Fd filesystem;
  long result = take(kernel::fspick(target.get(), "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), filesystem);
  if (result < 0) return result;
  result = configure(context, filesystem.get(), step, FSCONFIG_CMD_RECONFIGURE);
  return result < 0 ? explained(context, filesystem.get(), result) : 0;
}

}  // namespace crumb::init
