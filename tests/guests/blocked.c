// Says "ready" and waits without end, in the call that its argument names: read and poll of stdin, accept of a socket.
// What read brings in the end is said.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
static int first_socket(void) {
  int number = 3;
  for (struct stat status; fstat(number, &status) || S_ISDIR(status.st_mode); ++number)
    if (number > 100) return -1;
  return number;
}
int main(int argc, char** argv) {
  if (argc < 2) return 1;
  puts("ready");
  fflush(stdout);
  char text[16] = "";
  struct pollfd wanted = {.fd = 0, .events = POLLRDNORM};
  if (strcmp(argv[1], "accept") == 0) return accept(first_socket(), NULL, NULL) < 0;
  if (strcmp(argv[1], "poll") == 0 && poll(&wanted, 1, -1) != 1) return 2;
  if (read(0, text, sizeof text - 1) <= 0) return 3;
  printf("got %s", text);
}
