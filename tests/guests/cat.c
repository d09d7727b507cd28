// Copies stdin to stdout.
#include <unistd.h>
int main(void) {
  static char buffer[65536];
  for (ssize_t n; (n = read(0, buffer, sizeof buffer)) > 0;)
    for (ssize_t done = 0, part; done < n; done += part)
      if ((part = write(1, buffer + done, (size_t)(n - done))) <= 0) return 1;
}
