// Allocates until malloc says no, prints the MiB it got. Stops at argv[1] MiB (default 4096); "touch": writes all of it, too.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char** argv) {
  const int touch = argc > 1 && !strcmp(argv[1], "touch");
  const int most = argc > 1 && !touch ? atoi(argv[1]) : 4096;
  int got = 0;
  for (char* block; got < most && (block = malloc(1 << 20)); ++got) {
    *(char* volatile*)block = block;
    if (touch) memset(block, 1, 1 << 20);
  }
  printf("%d MiB\n", got);
}
