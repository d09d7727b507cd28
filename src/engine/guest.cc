#include "engine/guest.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "engine/code_file.h"
#include "engine/hints.h"
#include "engine/natives.h"
#include "engine/printing.h"
#include "engine/report.h"
#include "engine/signals.h"
#include "engine/wasi_table.h"
#include "wire/guest_memory.h"

extern "C" void os_set_signal_number_for_blocking_op(int signal);  // platform_api_extension.h

namespace crumb::engine {
namespace {

constexpr unsigned kPageKib = wire::kGuestPage / 1024;

std::string mebibytes(std::uint64_t pages) {
  const std::uint64_t kib = pages * kPageKib;
  return kib % 1024 == 0 ? std::to_string(kib / 1024) + " MiB" : std::to_string(kib) + " KiB";
}

std::string without_prefix(const char* message, std::string_view prefix) {
  std::string_view text = message;
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return std::string(text);
}

Failure check_memory(const ModuleFacts& facts, std::uint32_t cap, const Options& options) {
  // WAMR would silently give such a module what it declares.
  if (cap == 0 || !facts.has_memory || facts.minimum_pages <= cap) return {};
  std::string text = "needs " + mebibytes(facts.minimum_pages) + " of memory at start, the limit is " + mebibytes(cap);
  if (cap != options.memory_pages)
    text += ", what the engine leaves of the container's " + mebibytes(options.memory_limit / wire::kGuestPage);
  return {ENOMEM, text};
}

Failure check_imports(wasm_module_t module) {
  constexpr int kMostNamed = 8;
  constexpr std::size_t kLongestName = 200;  // bytes
  std::string missing, hint;
  int count = 0;
  for (int index = 0; index < wasm_runtime_get_import_count(module); ++index) {
    wasm_import_t import = {};
    wasm_runtime_get_import_type(module, index, &import);
    const bool is_function = import.kind == WASM_IMPORT_EXPORT_KIND_FUNC;
    // Tables and memories that are imported are made by WAMR.
    if (import.linked || (!is_function && import.kind != WASM_IMPORT_EXPORT_KIND_GLOBAL)) continue;
    if (hint.empty()) hint = import_hint(import.module_name, import.name);
    if (++count > kMostNamed) continue;
    missing.append(count == 1 ? "\"" : ", \"").append(printable(import.module_name, kLongestName)).append("\".\"");
    missing.append(printable(import.name, kLongestName));
    missing.append("\" (").append(is_function ? "function" : "global").append(")");
  }
  if (count == 0) return {};
  if (count > kMostNamed) missing += " and " + std::to_string(count - kMostNamed) + " more";
  return not_runnable("import " + missing + (count == 1 ? " is" : " are") + " not provided" + hint);
}

Failure check_entry_point(wasm_module_t module) {
  bool reactor = false;
  for (int index = 0; index < wasm_runtime_get_export_count(module); ++index) {
    wasm_export_t entry = {};
    wasm_runtime_get_export_type(module, index, &entry);
    if (entry.kind != WASM_IMPORT_EXPORT_KIND_FUNC) continue;
    const std::string_view name = entry.name;
    if (name == "_start" || name == "main" || name == "__main_argc_argv") return {};
    reactor |= name == "_initialize";
  }
  return not_runnable(reactor ? "is a library (a reactor), not a program: it exports _initialize, but no _start"
                              : "is a library, not a program: it exports no _start");
}

// A copy that the guest's libc does not take for one of WAMR's own stdio numbers; then isatty() is right in the guest. A stream
// that the caller closed keeps its number.
std::int64_t copy_of(int stream) {
  const int copy = ::fcntl(stream, F_DUPFD_CLOEXEC, 3);
  return copy >= 0 ? copy : stream;
}

std::string address_space_hint(std::string_view message) {
  struct rlimit limit = {};
  if (message.find("allocate linear memory") == std::string_view::npos || ::getrlimit(RLIMIT_AS, &limit) != 0 ||
      limit.rlim_cur == RLIM_INFINITY)
    return {};
  return " (a memory reserves 8 GiB of address space, RLIMIT_AS is " + std::to_string(limit.rlim_cur >> 20) +
         " MiB: it needs 9 GiB, or none at all)";
}

}  // namespace

Engine::~Engine() {
  if (started_) wasm_runtime_destroy();
}

Failure Engine::start(const Options& options) {
  os_set_signal_number_for_blocking_op(kWakeSignal);
  RuntimeInitArgs arguments = {};
  arguments.mem_alloc_type = Alloc_With_System_Allocator;
  arguments.max_thread_num = options.threads;  // 0 is WAMR's default: natives.cc refuses threads then
  if (!wasm_runtime_full_init(&arguments)) return {ENOMEM, "the engine cannot be initialised"};
  started_ = true;
  return register_natives(options);
}

Guest::~Guest() {
  if (instance_ != nullptr) wasm_runtime_deinstantiate(instance_);
  if (module_ != nullptr) wasm_runtime_unload(module_);
}

Failure Guest::load(const Mapping& mapping, bool freeable) {
  char message[256] = "";
  char no_name[] = "";
  LoadArgs arguments = {};
  arguments.name = no_name;
  arguments.wasm_binary_freeable = freeable;
  module_ =
      wasm_runtime_load_ex(mapping.data(), static_cast<std::uint32_t>(mapping.size()), &arguments, message, sizeof(message));
  if (module_ != nullptr) return {};
  return not_runnable("cannot be loaded: " +
                      without_prefix(message, freeable ? "WASM module load failed: " : "AOT module load failed: "));
}

Failure Guest::load_module(const Mapping& mapping) { return load(mapping, true); }

Failure Guest::load_code(Mapping mapping) {
  code_ = std::move(mapping);
  if (!wasm_runtime_is_xip_file(code_.data(), static_cast<std::uint32_t>(code_.size())))
    return not_runnable("it is not XIP code");
  // The module refers to the code's names and data in place.
  if (Failure failure = load(code_, false)) return failure;
  Failure failure = make_executable(code_);
  if (failure) wasm_runtime_unload(std::exchange(module_, nullptr));
  return failure;
}

Failure Guest::check(const ModuleFacts& facts, const Options& options) {
  const bool compiled = wasm_runtime_get_module_package_type(module_) == Wasm_Module_AoT;
  const std::uint64_t share = wire::kEngineShare + (compiled ? 0 : wire::interpreter_share(facts.code_bytes, facts.data_bytes));
  memory_pages_ = static_cast<std::uint32_t>(wire::guest_pages(options.memory_limit, share, options.memory_pages));
  if (Failure failure = check_memory(facts, memory_pages_, options)) return failure;
  if (Failure failure = check_imports(module_)) return failure;
  return check_entry_point(module_);
}

Failure Guest::give_world(const Options& options, const Preopens& preopens) {
  for (const Preopen& preopen : preopens.list) {
    if (preopen.path.empty())
      directories_.push_back(preopen.name.c_str());
    else
      mappings_.push_back(preopen.name + "::" + preopen.path);
    crumb_expect_preopen(preopen.writable);
  }
  for (const std::string& mapping : mappings_) mapped_.push_back(mapping.c_str());
  if (!preopens.directory.empty()) working_directory_ = "PWD=" + preopens.directory;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (working_directory_.empty() || !std::string_view(*variable).starts_with("PWD=")) environment_.push_back(*variable);
  }
  if (!working_directory_.empty()) environment_.push_back(working_directory_.c_str());
  wasm_runtime_set_wasi_args_ex(module_, directories_.data(), static_cast<std::uint32_t>(directories_.size()), mapped_.data(),
                                static_cast<std::uint32_t>(mapped_.size()), environment_.data(),
                                static_cast<std::uint32_t>(environment_.size()), options.argv, options.argc,
                                copy_of(STDIN_FILENO), copy_of(STDOUT_FILENO), copy_of(STDERR_FILENO));
  if (options.network != Network::all) return {};
  // The container's network is what limits them.
  static const char *addresses[] = {"0.0.0.0/0", "::/0"}, *names[] = {"*"};
  wasm_runtime_set_wasi_addr_pool(module_, addresses, std::size(addresses));
  wasm_runtime_set_wasi_ns_lookup_pool(module_, names, std::size(names));
  return {};
}

