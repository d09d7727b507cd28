// The native program of the benchmark: says hello and ends; with an argument it stays.
#include <unistd.h>

int main(int count, char** words) {
  (void)words;
  if (write(1, "hello\n", 6) != 6) return 1;
  if (count > 1) pause();
  return 0;
}
