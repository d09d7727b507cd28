// WAMR's extension of WASI for sockets. network connect PORT: sends "hello from wasm" to 127.0.0.1, prints the answer. network
// serve PORT: accepts one connection on [::]:PORT and does the same there. network resolve NAME: prints its addresses. network
// none NAME: asks for a name's addresses with room for none. Leaves with the WASI error of what failed.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wasi_addresses.h"

struct hints {
  uint32_t type, family;
  uint8_t enabled;
};
struct info {
  struct address address;
  uint32_t type;
};
enum { kInet = 0, kInet6 = 1, kStream = 1, kMost = 16 };

WASI(sock_open)(int pool, int family, int type, int* socket);
WASI(sock_connect)(int socket, const struct address* address);
WASI(sock_bind)(int socket, const struct address* address);
WASI(sock_listen)(int socket, int backlog);
WASI(sock_accept)(int socket, int flags, int* peer);
WASI(sock_addr_resolve)(const char* host, const char* service, const struct hints* hints, struct info* results, int most,
                        int* found);

static void check(int error) {
  if (error != 0) exit(error);
}

static void talk(int peer) {
  char answer[64];
  if (write(peer, "hello from wasm\n", 16) != 16) exit(99);
  const ssize_t size = read(peer, answer, sizeof answer);
  if (size < 0) exit(98);
  fwrite(answer, 1, size, stdout);
}

static void print_addresses(const char* host, int most) {
  struct info results[kMost];
  int found = 0;
  const struct hints hints = {kStream, 2, 1};
  check(sock_addr_resolve(host, "80", &hints, results, most, &found));
  for (int i = 0; i < found && i < most; ++i) {
    const struct address* address = &results[i].address;
    if (address->kind == 0)
      printf("%d.%d.%d.%d\n", address->four.bytes[0], address->four.bytes[1], address->four.bytes[2], address->four.bytes[3]);
    else
      printf("%x::%x\n", address->six.words[0], address->six.words[7]);
  }
}

int main(int argc, char** argv) {
  const char* action = argc > 2 ? argv[1] : "connect";
  const char* operand = argc > 2 ? argv[2] : "9";
  struct address address = {0};
  int socket = -1, peer = -1;
  if (!strcmp(action, "resolve")) return print_addresses(operand, kMost), 0;
  if (!strcmp(action, "none")) return print_addresses(operand, 0), 0;
  if (!strcmp(action, "connect")) {
    address.four.bytes[0] = 127, address.four.bytes[3] = 1, address.four.port = (uint16_t)atoi(operand);
    check(sock_open(0, kInet, kStream, &socket));
    check(sock_connect(socket, &address));
    return talk(socket), 0;
  }
  address.kind = 1, address.six.port = (uint16_t)atoi(operand);
  check(sock_open(0, kInet6, kStream, &socket));
  check(sock_bind(socket, &address));
  check(sock_listen(socket, 1));
  printf("ready\n"), fflush(stdout);
  check(sock_accept(socket, 0, &peer));
  return talk(peer), 0;
}
