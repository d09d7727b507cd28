#include "init/channel.h"

#include <errno.h>
#include <linux/prctl.h>

#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr int kFailure = 1;  // the exit code of an init that did not become the program

// CMSG_* without the libc's helper functions. Room for more descriptors than any answer has, so that a wrong one is noticed.
constexpr unsigned kRoom = Answer::kMost + 1;
union Control {
  cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int) * kRoom)];
};

void put(Control& control, unsigned index, int fd) {
  __builtin_memcpy(control.bytes + CMSG_LEN(0) + index * sizeof fd, &fd, sizeof fd);
}

int get(const Control& control, unsigned index) {
  int fd = -1;
  __builtin_memcpy(&fd, control.bytes + CMSG_LEN(0) + index * sizeof fd, sizeof fd);
  return fd;
}

// False when there are more than an answer may bring.
bool take_descriptors(const msghdr& header, const Control& control, Answer& answer) {
  if (header.msg_controllen < sizeof control.head) return true;
  if (control.head.cmsg_level != SOL_SOCKET || control.head.cmsg_type != SCM_RIGHTS) return false;
  const size_t count = (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (unsigned i = 0; i < count; ++i) {
    Fd fd(get(control, i));
    if (answer.count < Answer::kMost) answer.descriptors[answer.count++] = static_cast<Fd&&>(fd);
  }
  return count <= Answer::kMost && (header.msg_flags & MSG_CTRUNC) == 0;
}

// read drops the descriptors of a message, of which there are none behind the filter.
long receive_filtered(const Context& context, wire::Message& message) {
  long size = 0;
  do size = kernel::read(context.sync, &message, sizeof message);
  while (size == -EINTR);
  if (size == 0 || size == -ECONNRESET) kernel::exit_group(kFailure);  // the host has died
  if (size < 0) return size;
  return size == sizeof message ? 0 : -EPROTO;
}

long receive(Context& context, wire::Message& message, Answer& answer) {
  if (context.filtered) return receive_filtered(context, message);
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
  if (size == 0 || size == -ECONNRESET) kernel::exit_group(kFailure);  // the host has died
  if (size < 0) return size;
  return take_descriptors(header, control, answer) && size == sizeof message ? 0 : -EPROTO;
}

}  // namespace

