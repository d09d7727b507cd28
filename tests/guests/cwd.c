// Prints the contents of each argument's file, or its error, one line each.
#include <errno.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char line[256] = "";
    FILE* file = fopen(argv[i], "r");
    if (!file) {
      printf("%s: %s\n", argv[i], strerror(errno));
      continue;
    }
    fgets(line, sizeof line, file);
    line[strcspn(line, "\n")] = 0;
    printf("%s: %s\n", argv[i], line);
    fclose(file);
  }
}
