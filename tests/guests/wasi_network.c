// WAMR's extension of WASI for sockets, on the loopback device: options, addresses, datagrams, errors.
#include "wasi_addresses.h"
#include "wasi_case.h"

enum { kInet = 0, kDatagram = 0, kStream = 1 };

WASI(sock_open)(int pool, int family, int type, int* socket);
WASI(sock_bind)(int socket, const struct address* address);
WASI(sock_listen)(int socket, int backlog);
WASI(sock_connect)(int socket, const struct address* address);
WASI(sock_accept)(int socket, int flags, int* peer);
WASI(sock_addr_local)(int socket, struct address* address);
WASI(sock_addr_remote)(int socket, struct address* address);
WASI(sock_send_to)(int socket, const __wasi_ciovec_t* data, int many, int flags, const struct address* to, int* sent);
WASI(sock_recv_from)(int socket, __wasi_iovec_t* data, int many, int flags, struct address* from, int* received);

#define OPTION(name, type)                    \
  WASI(sock_set_##name)(int socket, type to); \
  WASI(sock_get_##name)(int socket, type* is)
OPTION(reuse_addr, char);
OPTION(reuse_port, char);
OPTION(keep_alive, char);
OPTION(broadcast, char);
OPTION(tcp_no_delay, char);
OPTION(tcp_keep_idle, uint32_t);
OPTION(tcp_keep_intvl, uint32_t);
OPTION(recv_buf_size, uint32_t);
OPTION(send_buf_size, uint32_t);
OPTION(recv_timeout, uint64_t);
OPTION(send_timeout, uint64_t);
OPTION(ip_ttl, uint8_t);
WASI(sock_set_linger)(int socket, int enabled, int seconds);
WASI(sock_get_linger)(int socket, char* enabled, int* seconds);

static int opened(int type) {
  int socket = -1;
  const int error = sock_open(0, kInet, type, &socket);
  if (error) say("open", error), exit(97);
  return socket;
}

static struct address loopback(int port) {
  struct address it = {0};
  it.four.bytes[0] = 127, it.four.bytes[3] = 1, it.four.port = port;
  return it;
}

static int bound(int type, struct address* at) {
  const int socket = opened(type);
  *at = loopback(0);
  say("bind", sock_bind(socket, at));
  say("local address", sock_addr_local(socket, at));
  return socket;
}

// Sets, gets and prints; what lies behind the value must stay.
#define TRY(name, type, value)                                                                                  \
  do {                                                                                                          \
    struct {                                                                                                    \
      type is;                                                                                                  \
      unsigned char behind[8];                                                                                  \
    } it;                                                                                                       \
    memset(&it, 0x5a, sizeof it);                                                                               \
    const int set = sock_set_##name(socket, value), get = sock_get_##name(socket, &it.is);                      \
    const int kept = it.behind[0] == 0x5a && it.behind[7] == 0x5a;                                              \
    printf("%s: %s, %s, %llu, %d\n", #name, error_name(set), error_name(get), (unsigned long long)it.is, kept); \
  } while (0)

CASE(options) {
  const int socket = opened(kStream);
  TRY(reuse_addr, char, 1);
  TRY(reuse_port, char, 1);
  TRY(keep_alive, char, 1);
  TRY(tcp_no_delay, char, 1);
  TRY(tcp_keep_idle, uint32_t, 7);
  TRY(tcp_keep_intvl, uint32_t, 9);
  TRY(recv_timeout, uint64_t, 1500000);
  TRY(send_timeout, uint64_t, 2500000);
  TRY(ip_ttl, uint8_t, 33);
}

CASE(sizes_of_buffers) {
  const int socket = opened(kStream);
  struct {
    uint32_t is, behind;
  } it = {0, 77};
  say("set", sock_set_recv_buf_size(socket, 8192));
  say("get", sock_get_recv_buf_size(socket, &it.is));
  printf("%d %u\n", it.is >= 8192, it.behind);
  say("set", sock_set_send_buf_size(socket, 8192));
  say("get", sock_get_send_buf_size(socket, &it.is));
  printf("%d %u\n", it.is >= 8192, it.behind);
}

CASE(linger) {
  const int socket = opened(kStream);
  char enabled = 0;
  int seconds = 0;
  say("set", sock_set_linger(socket, 1, 3));
  say("get", sock_get_linger(socket, &enabled, &seconds));
  printf("%d %d\n", enabled, seconds);
}

CASE(broadcast) {
  const int socket = opened(kDatagram);
  TRY(broadcast, char, 1);
}

CASE(datagrams) {
  struct address here, there, from = {0};
  const int one = bound(kDatagram, &here), two = bound(kDatagram, &there);
  const __wasi_ciovec_t out[] = {{(const uint8_t*)"data", 4}, {(const uint8_t*)"gram", 4}};
  char text[32] = "";
  __wasi_iovec_t in[] = {{(uint8_t*)text, sizeof text}};
  int bytes = 0;
  say("send", sock_send_to(one, out, 2, 0, &there, &bytes));
  printf("%d\n", bytes);
  say("receive", sock_recv_from(two, in, 1, 0, &from, &bytes));
  printf("%d %s, from the other %d\n", bytes, text, from.four.port == here.four.port && from.four.bytes[0] == 127);
}

CASE(a_connection_to_itself) {
  struct address here, mine, theirs;
  const int server = bound(kStream, &here);
  say("listen", sock_listen(server, 1));
  const int client = opened(kStream);
  say("connect", sock_connect(client, &here));
  int peer = -1;
  say("accept", sock_accept(server, 0, &peer));
  say("remote address", sock_addr_remote(peer, &theirs));
  say("local address", sock_addr_local(client, &mine));
  printf("the same %d\n", theirs.four.port == mine.four.port && theirs.four.bytes[0] == 127);
  char text[8] = "";
  done("write", write(client, "hello", 5));
  printf("%d %s\n", (int)read(peer, text, sizeof text), text);
  done("close", close(client));
  printf("end %d\n", (int)read(peer, text, sizeof text));
}

CASE(errors) {
  struct address here;
  const int server = bound(kStream, &here);
  say("connect where nobody listens", sock_connect(opened(kStream), &here));
  say("listen", sock_listen(server, 1));
  say("bind to what is taken", sock_bind(opened(kStream), &here));
  put("file", "text");
  const int file = open("file", O_RDWR);
  printf("a file: %d %d\n", sock_listen(file, 1) != 0, sock_addr_local(file, &here) != 0);
  say("nothing", sock_listen(77, 1));
}
