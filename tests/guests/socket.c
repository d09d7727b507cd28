// Accepts one connection on the first preopened socket and sends "hello from wasm". Says so when it has a file or a directory
// that it was not given by the policy, and when it has no socket.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>
int main(void) {
  for (int number = 3; number < 64; ++number) {
    struct stat status;
    if (fstat(number, &status)) continue;
    if (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)) {
      __wasi_prestat_t preopened;
      if (__wasi_fd_prestat_get(number, &preopened) != 0) printf("descriptor %d is no socket\n", number);
      continue;
    }
    const int peer = accept(number, NULL, NULL);
    if (peer < 0) {
      perror("accept");
      return 1;
    }
    send(peer, "hello from wasm\n", 16, 0);
    close(peer);
    return 0;
  }
  puts("no socket");
}
