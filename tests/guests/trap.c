// Traps inside named functions.
#include <stdio.h>
__attribute__((noinline)) static void inner_function(volatile int* n) {
  if (*n) __builtin_trap();
}
__attribute__((noinline)) static void outer_function(volatile int* n) {
  inner_function(n);
  *n = 2;
}
int main(void) {
  volatile int n = 1;
  outer_function(&n);
}
