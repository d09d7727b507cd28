// A listening socket that was handed over. The test connects and says what it sees.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "wasi_case.h"

static int listener(void) {
  for (int number = 3; number < 64; ++number) {
    __wasi_fdstat_t status;
    if (__wasi_fd_fdstat_get(number, &status) == 0 && status.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM) return number;
  }
  puts("no listening socket");
  exit(97);
}

static int connection(int flags) {
  __wasi_fd_t peer = -1;
  const int error = __wasi_sock_accept(listener(), flags, &peer);
  if (error) say("accept", error), exit(96);
  return peer;
}

CASE(talk) {
  char text[32] = "";
  const int peer = accept(listener(), 0, 0);
  done("accept", peer);
  done("recv", recv(peer, text, sizeof text, 0));
  printf("%s\n", text);
  printf("send %d\n", (int)send(peer, "answer", 6, 0));
}

CASE(nobody_comes) {
  __wasi_fd_t peer;
  const int number = listener();
  say("flag", __wasi_fd_fdstat_set_flags(number, __WASI_FDFLAGS_NONBLOCK));
  say("accept", __wasi_sock_accept(number, 0, &peer));
}

CASE(nonblocking_connection) {
  char text[8];
  const int peer = connection(__WASI_FDFLAGS_NONBLOCK);
  printf("flag %d\n", (fcntl(peer, F_GETFL) & O_NONBLOCK) != 0);
  done("recv", recv(peer, text, sizeof text, 0));
  printf("a blocking one %d\n", (fcntl(connection(0), F_GETFL) & O_NONBLOCK) != 0);
}

CASE(wait_for_a_connection) {
  struct pollfd it = {.fd = listener(), .events = POLLIN};
  printf("poll %d\n", poll(&it, 1, 20000));
  done("accept", accept(it.fd, 0, 0));
}

// The other direction stays open.
CASE(half_close) {
  char text[32] = "";
  const int peer = connection(0);
  done("send", send(peer, "last words", 10, 0));
  done("shutdown", shutdown(peer, SHUT_WR));
  printf("recv %d\n", (int)recv(peer, text, sizeof text, 0));
  printf("%s\n", text);
}

CASE(shutdown_errors) {
  const int peer = connection(0);
  say("no direction", __wasi_sock_shutdown(peer, 0));
  say("unknown", __wasi_sock_shutdown(peer, 8));
  put("file", "text");
  say("a file", __wasi_sock_shutdown(open("file", O_RDONLY), 1));
  say("nothing", __wasi_sock_shutdown(77, 1));
  done("both", shutdown(peer, SHUT_RDWR));
}

CASE(peek) {
  char text[8] = "";
  const int peer = connection(0);
  printf("%d\n", (int)recv(peer, text, 3, MSG_PEEK));
  printf("%s\n", text);
  printf("%d\n", (int)recv(peer, text, 3, MSG_PEEK));
  printf("%s\n", text);
}

CASE(wait_for_all) {
  char text[16] = "";
  const int peer = connection(0);
  send(peer, "go", 2, 0);
  printf("%d\n", (int)recv(peer, text, 12, MSG_WAITALL));
  printf("%s\n", text);
}

CASE(vectors) {
  char one[4] = "", two[8] = "";
  const int peer = connection(0);
  __wasi_iovec_t in[] = {{(uint8_t*)one, 3}, {(uint8_t*)two, 7}};
  __wasi_size_t count;
  __wasi_roflags_t flags = 77;
  say("recv", __wasi_sock_recv(peer, in, 2, __WASI_RIFLAGS_RECV_WAITALL, &count, &flags));
  printf("%d bytes, %s %s, flags %d\n", (int)count, one, two, flags);
  const __wasi_ciovec_t out[] = {{(const uint8_t*)"ab", 2}, {0, 0}, {(const uint8_t*)"cde", 3}};
  say("send", __wasi_sock_send(peer, out, 3, 0, &count));
  printf("%d bytes\n", (int)count);
}

CASE(no_bytes) {
  char text[4];
  const int peer = connection(0);
  printf("send %d\n", (int)send(peer, text, 0, 0));
  printf("recv %d\n", (int)recv(peer, text, 0, 0));
}

CASE(peer_is_gone) {
  char text[8];
  const int peer = connection(0);
  printf("recv %d\n", (int)recv(peer, text, sizeof text, 0));
  for (int i = 0; i < 1000; ++i) {
    if (send(peer, "x", 1, 0) >= 0) continue;
    return done("send", -1);
  }
}

CASE(not_a_socket) {
  char text[8];
  put("file", "text");
  const int file = open("file", O_RDWR);
  done("recv", recv(file, text, sizeof text, 0));
  done("send", send(file, text, 1, 0));
  printf("accept %s\n", accept(file, 0, 0) < 0 ? "refused" : "done");
}
