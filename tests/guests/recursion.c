// Recurses argv[1] deep (default: without end).
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) static long descend(long depth, volatile long* sum) {
  if (depth == 0) return *sum;
  const long below = descend(depth - 1, sum);
  *sum += depth;
  return below + *sum;
}
int main(int argc, char** argv) {
  volatile long sum = 1;
  const long result = descend(argc > 1 ? atol(argv[1]) : -1, &sum);
  printf("%s\n", result ? "returned" : "zero");
}
