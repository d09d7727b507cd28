// Allocates until malloc says no, prints the MiB it got. Stops at argv[1] MiB (default 4096).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char** argv) {
  const int most = argc > 1 ? atoi(argv[1]) : 4096;
  int got = 0;
  for (char* block; got < most && (block = malloc(1 << 20)); ++got) *(char* volatile*)block = block;
  printf("%d MiB\n", got);
}
