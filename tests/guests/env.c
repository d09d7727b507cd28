// Prints the environment, one variable on a line.
#include <stdio.h>
extern char** environ;
int main(void) {
  for (char** variable = environ; variable && *variable; ++variable) puts(*variable);
}