Failure Guest::instantiate(const Options& options, const Preopens& preopens) {
  if (Failure failure = give_world(options, preopens)) return failure;
  InstantiationArgs arguments = {};
  arguments.default_stack_size = options.stack;
  arguments.host_managed_heap_size = 0;  // the guest brings its own malloc
  arguments.max_memory_pages = memory_pages_;
  char message[256] = "";
  instance_ = wasm_runtime_instantiate_ex(module_, &arguments, message, sizeof(message));
  if (instance_ != nullptr) return {};
  constexpr std::string_view kTrap = "Exception: ";  // then it went wrong in the guest's code
  std::string reason = without_prefix(message, "WASM module instantiate failed: ");
  reason = without_prefix(reason.c_str(), "AOT module instantiate failed: ");
  if (reason.starts_with(kTrap)) return {EFAULT, reason.substr(kTrap.size()), true};
  return not_runnable("cannot be instantiated: " + reason + address_space_hint(message));
}

static bool is_socket(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

Failure Guest::give_sockets(const Options& options, const Preopens& preopens) {
  // After the directories: wasi-libc stops looking for preopens at the first number that is none.
  const auto first = kFirstPreopen + static_cast<int>(preopens.list.size());
  if (options.network == Network::none) return {};
  const auto listening = static_cast<int>(options.listen), all = listening + static_cast<int>(options.preserved);
  for (int index = 0; index < all; ++index) {
    const int descriptor = 3 + index;
    if (index >= listening && !is_socket(descriptor)) continue;
    if (!crumb_give_descriptor(instance_, first + index, descriptor))
      return {EBADF, "descriptor " + std::to_string(descriptor) + " is not an open socket"};
  }
  return {};
}

std::string Guest::backtrace() const {
  constexpr std::size_t kMostFrames = 32, kMost = 1024;  // shown, looked at
  constexpr std::size_t kLongestName = 500;              // bytes
  std::vector<crumb_frame> frames(kMost);
  const std::size_t count = instance_ == nullptr ? 0 : crumb_frames(instance_, frames.data(), kMost);
  // Where another thread trapped, WAMR has printed its functions as well, and those of the first thread tell nothing.
  if (count == 0 || printed_frames() > count) return take_backtrace();
  std::string text;
  for (std::size_t index = 0; index < std::min(count, kMostFrames); ++index) {
    const crumb_frame& frame = frames[index];
    char place[64] = "";
    if (frame.offset != 0)
      std::snprintf(place, sizeof(place), frame.exact ? ", at 0x%x" : ", which begins at 0x%x", frame.offset);
    char number[32];
    std::snprintf(number, sizeof(number), "  #%02zu ", index);
    text.append(number).append(frame.name != nullptr ? printable(frame.name, kLongestName)
                                                     : "$f" + std::to_string(frame.function));
    text.append(" (function ").append(std::to_string(frame.function)).append(place).append(")\n");
  }
  return count > kMostFrames ? text + "  ...\n" : text;
}

bool Guest::run(const Options& options, int& code, std::string& reason) {
  // WAMR stores the result of a `main` that it calls by itself in the place of argv[0].
  std::vector<char*> arguments(options.argv, options.argv + options.argc);
  arguments.push_back(nullptr);
  const std::vector<char*> before = arguments;
  const bool finished = wasm_application_execute_main(instance_, options.argc, arguments.data());
  const char* exception = wasm_runtime_get_exception(instance_);
  if (!finished || exception != nullptr) {
    reason = exception != nullptr ? without_prefix(exception, "Exception: ") : "unknown reason";
    return false;
  }
  std::int32_t result = 0;
  if (arguments[0] != before[0]) std::memcpy(&result, static_cast<const void*>(&arguments[0]), sizeof(result));
  code = result & 0xff;
  return true;
}

}  // namespace crumb::engine
