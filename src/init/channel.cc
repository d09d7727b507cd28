#include "init/channel.h"

#include <errno.h>

#include "kernel/call.h"

namespace crumb::init {
namespace {

// CMSG_* without the libc's helper functions.
constexpr unsigned kMost = 8;  // descriptors that any answer brings
union Control {
  cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int) * kMost)];
};

void put(Control& control, unsigned index, int fd) {
  __builtin_memcpy(control.bytes + CMSG_LEN(0) + index * sizeof fd, &fd, sizeof fd);
}

int get(const Control& control, unsigned index) {
  int fd = -1;
  __builtin_memcpy(&fd, control.bytes + CMSG_LEN(0) + index * sizeof fd, sizeof fd);
  return fd;
}

}  // namespace

long send(const Context& context, const wire::Message& message, int descriptor) {
  iovec bytes{const_cast<wire::Message*>(&message), sizeof message};
  Control control = {};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  if (descriptor >= 0) {
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    put(control, 0, descriptor);
    header.msg_control = &control;
    header.msg_controllen = CMSG_SPACE(sizeof(int));
  }
  long result = 0;
  do result = kernel::sendmsg(context.sync, &header, MSG_NOSIGNAL);
  while (result == -EINTR);
  return result < 0 ? result : 0;
}

wire::Message await_answer(const Context& context, wire::Point point, int* descriptors, unsigned room, unsigned& count) {
  wire::Message message;
  iovec bytes{&message, sizeof message};
  Control control = {};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = &control;
  header.msg_controllen = sizeof control;
  long size = 0;
  do size = kernel::recvmsg(context.sync, &header, MSG_CMSG_CLOEXEC);
  while (size == -EINTR);
  if (size != sizeof message || message.magic != wire::kMessageMagic || message.point != point || message.error != 0)
    kernel::exit_group(1);
  count = 0;
  if (header.msg_controllen >= sizeof control.head && control.head.cmsg_type == SCM_RIGHTS)
    for (unsigned i = 0; i < (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int) && count < room; ++i)
      descriptors[count++] = get(control, i);
  return message;
}

void meet(const Context& context, wire::Point point) {
  wire::Message message;
  message.point = point;
  unsigned count = 0;
  if (send(context, message) < 0) kernel::exit_group(1);
  await_answer(context, point, nullptr, 0, count);
}

void leave(const Context& context, long error) {
  wire::Message message;
  message.point = wire::Point::failed;
  message.step = context.step;
  message.error = static_cast<int32_t>(-error);
  copy(message.text, sizeof message.text, context.operand);
  if (context.ready && context.result >= 0)
    kernel::write(context.result, &message, sizeof message);
  else
    send(context, message);
  kernel::exit_group(1);
}

}  // namespace crumb::init
