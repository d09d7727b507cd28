// fannkuch N: for every permutation of N numbers, how many reversals of a prefix as long as the first number bring 1 to the
// front; prints the most.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMost = 16 };

static int reversals(const int* permutation, int n) {
  int work[kMost], count = 0;
  memcpy(work, permutation, sizeof(int) * (size_t)n);
  for (int first = work[0]; first != 0; first = work[0], ++count)
    for (int low = 0, high = first; low < high; ++low, --high) {
      const int kept = work[low];
      work[low] = work[high];
      work[high] = kept;
    }
  return count;
}

// Heap's way through all permutations, each one exchange from the one before.
static int most_reversals(int n) {
  int permutation[kMost], counter[kMost] = {0}, most = 0;
  for (int i = 0; i < n; ++i) permutation[i] = i;
  for (int i = 1; i < n;) {
    if (counter[i] >= i) {
      counter[i++] = 0;
      continue;
    }
    const int other = i % 2 ? counter[i] : 0, kept = permutation[i];
    permutation[i] = permutation[other];
    permutation[other] = kept;
    const int found = reversals(permutation, n);
    if (found > most) most = found;
    ++counter[i];
    i = 1;
  }
  return most;
}

int main(int count, char** words) {
  const int n = count > 1 ? atoi(words[1]) : 7;
  if (n < 1 || n > kMost) return 1;
  printf("%d\n", most_reversals(n));
  return 0;
}
