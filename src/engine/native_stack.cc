// Where the native stack of a thread ends, for the check that compiled code and the interpreter make before they go deeper.
// Takes the place of WAMR's os_thread_get_stack_boundary (--wrap), which asks the C library: for the main thread glibc reads
// /proc/self/maps, which a container may not have, and there would be no check; musl names only the part that is in use.
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace crumb::engine {
namespace {

// The kernel puts the program's name at the very top of the stack, which may grow down to the limit.
std::uint8_t* end_of_main_stack() {
  constexpr rlim_t kLargest = 8U << 20;
  constexpr std::uintptr_t kPage = 4096;
  struct rlimit limit = {};
  auto* const top = reinterpret_cast<std::uint8_t*>(::getauxval(AT_EXECFN));
  if (top == nullptr || ::getrlimit(RLIMIT_STACK, &limit) != 0) return nullptr;
  std::uint8_t* const end = top - std::min(limit.rlim_cur, kLargest);
  return end + (2 * kPage - reinterpret_cast<std::uintptr_t>(end) % kPage);
}

}  // namespace
}  // namespace crumb::engine

extern "C" {

std::uint8_t* __real_os_thread_get_stack_boundary();
std::uint8_t* __wrap_os_thread_get_stack_boundary() {
  thread_local std::uint8_t* end = nullptr;
  if (end == nullptr)
    end = ::gettid() == ::getpid() ? crumb::engine::end_of_main_stack() : __real_os_thread_get_stack_boundary();
  return end;
}

// WAMR asks by itself as well when it starts, for nothing: then no file of the container is read, and musl makes no forty
// calls.
int __real_pthread_getattr_np(pthread_t thread, pthread_attr_t* attributes);
int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t* attributes) {
  return ::gettid() == ::getpid() ? ENOSYS : __real_pthread_getattr_np(thread, attributes);
}
}
