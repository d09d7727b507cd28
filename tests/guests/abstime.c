// Sleeps 50 ms until an absolute time, then polls a descriptor and the clock together.
#include <poll.h>
#include <stdio.h>
#include <time.h>
int main(void) {
  struct timespec deadline;
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  deadline.tv_nsec += 50000000;
  if (deadline.tv_nsec >= 1000000000) ++deadline.tv_sec, deadline.tv_nsec -= 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int early = now.tv_sec < deadline.tv_sec || (now.tv_sec == deadline.tv_sec && now.tv_nsec < deadline.tv_nsec);
  struct pollfd input = {.fd = 0, .events = POLLIN};
  const int ready = poll(&input, 1, 50);
  printf("%s %d\n", early ? "early" : "on time", ready);
}
