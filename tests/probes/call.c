// call WORD...: makes system calls without a C library, so that nothing but these calls happens, and prints what each answers.
//
//   NUMBER[,ARGUMENT]...       the machine's own call: its result in decimal, -errno for a failure
//   x86:NUMBER[,ARGUMENT]...   the same by int $0x80, as a 32-bit program makes it
//   x32:NUMBER[,ARGUMENT]...   with the bit that x32 programs set
//
// Numbers are decimal, or hexadecimal after "0x". Exit code 0, 9 for a word that is no call.
typedef unsigned long ulong;

static long native(ulong number, const ulong* a) {
  register ulong r10 __asm__("r10") = a[3];
  register ulong r8 __asm__("r8") = a[4];
  register ulong r9 __asm__("r9") = a[5];
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static long by_interrupt(ulong number, const ulong* a) {
  int result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                   : "r8", "r9", "r10", "r11", "memory");
  return result;
}

static void leave(int code) {
  const ulong arguments[6] = {(ulong)code};
  native(231, arguments);  // exit_group
  __builtin_trap();
}

static ulong parse(const char** text) {
  ulong value = 0;
  const ulong base = (*text)[0] == '0' && (*text)[1] == 'x' ? 16 : 10;
  if (base == 16) *text += 2;
  for (;; ++*text) {
    const char c = **text;
    if (c >= '0' && c <= '9')
      value = value * base + (ulong)(c - '0');
    else if (base == 16 && c >= 'a' && c <= 'f')
      value = value * base + (ulong)(c - 'a' + 10);
    else
      return value;
  }
}

static void print(long value) {
  char text[24];
  int at = sizeof text;
  text[--at] = '\n';
  ulong rest = value < 0 ? (ulong)-value : (ulong)value;
  do text[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) text[--at] = '-';
  const ulong arguments[6] = {1, (ulong)(text + at), sizeof text - (ulong)at};
  native(1, arguments);  // write
}

static int skip(const char** text, const char* prefix) {
  const char* at = *text;
  while (*prefix != 0 && *at == *prefix) ++at, ++prefix;
  if (*prefix != 0) return 0;
  *text = at;
  return 1;
}

__attribute__((used)) void run(const long* stack) {
  for (long i = 1; i < stack[0]; ++i) {
    const char* word = (const char*)stack[1 + i];
    const int x86 = skip(&word, "x86:"), x32 = skip(&word, "x32:");
    const ulong number = parse(&word) | (x32 ? 0x40000000UL : 0);
    ulong arguments[6] = {0};
    for (int n = 0; n < 6 && *word == ','; ++n) ++word, arguments[n] = parse(&word);
    if (*word != 0) leave(9);
    print(x86 ? by_interrupt(number, arguments) : native(number, arguments));
  }
  leave(0);
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call run\n");
