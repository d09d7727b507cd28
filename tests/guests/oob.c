// Reads outside its memory.
#include <stdint.h>
#include <stdio.h>
int main(void) { printf("%d\n", *(volatile int*)(uintptr_t)0xfffffff0u); }
