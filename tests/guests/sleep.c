// Prints "ready", then sleeps argv[1] seconds.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char** argv) {
  puts("ready");
  fflush(stdout);
  sleep(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
  puts("done");
}
