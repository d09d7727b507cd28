// hang: a compiler that never ends, but with the process that started it.
static long call(long number, long a, long b) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
  return result;
}

void _start(void) {
  call(157, 1, 9);          // prctl(PR_SET_PDEATHSIG, SIGKILL)
  for (;;) call(34, 0, 0);  // pause
}