long send(const Context& context, const wire::Message& message, int descriptor) {
  if (context.filtered) {
    const long written = kernel::write(context.sync, &message, sizeof message);  // on the socket a packet, too
    return written < 0 ? written : 0;
  }
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

namespace {

constexpr char kAnswer[] = "the host's answer";

long put_question(Context& context, const wire::Message& question, int descriptor) {
  const long result = send(context, question, descriptor);
  if (result == -EPIPE || result == -ECONNRESET) kernel::exit_group(kFailure);
  return result < 0 ? context.failed(result, "the question to the host") : 0;
}

long await_answer(Context& context, wire::Point point, Answer& answer) {
  wire::Message message;
  if (const long result = receive(context, message, answer); result < 0) return context.failed(result, kAnswer);
  if (message.magic != wire::kMessageMagic || message.point != point) return context.failed(-EPROTO, kAnswer);
  if (message.error != 0) kernel::exit_group(kFailure);
  answer.value = message.value;
  copy(answer.text, sizeof answer.text, message.text);
  return 0;
}

}  // namespace

long ask(Context& context, const wire::Message& question, int descriptor, Answer& answer) {
  const long result = put_question(context, question, descriptor);
  return result < 0 ? result : await_answer(context, question.point, answer);
}

namespace {

// The line of `text` with this index, as what the process failed at.
long failed_at_line(Context& context, long error, char* text, unsigned index) {
  for (; index > 0 && *text != 0; ++text)
    if (*text == '\n') --index;
  for (char* end = text; *end != 0; ++end)
    if (*end == '\n') *end = 0;
  return context.failed(error, text);
}

// A process that moves itself does not have to wait for every CPU of the machine (linux/cgroup.h).
long enter_cgroups(Context& context, Answer& answer) {
  for (unsigned i = 0; i < answer.count; ++i) {
    long result = 0;
    do result = kernel::write(answer.descriptors[i].get(), "0", 1);
    while (result == -EINTR);
    if (result < 0) return failed_at_line(context, result, answer.text, i);
    answer.descriptors[i].reset();
  }
  return 0;
}

// What the answer at a point means for this process.
long follow(Context& context, wire::Point point, Answer& answer) {
  if (point == wire::Point::placed) return enter_cgroups(context, answer);
  if (answer.count != 0) return context.failed(-EPROTO, kAnswer);
  context.ready = point == wire::Point::ready;
  return 0;
}

// Before the question `ready`: crumb leaves right after its answer. Should it die without one, the end of file ends us.
void outlive_crumb(const Context& context) {
  if (!context.filtered) kernel::prctl(PR_SET_PDEATHSIG, 0);
}

}  // namespace

long perform(Context& context, const wire::Meet<InitForm>& step) {
  wire::Message question;
  question.point = static_cast<wire::Point>(step.point);
  const bool map = question.point == wire::Point::map;
  // The files of a process that is not dumpable belong to root, and here an ordinary host writes to them. The container has no
  // process yet that could look into this one.
  if (map) kernel::prctl(PR_SET_DUMPABLE, 1);
  if (question.point == wire::Point::ready && !step.tied) outlive_crumb(context);
  Answer answer;
  long result = ask(context, question, -1, answer);
  if (result >= 0) result = follow(context, question.point, answer);
  return result < 0 || !map ? result : kernel::prctl(PR_SET_DUMPABLE, 0);
}

long perform(Context& context, const wire::Tell<InitForm>& step) {
  wire::Message question;
  question.point = static_cast<wire::Point>(step.point);
  outlive_crumb(context);
  const long result = put_question(context, question, -1);
  context.told_ready = result >= 0;
  return result;
}

long perform(Context& context, const wire::Await<InitForm>& step) {
  const auto point = static_cast<wire::Point>(step.point);
  Answer answer;
  const long result = await_answer(context, point, answer);
  if (result >= 0 || result == -EPROTO) context.told_ready = false;  // else it is still to be taken
  return result < 0 ? result : follow(context, point, answer);
}

long wait_for_start(Context& context) {
  const int start = context.start;
  context.start = -1;
  char byte = 0;
  long result = 0;
  do result = kernel::read(start, &byte, sizeof byte);
  while (result == -EINTR);
  if (result == 0) return -EPIPE;
  return result < 0 ? result : 0;
}

namespace {

// The host counts on the process from `ready` on. True where a filter that forbids to read leaves it open whether it does by
// now.
bool take_last_answer(Context& context) {
  if (!context.told_ready) return false;
  Answer answer;
  const long result = await_answer(context, wire::Point::ready, answer);
  context.ready = result >= 0;
  return result < 0 && result != -EPROTO;
}

// Of a hook's process only init, which waits for it, knows.
[[noreturn]] void leave_hook(const Context& context, long error) {
  const int number = static_cast<int>(error);
  kernel::write(context.hook, &number, sizeof number);
  kernel::exit_group(kFailure);
}

}  // namespace

void leave(Context& context, long error) {
  if (context.hook >= 0) leave_hook(context, error);
  wire::Message message;
  message.point = wire::Point::failed;
  message.step = context.step;
  message.error = static_cast<int32_t>(-error);
  message.value = context.value;
  copy(message.text, sizeof message.text, context.operand);
  const bool unsure = take_last_answer(context);
  // `create` has gone: `start` is who will want to know.
  if (context.ready && context.start >= 0) wait_for_start(context);
  if (context.ready || (unsure && context.result >= 0)) kernel::write(context.report(), &message, sizeof message);
  if (!context.ready) send(context, message);
  kernel::exit_group(kFailure);
}

}  // namespace crumb::init
