// Preloaded into linux.uml (6.1) on CPUs with AMX. There the XSAVE area is larger than the buffer that user-mode Linux keeps of
// it, and newer host kernels refuse to set registers from a buffer that is too short (PTRACE_SETREGSET of NT_X86_XSTATE): UML
// panics in put_fp_registers. So a short set becomes a full one: what the process has, overlaid with what UML wants.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

enum { NT_X86_XSTATE_NUMBER = 0x202, HEADER = 512, TILE_COMPONENTS = 3 << 17 };

static long (*real_ptrace)(enum __ptrace_request, ...);
static char full[1 << 16] __attribute__((aligned(64)));

__attribute__((constructor)) static void find_real(void) { real_ptrace = dlsym(RTLD_NEXT, "ptrace"); }

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  const long pid = va_arg(arguments, long);
  void* address = va_arg(arguments, void*);
  void* data = va_arg(arguments, void*);
  va_end(arguments);
  if (request != PTRACE_SETREGSET || (long)address != NT_X86_XSTATE_NUMBER) return real_ptrace(request, pid, address, data);

  const struct iovec* given = data;
  struct iovec whole = {full, sizeof full};
  if (real_ptrace(PTRACE_GETREGSET, pid, address, &whole) < 0) return -1;
  if (whole.iov_len <= given->iov_len) return real_ptrace(request, pid, address, data);
  memcpy(full, given->iov_base, given->iov_len);
  // The tiles lie beyond what was given: they are not part of the state.
  uint64_t components;
  memcpy(&components, full + HEADER, sizeof components);
  components &= ~(uint64_t)TILE_COMPONENTS;
  memcpy(full + HEADER, &components, sizeof components);
  return real_ptrace(request, pid, address, &whole);
}
