// The Program step: which file the arguments mean, for this user, and whether it is WebAssembly.
#include <errno.h>
#include <unistd.h>

#include "init/channel.h"
#include "init/context.h"
#include "init/passwd.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// argv or envp from a list, with room for `extra` more.
char** pointers(const List<Text>& list, uint32_t extra) {
  auto** const array = static_cast<char**>(allocate((list.count + extra + 1) * sizeof(char*)));
  if (array != nullptr) for_each(list, [&](uint32_t i, Text text) { array[i] = const_cast<char*>(text.at); });
  return array;
}

const char* variable(char** environment, const char* name_and_equals) {
  for (; *environment != nullptr; ++environment)
    if (starts_with(*environment, name_and_equals)) return *environment + length(name_and_equals);
  return nullptr;
}

void append(char** environment, char* entry) {
  while (*environment != nullptr) ++environment;
  *environment = entry;
}

// The same file again, readable: an O_PATH descriptor cannot be read and /proc may not be there. O_NONBLOCK, O_NOCTTY: in case
// something else took the name meanwhile.
long open_readable(const char* path, const struct stat& expected) {
  const long file = kernel::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return file;
  struct stat facts{};
  const long result = kernel::fstat(static_cast<int>(file), &facts);
  if (result >= 0 && facts.st_ino == expected.st_ino && facts.st_dev == expected.st_dev) return file;
  kernel::close(static_cast<int>(file));
  return -ESTALE;
}

bool begins_like_wasm(int file) {
  char head[4];
  return kernel::read(file, head, sizeof head) == sizeof head && head[0] == 0 && head[1] == 'a' && head[2] == 's' &&
         head[3] == 'm' && kernel::lseek(file, 0, SEEK_SET) == 0;
}

// 0 and context.path (and context.module) set when `path` can be executed; else -errno as execve would say. Only regular files:
// a FIFO or a device is refused before anything could wait for it.
long try_candidate(Context& context, char* path) {
  const long opened = kernel::openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
  if (opened < 0) return opened;
  const int handle = static_cast<int>(opened);
  struct stat facts{};
  long result = kernel::fstat(handle, &facts);
  if (result >= 0 && !S_ISREG(facts.st_mode)) result = -EACCES;
  if (result >= 0) {
    // A module needs no execute bit: what is executed is the engine.
    const long file = open_readable(path, facts);
    if (file >= 0 && begins_like_wasm(static_cast<int>(file))) {
      context.module = static_cast<int>(file);
    } else {
      if (file >= 0) kernel::close(static_cast<int>(file));
      result = kernel::faccessat2(handle, "", X_OK, AT_EMPTY_PATH | AT_EACCESS);
    }
  }
  kernel::close(handle);
  if (result >= 0) context.path = path;
  return result < 0 ? result : 0;
}

// execvp's rule: go on where there is nothing, remember that something could not be executed.
long search(Context& context, const char* name, const char* places) {
  long error = -ENOENT;
  for (;;) {
    size_t size = 0;
    while (places[size] != 0 && places[size] != ':') ++size;
    const size_t room = size + 1 + length(name) + 1;
    char* const path = static_cast<char*>(allocate(room));
    if (path == nullptr) return -ENOMEM;
    copy(path, size + 1, places);
    if (size > 0) copy(path + size, 2, "/");
    copy(path + length(path), room - length(path), name);
    const long result = try_candidate(context, path);
    if (result == 0) return 0;
    if (result != -ENOENT && result != -ENOTDIR) error = result;
    if (places[size] == 0) return error;
    places += size + 1;
  }
}

long find_program(Context& context) {
  char* const name = context.arguments[0];
  if (name == nullptr || *name == 0) return -ENOENT;
  for (const char* at = name; *at != 0; ++at)
    if (*at == '/') return try_candidate(context, name);
  const char* const path = variable(context.environment, "PATH=");
  return search(context, name, path != nullptr && *path != 0 ? path : kDefaultPath);
}

int highest(int a, int b) { return a > b ? a : b; }

// The question of docs/protocol.md. The module keeps the number that is sent: the engine's options name it.
long ask_host(Context& context) {
  const int lowest = highest(context.sync, highest(context.start, context.result)) + 1;
  const long moved = kernel::fcntl(context.module, F_DUPFD_CLOEXEC, lowest);
  if (moved < 0) return moved;
  kernel::close(context.module);
  context.module = static_cast<int>(moved);

  wire::Message question;
  question.point = wire::Point::program;
  question.value = static_cast<uint64_t>(context.module);
  copy(question.text, sizeof question.text, context.path);
  if (const long result = send(context, question, context.module); result < 0) return result;

  int descriptors[3] = {-1, -1, -1};
  unsigned count = 0;
  const wire::Message answer = await_answer(context, wire::Point::program, descriptors, 3, count);
  if (answer.value == wire::kNative) {
    kernel::close(context.module);
    context.module = -1;
    return 0;
  }
  if (count < 2) return -EBADMSG;
  context.engine = descriptors[0];
  context.options = descriptors[1];
  context.code = descriptors[2];
  return 0;
}

}  // namespace

long perform(Context& context, const wire::Program<InitForm>& step) {
  constexpr uint32_t kExtra = 2;  // HOME, the engine's options
  context.arguments = pointers(step.arguments, 0);
  context.environment = pointers(step.environment, kExtra);
  if (context.arguments == nullptr || context.environment == nullptr) return -ENOMEM;
  if (step.home) {
    char* const home = concatenate("HOME=", home_of_user());
    if (home == nullptr) return -ENOMEM;
    append(context.environment, home);
  }
  if (const long result = find_program(context); result < 0) return result;
  return context.module < 0 ? 0 : ask_host(context);
}

}  // namespace crumb::init
