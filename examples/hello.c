// Says hello with its arguments, and exits with the number after "exit" if there is one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  printf("hello from WebAssembly");
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "exit") == 0 && i + 1 < argc) {
      printf(", leaving with %s\n", argv[i + 1]);
      return atoi(argv[i + 1]);
    }
    printf(" %s", argv[i]);
  }
  printf("\n");
  return 0;
}
