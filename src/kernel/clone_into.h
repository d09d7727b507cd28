// clone3(2) with CLONE_INTO_CGROUP (Linux 5.7), for which libc has no function: `cgroup` is the directory of the cgroup of
// version 2 in which the child begins. flags are without CLONE_INTO_CGROUP. Both return its pid, or -errno.
#pragma once

#include <linux/sched.h>
#include <signal.h>

#include "kernel/seam.h"
#include "kernel/syscall.h"

namespace crumb::kernel {

inline clone_args into_cgroup(unsigned long flags, int cgroup) {
  clone_args arguments = {};
  arguments.flags = flags | CLONE_INTO_CGROUP;
  arguments.cgroup = static_cast<unsigned>(cgroup);
  return arguments;
}

// Fork-like; our parent is the child's, and the child's exit signal is ours.
inline long clone_sibling_into(unsigned long flags, int cgroup) {
  const clone_args arguments = into_cgroup(flags | CLONE_PARENT, cgroup);
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

// As glibc's clone(): the child shares our memory and calls run(argument), which must not return, on [stack, stack + size).
// flags: with CLONE_VM and CLONE_VFORK.
inline long clone_into(unsigned long flags, int cgroup, void* stack, unsigned long size, int (*run)(void*), void* argument) {
#ifdef CRUMB_SEAM
  if (const long result = seam_check(SYS_clone3); result < 0) return result;
#endif
  clone_args arguments = into_cgroup(flags, cgroup);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<unsigned long>(stack);
  arguments.stack_size = size;
#if defined(__x86_64__)
  long result = SYS_clone3;
  register void* r8 asm("r8") = argument;
  register int (*r9)(void*) asm("r9") = run;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"  // the outermost frame
      "mov %%r8, %%rdi\n\t"
      "call *%%r9\n\t"
      "hlt\n"
      "1:"
      : "+a"(result)
      : "D"(&arguments), "S"(sizeof arguments), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory", "cc");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = SYS_clone3;
  register long x0 asm("x0") = reinterpret_cast<long>(&arguments);
  register long x1 asm("x1") = sizeof arguments;
  register void* x2 asm("x2") = argument;
  register int (*x3)(void*) asm("x3") = run;
  asm volatile(
      "svc 0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"  // the outermost frame
      "mov x0, x2\n\t"
      "blr x3\n\t"
      "brk 0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
      : "memory", "cc");
  return x0;
#endif
}

}  // namespace crumb::kernel
