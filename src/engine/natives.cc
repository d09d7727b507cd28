#include "engine/natives.h"

#include <time.h>
#include <unistd.h>

#include <cstdint>
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

constexpr std::uint8_t kClock = 0;      // Subscription::type
constexpr std::uint16_t kAbsolute = 1;  // Clock::flags

extern "C" Errno wasmtime_ssp_poll_oneoff(wasm_exec_env_t, fd_table*, const Subscription*, Event*, std::size_t, std::size_t*);

std::uint64_t nanoseconds_now(std::uint32_t wasi_clock) {
  timespec now = {};
  ::clock_gettime(wasi_clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// WAMR's poll takes one clock, relative, among descriptors: an absolute deadline becomes what is left of it.
void make_relative(Subscription::Clock& clock) {
  const std::uint64_t now = nanoseconds_now(clock.id);
  clock.timeout = clock.timeout > now ? clock.timeout - now : 0;
  clock.flags = static_cast<std::uint16_t>(clock.flags & ~kAbsolute);
}

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

Errno poll_oneoff(wasm_exec_env_t environment, const Subscription* in, Event* out, std::uint32_t count, std::uint32_t* events) {
  const wasm_module_inst_t instance = wasm_runtime_get_module_inst(environment);
  fd_table* const table = crumb_descriptors(environment);
  if (count == 0 || table == nullptr) return kInvalid;
  if (!wasm_runtime_validate_native_addr(instance, const_cast<Subscription*>(in), std::uint64_t{count} * sizeof(*in)) ||
      !wasm_runtime_validate_native_addr(instance, out, std::uint64_t{count} * sizeof(*out)) ||
      !wasm_runtime_validate_native_addr(instance, events, sizeof(*events)))
    return kFault;

  // A copy: another thread of the guest may change the original meanwhile.
  std::vector<Subscription> subscriptions(in, in + count);
  if (count > 1) keep_earliest_clock(subscriptions);
  std::size_t fired = 0;
  const Errno error = wasmtime_ssp_poll_oneoff(environment, table, subscriptions.data(), out, subscriptions.size(), &fired);
  if (error == 0) *events = static_cast<std::uint32_t>(fired);
  return error;
}

void proc_exit(wasm_exec_env_t, std::uint32_t code) { ::_exit(static_cast<int>(code & 0xff)); }

Errno sock_open(wasm_exec_env_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t*) { return kAccess; }

template <class Function>
NativeSymbol native(const char* name, Function* function, const char* signature) {
  return {name, reinterpret_cast<void*>(function), signature, nullptr};
}

}  // namespace

Failure register_natives() {
  // WAMR keeps and sorts the table.
  static NativeSymbol symbols[] = {
      native("poll_oneoff", poll_oneoff, "(**i*)i"),
      native("proc_exit", proc_exit, "(i)"),
      native("sock_open", sock_open, "(iii*)i"),
  };
  // Old tools import WASI under this name.
  static NativeSymbol unstable[] = {symbols[0], symbols[1]};
  if (!wasm_runtime_register_natives("wasi_snapshot_preview1", symbols, std::size(symbols)) ||
      !wasm_runtime_register_natives("wasi_unstable", unstable, std::size(unstable)))
    return {ENOMEM, "the engine's own functions cannot be registered"};
  return {};
}

}  // namespace crumb::engine
