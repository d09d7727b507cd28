// Reads outside its memory.
#include <stdio.h>
#include <stdint.h>
int main(void) { printf("%d\n", *(volatile int*)(uintptr_t)0xfffffff0u); }
