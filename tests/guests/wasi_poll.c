// Waiting for descriptors: stdin is a pipe or a terminal that the test feeds.
#include <poll.h>
#include <time.h>

#include "wasi_case.h"

static __wasi_subscription_t on(uint64_t userdata, int tag, int file) {
  __wasi_subscription_t it = {.userdata = userdata};
  it.u.tag = tag;
  it.u.u.fd_read.file_descriptor = file;
  return it;
}

static __wasi_subscription_t after(uint64_t userdata, uint64_t nanoseconds) {
  __wasi_subscription_t it = {.userdata = userdata};
  it.u.tag = __WASI_EVENTTYPE_CLOCK;
  it.u.u.clock = (__wasi_subscription_clock_t){.id = __WASI_CLOCKID_MONOTONIC, .timeout = nanoseconds};
  return it;
}

static void wait_for(__wasi_subscription_t* subscriptions, int many) {
  __wasi_event_t events[4] = {0};
  __wasi_size_t count = 0;
  const int error = __wasi_poll_oneoff(subscriptions, events, many, &count);
  if (error) return say("poll", error);
  for (__wasi_size_t i = 0; i < count; ++i) {
    printf("data %d, type %d, %s", (int)events[i].userdata, events[i].type, error_name(events[i].error));
    if (events[i].type != __WASI_EVENTTYPE_CLOCK)
      printf(", %d bytes%s", (int)events[i].fd_readwrite.nbytes, events[i].fd_readwrite.flags & 1 ? ", hung up" : "");
    puts("");
  }
}

CASE(input) {
  __wasi_subscription_t two[] = {after(1, 20000000000), on(2, __WASI_EVENTTYPE_FD_READ, 0)};
  wait_for(two, 2);
}

CASE(no_input) {
  __wasi_subscription_t two[] = {after(1, 20000000), on(2, __WASI_EVENTTYPE_FD_READ, 0)};
  wait_for(two, 2);
}

CASE(output) {
  __wasi_subscription_t one[] = {on(2, __WASI_EVENTTYPE_FD_WRITE, 1)};
  wait_for(one, 1);
}

CASE(both) {
  __wasi_subscription_t two[] = {on(1, __WASI_EVENTTYPE_FD_READ, 0), on(2, __WASI_EVENTTYPE_FD_WRITE, 1)};
  wait_for(two, 2);
}

// 100 times 0.3 ms: a wait that ends before its time makes a guest spin.
CASE(short_waits) {
  unsigned early = 0;
  for (int i = 0; i < 100; ++i) {
    struct timespec before, then;
    __wasi_event_t events[2];
    __wasi_size_t count;
    __wasi_subscription_t two[] = {after(1, 300000), on(2, __WASI_EVENTTYPE_FD_READ, 0)};
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (__wasi_poll_oneoff(two, events, 2, &count)) return puts("error"), (void)0;
    clock_gettime(CLOCK_MONOTONIC, &then);
    early += (then.tv_sec - before.tv_sec) * 1000000000LL + (then.tv_nsec - before.tv_nsec) < 300000;
  }
  printf("%u early\n", early);
}

CASE(without_the_right) {
  __wasi_fdstat_t status;
  say("status", __wasi_fd_fdstat_get(0, &status));
  say("rights", __wasi_fd_fdstat_set_rights(0, status.fs_rights_base & ~__WASI_RIGHTS_POLL_FD_READWRITE, 0));
  __wasi_subscription_t one[] = {on(1, __WASI_EVENTTYPE_FD_READ, 0)};
  wait_for(one, 1);
}

CASE(nonblocking_input) {
  char text[8] = "";
  done("flag", fcntl(0, F_SETFL, O_NONBLOCK));
  done("read", read(0, text, sizeof text));
  fprintf(stderr, "ready\n");
  struct pollfd input = {.fd = 0, .events = POLLIN};
  printf("poll %d\n", poll(&input, 1, 20000));
  const int bytes = (int)read(0, text, sizeof text);
  printf("read %d, %s\n", bytes, text);
}

CASE(descriptors) {
  for (int number = 0; number < 3; ++number) {
    __wasi_fdstat_t status;
    say("status", __wasi_fd_fdstat_get(number, &status));
    printf("%d: type %d\n", number, status.fs_filetype);
    __wasi_filesize_t place;
    printf("%d: seek %s\n", number, __wasi_fd_seek(number, 0, __WASI_WHENCE_CUR, &place) ? "refused" : "done");
  }
}

CASE(write_until_closed) {
  static char text[4096];
  for (int i = 0; i < 10000; ++i) {
    if (write(1, text, sizeof text) >= 0) continue;
    fprintf(stderr, "%s\n", error_name(errno));
    exit(3);
  }
}
