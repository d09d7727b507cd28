#include "engine/natives.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <vector>

#include "engine/wasi_table.h"
#include "lib_export.h"

namespace crumb::engine {
namespace {

using Errno = std::uint16_t;

constexpr Errno kAccess = 2, kFault = 21, kInvalid = 28;

// The guest's forms of WASI preview 1, laid out as in witx.
struct Subscription {
  std::uint64_t userdata;
  std::uint8_t type;
  struct Clock {
    std::uint32_t id;
    std::uint64_t timeout;  // ns
    std::uint64_t precision;
    std::uint16_t flags;
  } clock;
};
static_assert(sizeof(Subscription) == 48);

struct Event {
  std::uint64_t userdata;
  std::uint16_t error;
  std::uint8_t type;
  struct {
    std::uint64_t bytes;
    std::uint16_t flags;
  } readwrite;
};
static_assert(sizeof(Event) == 32);

constexpr std::uint8_t kClock = 0;       // Subscription::type
constexpr std::uint32_t kMonotonic = 1;  // Clock::id; 0 is the real time
constexpr std::uint16_t kAbsolute = 1;   // Clock::flags

extern "C" Errno wasmtime_ssp_poll_oneoff(wasm_exec_env_t, fd_table*, const Subscription*, Event*, std::size_t, std::size_t*);

std::uint64_t nanoseconds_now(std::uint32_t wasi_clock) {
  timespec now = {};
  ::clock_gettime(wasi_clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// How long the call of poll() below is to wait, in nanoseconds, when it waits for a clock as well: WAMR cuts that to
// milliseconds.
thread_local const std::uint64_t* exact_timeout = nullptr;

// WAMR's poll takes one clock, relative, among descriptors: an absolute deadline becomes what is left of it.
void make_relative(Subscription::Clock& clock) {
  const std::uint64_t now = nanoseconds_now(clock.id);
  clock.timeout = clock.timeout > now ? clock.timeout - now : 0;
  clock.flags = static_cast<std::uint16_t>(clock.flags & ~kAbsolute);
}

// The clocks that can be waited for: of the processor's time WAMR makes the real time among descriptors.
bool can_be_waited_for(const Subscription& one) { return one.type != kClock || one.clock.id <= kMonotonic; }

// Only the clock that fires first matters: the others could not fire before the call returns.
void keep_earliest_clock(std::vector<Subscription>& subscriptions) {
  std::vector<Subscription> kept;
  std::size_t earliest = SIZE_MAX;
  for (Subscription& one : subscriptions) {
    if (one.type != kClock) {
      kept.push_back(one);
      continue;
    }
    if ((one.clock.flags & kAbsolute) != 0) make_relative(one.clock);
    if (earliest == SIZE_MAX) {
      earliest = kept.size();
      kept.push_back(one);
    } else if (one.clock.timeout < kept[earliest].clock.timeout) {
      kept[earliest] = one;
    }
  }
  subscriptions.swap(kept);
}

// For its lifetime poll() waits as long as the clock among these subscriptions says.
class ExactTimeout {
 public:
  explicit ExactTimeout(std::vector<Subscription>& subscriptions) {
    for (Subscription& one : subscriptions) {
      if (one.type != kClock || subscriptions.size() == 1) continue;  // WAMR sleeps exactly for a clock alone
      nanoseconds_ = one.clock.timeout;
      exact_timeout = &nanoseconds_;
      // 0 shall mean that WAMR has events already and does not wait.
      one.clock.timeout = std::max<std::uint64_t>(nanoseconds_, 1000000);
    }
  }
  ~ExactTimeout() { exact_timeout = nullptr; }
  ExactTimeout(const ExactTimeout&) = delete;
  ExactTimeout& operator=(const ExactTimeout&) = delete;

 private:
  std::uint64_t nanoseconds_ = 0;
};

Errno poll_oneoff(wasm_exec_env_t environment, const Subscription* in, Event* out, std::uint32_t count, std::uint32_t* events) {
  auto* const instance = wasm_runtime_get_module_inst(environment);
  fd_table* const table = crumb_descriptors(environment);
  if (count == 0 || table == nullptr) return kInvalid;
  if (!wasm_runtime_validate_native_addr(instance, const_cast<Subscription*>(in), std::uint64_t{count} * sizeof(*in)) ||
      !wasm_runtime_validate_native_addr(instance, out, std::uint64_t{count} * sizeof(*out)) ||
      !wasm_runtime_validate_native_addr(instance, events, sizeof(*events)))
    return kFault;

  // A copy: another thread of the guest may change the original meanwhile.
  std::vector<Subscription> subscriptions(in, in + count);
  if (!std::all_of(subscriptions.begin(), subscriptions.end(), can_be_waited_for)) return kInvalid;
  if (count > 1) keep_earliest_clock(subscriptions);
  const ExactTimeout timeout(subscriptions);
  std::size_t fired = 0;
  const Errno error = wasmtime_ssp_poll_oneoff(environment, table, subscriptions.data(), out, subscriptions.size(), &fired);
  if (error == 0) *events = static_cast<std::uint32_t>(fired);
  return error;
}

void proc_exit(wasm_exec_env_t, std::uint32_t code) { ::_exit(static_cast<int>(code & 0xff)); }

Errno sock_open(wasm_exec_env_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t*) { return kAccess; }

Errno no_resolve(wasm_exec_env_t, const char*, const char*, void*, void*, std::uint32_t, std::uint32_t*) { return kAccess; }

std::int32_t no_thread(wasm_exec_env_t, std::uint32_t) { return -1; }

template <class Function>
NativeSymbol native(const char* name, Function* function, const char* signature) {
  return {name, reinterpret_cast<void*>(function), signature, nullptr};
}

}  // namespace

Failure register_natives(const Options& options) {
  // WAMR keeps the modules' names, and keeps and sorts the tables.
  static NativeSymbol symbols[] = {
      native("poll_oneoff", poll_oneoff, "(**i*)i"),
      native("proc_exit", proc_exit, "(i)"),
      native("sock_addr_resolve", crumb_resolve, "($$**i*)i"),
  };
  // Old tools import WASI under this name.
  static NativeSymbol unstable[] = {symbols[0], symbols[1]};
  static NativeSymbol no_sockets[] = {
      native("sock_open", sock_open, "(iii*)i"),
      native("sock_addr_resolve", no_resolve, "($$**i*)i"),
  };
  static NativeSymbol no_threads[] = {native("thread-spawn", no_thread, "(i)i")};
  static constexpr char kWasi[] = "wasi_snapshot_preview1";
  // The last one that was registered counts.
  if (!wasm_runtime_register_natives(kWasi, symbols, std::size(symbols)) ||
      !wasm_runtime_register_natives("wasi_unstable", unstable, std::size(unstable)) ||
      (options.network != Network::all && !wasm_runtime_register_natives(kWasi, no_sockets, std::size(no_sockets))) ||
      (options.threads == 0 && !wasm_runtime_register_natives("wasi", no_threads, std::size(no_threads))))
    return {ENOMEM, "the engine's own functions cannot be registered"};
  return {};
}

}  // namespace crumb::engine

extern "C" {

// In place of WAMR's, whose argument is milliseconds.
int __wrap_os_poll(pollfd* descriptors, nfds_t count, int milliseconds) {
  const std::uint64_t* const exact = crumb::engine::exact_timeout;
  if (exact == nullptr || milliseconds == 0) return ::poll(descriptors, count, milliseconds);
  const timespec timeout = {static_cast<std::time_t>(*exact / 1000000000U), static_cast<long>(*exact % 1000000000U)};
  return ::ppoll(descriptors, count, &timeout, nullptr);
}
}
