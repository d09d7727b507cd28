// Clocks and waiting for them alone.
#include <time.h>

#include "wasi_case.h"

static uint64_t now(int clock) {
  __wasi_timestamp_t time = 0;
  if (__wasi_clock_time_get(clock, 0, &time)) puts("no time");
  return time;
}

static __wasi_subscription_t alarm_at(uint64_t userdata, int clock, uint64_t timeout, int flags) {
  __wasi_subscription_t it = {.userdata = userdata};
  it.u.tag = __WASI_EVENTTYPE_CLOCK;
  it.u.u.clock = (__wasi_subscription_clock_t){.id = clock, .timeout = timeout, .flags = flags};
  return it;
}

enum { kReal = 0, kMonotonic = 1, kProcess = 2, kThread = 3, kAbsolute = 1, kMillisecond = 1000000 };

CASE(read) {
  printf("realtime %d\n", now(kReal) > 1700000000000000000ULL);
  const uint64_t before = now(kMonotonic);
  printf("monotonic %d\n", now(kMonotonic) >= before);
  __wasi_timestamp_t resolution = 0;
  say("resolution", __wasi_clock_res_get(kMonotonic, &resolution));
  printf("%d\n", resolution > 0 && resolution < 1000000000);
  say("resolution", __wasi_clock_res_get(kReal, &resolution));
}

CASE(unknown) {
  __wasi_timestamp_t time;
  say("time", __wasi_clock_time_get(9, 0, &time));
  say("resolution", __wasi_clock_res_get(9, &time));
}

CASE(processor_time) {
  __wasi_timestamp_t before, after;
  say("process", __wasi_clock_time_get(kProcess, 0, &before));
  say("thread", __wasi_clock_time_get(kThread, 0, &before));
  for (volatile int i = 0; i < 1000000; ++i) continue;
  say("thread", __wasi_clock_time_get(kThread, 0, &after));
  printf("%d\n", after > before);
}

static void wait_for(const char* label, __wasi_subscription_t subscription, uint64_t least) {
  __wasi_event_t event = {.userdata = 1};
  __wasi_size_t count = 9;
  const uint64_t before = now(kMonotonic);
  say(label, __wasi_poll_oneoff(&subscription, &event, 1, &count));
  printf("%d event, type %d, data %d, %s, %s\n", (int)count, event.type, (int)event.userdata, error_name(event.error),
         now(kMonotonic) - before >= least ? "on time" : "early");
}

CASE(relative) {
  wait_for("monotonic", alarm_at(42, kMonotonic, 20 * kMillisecond, 0), 20 * kMillisecond);
  wait_for("realtime", alarm_at(43, kReal, 20 * kMillisecond, 0), 20 * kMillisecond);
  wait_for("nothing", alarm_at(44, kMonotonic, 0, 0), 0);
}

CASE(absolute) {
  wait_for("monotonic", alarm_at(42, kMonotonic, now(kMonotonic) + 20 * kMillisecond, kAbsolute), 19 * kMillisecond);
  wait_for("realtime", alarm_at(43, kReal, now(kReal) + 20 * kMillisecond, kAbsolute), 19 * kMillisecond);
  wait_for("past", alarm_at(44, kMonotonic, 1, kAbsolute), 0);
}

CASE(processor_time_as_alarm) {
  __wasi_subscription_t two[2] = {alarm_at(1, kProcess, kMillisecond, 0), alarm_at(2, kMonotonic, kMillisecond, 0)};
  __wasi_event_t events[2];
  __wasi_size_t count = 9;
  say("alone", __wasi_poll_oneoff(two, events, 1, &count));
  say("with another", __wasi_poll_oneoff(two, events, 2, &count));
}

CASE(none) {
  __wasi_subscription_t subscription;
  __wasi_event_t event;
  __wasi_size_t count;
  say("no subscription", __wasi_poll_oneoff(&subscription, &event, 0, &count));
}

CASE(the_earliest_of_several) {
  __wasi_subscription_t several[3] = {alarm_at(1, kMonotonic, 600000 * (uint64_t)kMillisecond, 0),
                                      alarm_at(2, kMonotonic, 5 * kMillisecond, 0),
                                      alarm_at(3, kReal, now(kReal) + 700000 * (uint64_t)kMillisecond, kAbsolute)};
  __wasi_event_t events[3] = {0};
  __wasi_size_t count = 9;
  say("wait", __wasi_poll_oneoff(several, events, 3, &count));
  printf("%d event, data %d\n", (int)count, (int)events[0].userdata);
}

CASE(sleep) {
  const struct timespec time = {0, 15 * kMillisecond};
  const uint64_t before = now(kMonotonic);
  done("nanosleep", nanosleep(&time, 0));
  printf("%s\n", now(kMonotonic) - before >= 15 * kMillisecond ? "on time" : "early");
  done("usleep", usleep(1000));
}

CASE(with_what_is_not_open) {
  __wasi_subscription_t two[2] = {alarm_at(1, kMonotonic, 600000 * (uint64_t)kMillisecond, 0), {.userdata = 2}};
  two[1].u.tag = __WASI_EVENTTYPE_FD_READ;
  two[1].u.u.fd_read.file_descriptor = 77;
  __wasi_event_t events[2] = {0};
  __wasi_size_t count = 0;
  const int error = __wasi_poll_oneoff(two, events, 2, &count);
  printf("%s\n", error_name(error ? error : events[0].error));
}

CASE(with_a_file) {
  put("file", "text");
  __wasi_subscription_t three[3] = {
      alarm_at(1, kMonotonic, 600000 * (uint64_t)kMillisecond, 0), {.userdata = 2}, {.userdata = 3}};
  three[1].u.tag = __WASI_EVENTTYPE_FD_READ;
  three[1].u.u.fd_read.file_descriptor = open("file", O_RDWR);
  three[2].u.tag = __WASI_EVENTTYPE_FD_WRITE;
  three[2].u.u.fd_write.file_descriptor = three[1].u.u.fd_read.file_descriptor;
  __wasi_event_t events[3] = {0};
  __wasi_size_t count = 0;
  say("poll", __wasi_poll_oneoff(three, events, 3, &count));
  printf("%d events, the first: data %d, %s, %d bytes\n", (int)count, (int)events[0].userdata, error_name(events[0].error),
         (int)events[0].fd_readwrite.nbytes);
}
