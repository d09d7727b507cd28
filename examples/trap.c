// Writes outside its memory: the sandbox stops it.
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static void write_outside(volatile int* address) { *address = 1; }

int main(void) {
  printf("about to write where there is no memory\n");
  fflush(stdout);
  write_outside((volatile int*)(uintptr_t)0xfffffff0u);
  printf("never printed\n");
  return 0;
}
