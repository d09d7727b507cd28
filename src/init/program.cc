// The Program step: which file the arguments mean, for this user, and whether it is WebAssembly.
#include <errno.h>
#include <unistd.h>

#include "init/channel.h"
#include "init/context.h"
#include "init/passwd.h"
#include "init/pointers.h"
#include "init/regular_file.h"
#include "kernel/call.h"
#include "wire/engine_options.h"

namespace crumb::init {
namespace {

constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr uint32_t kExtraVariables = 3;  // HOME, LISTEN_PID, the engine's options

// The last one counts, as if each had been set in turn.
const char* variable(char** environment, const char* name_and_equals) {
  const char* value = nullptr;
  for (; *environment != nullptr; ++environment)
    if (starts_with(*environment, name_and_equals)) value = *environment + length(name_and_equals);
  return value;
}

void append(char** environment, char* entry) {
  while (*environment != nullptr) ++environment;
  *environment = entry;
}

void remove(char** environment, const char* name_and_equals) {
  char** kept = environment;
  for (; *environment != nullptr; ++environment)
    if (!starts_with(*environment, name_and_equals)) *kept++ = *environment;
  *kept = nullptr;
}

bool begins_like_wasm(const Fd& file) {
  char head[4];
  return kernel::pread64(file.get(), head, sizeof head, 0) == sizeof head && head[0] == 0 && head[1] == 'a' && head[2] == 's' &&
         head[3] == 'm';
}

// 0 and context.path (and context.module) set when `path` can be executed; else -errno as execve would say.
long try_candidate(Context& context, const char* path) {
  Fd handle, file;
  if (const long result = open_regular(path, handle); result < 0) return result;
  context.path = path;
  // A module needs no execute bit: what is executed is the engine. A file that cannot be read is treated as native.
  if (reopen_readable(path, handle, file) >= 0 && begins_like_wasm(file)) {
    context.module = static_cast<Fd&&>(file);
    return 0;
  }
  // AT_EACCESS: Capabilities left effective what will be so after exec, no more.
  return kernel::faccessat2(handle.get(), "", X_OK, AT_EMPTY_PATH | AT_EACCESS);
}

// execvp's rule: go on where there is nothing, remember that something could not be executed.
long search(Context& context, const char* name, const char* places) {
  long error = -ENOENT;
  for (;;) {
    size_t size = 0;
    while (places[size] != 0 && places[size] != ':') ++size;
    const char* const place = prefix(places, size);
    const char* const directory = place == nullptr || size == 0 ? place : concatenate(place, "/");
    const char* const path = directory == nullptr ? nullptr : concatenate(directory, name);
    if (path == nullptr) return -ENOMEM;
    const long result = try_candidate(context, path);
    if (result >= 0) return 0;
    if (result != -ENOENT && result != -ENOTDIR) error = result;
    if (places[size] == 0) return error;
    places += size + 1;
  }
}

// The file is the host's to judge.
long take_opened(Context& context, uint64_t number) {
  context.path = context.arguments[0];
  context.module = Fd(static_cast<int>(number));
  return 0;
}

long find_program(Context& context) {
  const char* const name = context.arguments[0];
  if (*name == 0) return -ENOENT;
  for (const char* at = name; *at != 0; ++at)
    if (*at == '/') return try_candidate(context, name);
  const char* const places = variable(context.environment, "PATH=");
  return search(context, name, places != nullptr && *places != 0 ? places : kDefaultPath);
}

// Above the descriptors that crumb gave us. It put those above the preserved ones, so the engine's can get in nobody's way.
long raise(const Context& context, Fd& fd) {
  const int highest = context.start > context.report() ? context.start : context.report();
  const int lowest = highest > context.sync ? highest : context.sync;
  if (fd.get() > lowest) return 0;
  return take(kernel::fcntl(fd.get(), F_DUPFD_CLOEXEC, lowest + 1), fd);
}

long take_engine(Context& context, Answer& answer) {
  if (answer.value == wire::kNative && answer.count == 0) return context.module.reset(), 0;
  constexpr unsigned kMost = 3;
  if (answer.value != wire::kWasm || answer.count < 2 || answer.count > kMost)
    return context.failed(-EPROTO, "the host's answer");
  Fd* const places[kMost] = {&context.engine, &context.options, &context.code};
  for (unsigned i = 0; i < answer.count; ++i) {
    *places[i] = static_cast<Fd&&>(answer.descriptors[i]);
    if (const long result = raise(context, *places[i]); result < 0) return result;
  }
  return 0;
}

// The question of docs/lifecycle.md. The module keeps the number that is sent: the engine's options name it.
long ask_host(Context& context) {
  if (const long result = raise(context, context.module); result < 0) return result;
  wire::Message question;
  question.point = wire::Point::program;
  question.value = static_cast<uint64_t>(context.module.get());
  copy(question.text, sizeof question.text, context.path);
  Answer answer;
  if (const long result = ask(context, question, context.module.get(), answer); result < 0) return result;
  return take_engine(context, answer);
}

constexpr size_t kDigits = 21;  // of any number, and the NUL

// In the place of any other value.
long set_variable(Context& context, const char* name_and_equals, const char* value) {
  char* const entry = concatenate(name_and_equals, value);
  if (entry == nullptr) return -ENOMEM;
  remove(context.environment, name_and_equals);
  append(context.environment, entry);
  return 0;
}

// The only hint for the engine, which removes it again: "OPTIONS" or "OPTIONS,CODE". An image must not be able to give another
// one.
long add_engine_options(Context& context) {
  const char* const name = concatenate(wire::kEngineOptionsVariable, "=");
  if (name == nullptr) return -ENOMEM;
  char numbers[2 * kDigits] = "";
  append_number(numbers, sizeof numbers, static_cast<uint64_t>(context.options.get()));
  if (context.code) {
    copy(numbers + length(numbers), 2, ",");
    append_number(numbers, sizeof numbers, static_cast<uint64_t>(context.code.get()));
  }
  return set_variable(context, name, numbers);
}

// Its own number for itself: 1, unless it has the pid namespace of others (sd_listen_fds(3) compares).
long add_listen_pid(Context& context) {
  char number[kDigits] = "";
  append_number(number, sizeof number, static_cast<uint64_t>(kernel::getpid()));
  return set_variable(context, "LISTEN_PID=", number);
}

long add_home(Context& context) { return set_variable(context, "HOME=", home_of_user()); }

}  // namespace

long perform(Context& context, const wire::Program<InitForm>& step) {
  context.arguments = pointers(step.arguments, 0);
  context.environment = pointers(step.environment, kExtraVariables);
  if (context.arguments == nullptr || context.environment == nullptr) return -ENOMEM;
  if (step.home)
    if (const long result = add_home(context); result < 0) return result;
  if (step.listen_pid)
    if (const long result = add_listen_pid(context); result < 0) return result;
  const long found = step.opened != 0 ? take_opened(context, step.opened) : find_program(context);
  if (found < 0) return context.failed(found, context.arguments[0]);
  if (!context.module && step.module.size != 0) return context.failed(-ENOEXEC, context.path);
  if (context.module)
    if (const long result = ask_host(context); result < 0) return result;
  return context.engine ? add_engine_options(context) : 0;
}

}  // namespace crumb::init
