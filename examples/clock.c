// Prints the seconds since it began, once a second, until it is stopped.
#include <stdio.h>
#include <unistd.h>

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int seconds = 0;; ++seconds) {
    printf("WebAssembly has been running for %d s\n", seconds);
    sleep(1);
  }
}
