// The one way into the kernel for both sides: a raw system call, and the seam at which tests make calls fail.
// Returns what the kernel returns: a value, or -errno. No errno variable, no cancellation, no restart, no heap.
#pragma once

#include <sys/syscall.h>

namespace crumb::kernel {

#if defined(__x86_64__)
inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f) {
  long result;  // NOLINT(cppcoreguidelines-init-variables): the kernel sets it
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
  return x0;
}
#else
#error "crumb runs on x86_64 and aarch64"
#endif

#ifdef CRUMB_SEAM
long seam_syscall(long number, long a, long b, long c, long d, long e, long f);  // seam.cc
#endif

template <class... Arguments>
long syscall(long number, Arguments... arguments) {
  const long full[6] = {static_cast<long>((long)arguments)...};
#ifdef CRUMB_SEAM
  return seam_syscall(number, full[0], full[1], full[2], full[3], full[4], full[5]);
#else
  return raw_syscall(number, full[0], full[1], full[2], full[3], full[4], full[5]);
#endif
}

}  // namespace crumb::kernel
