#include "container/session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <variant>

#include "plan/hooks.h"
#include "plan/text.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

using wire::Point;

constexpr int kCannotRun = 126;

const char* word(Point point) {
  switch (point) {
    case Point::map:
      return "map";
    case Point::pid:
      return "pid";
    case Point::placed:
      return "placed";
    case Point::mounted:
      return "mounted";
    case Point::console:
      return "console";
    case Point::program:
      return "program";
    case Point::seccomp:
      return "seccomp";
    case Point::ready:
      return "ready";
    case Point::failed:
      return "failed";
  }
  return nullptr;
}

template <class... Arguments>
Error misbehaviour(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return Error("crumb-init does not keep to the protocol: " + fmt::format(format, std::forward<Arguments>(arguments)...));
}

// Names in a record may come from the image: one line, whatever they hold.
std::string printable(const wire::Message& message) {
  std::string text(message.text, strnlen(message.text, sizeof message.text));
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

bool carries_descriptor(Point point) { return point == Point::console || point == Point::program; }

void check(const linux::Channel::Received& received, Point last) {
  const wire::Message& message = received.message;
  if (message.magic != wire::kMessageMagic) throw misbehaviour("bad magic {:#x}", message.magic);
  const char* name = word(message.point);
  if (!name) throw misbehaviour("unknown point {}", static_cast<std::uint32_t>(message.point));
  if (message.text[wire::kMessageText - 1] != 0) throw misbehaviour("endless text at \"{}\"", name);
  const std::size_t expected = carries_descriptor(message.point) ? 1 : 0;
  if (received.descriptors.size() != expected)
    throw misbehaviour("{} descriptors at \"{}\" instead of {}", received.descriptors.size(), name, expected);
  if (message.point == Point::failed) return;
  if (last < Point::pid && message.point > Point::pid) throw misbehaviour("\"{}\" before \"pid\"", name);
  if (message.point <= last) throw misbehaviour("\"{}\" after \"{}\"", name, word(last));
}

// False when nobody is there to be answered.
bool answer(linux::Channel& sync, Point point, const Answer& answer, int error = 0) {
  wire::Message message;
  message.point = point;
  message.value = answer.value;
  message.error = error;
  answer.text.copy(message.text, wire::kMessageText - 1);
  return sync.send(message, answer.descriptors);
}

// What matters is the error that made us refuse, whether anybody hears that or not.
void refuse(linux::Channel& sync, Point point) {
  try {
    answer(sync, point, {}, ECANCELED);
  } catch (const Error&) {
    // Whoever launched it ends it.
  }
}

// What `work` gives, or "leave" where it throws.
Answer answer_to(linux::Channel& sync, Point point, const std::function<Answer()>& work) {
  try {
    return work();
  } catch (const Error&) {
    refuse(sync, point);
    throw;
  }
}

}  // namespace

// Nothing when init has died. Throws what it failed at, if it says so.
std::optional<linux::Channel::Received> Session::await_question() {
  const trace::Span span("wait for crumb-init");
  std::optional<linux::Channel::Received> received = sync_.receive();
  if (received) check(*received, last_);
  if (received && received->message.point == Point::failed) throw failure_of(received->message, steps_, false);
  return received;
}

bool Session::answer_one(const Handlers& handlers) {
  std::optional<linux::Channel::Received> received = await_question();
  if (!received) return false;
  const Point point = received->message.point;
  const auto handler = handlers.find(point);
  if (handler == handlers.end()) throw misbehaviour("\"{}\" is not a point of this Plan", word(point));
  last_ = point;

  const trace::Span span(word(point));
  Question question{received->message.value, printable(received->message), {}};
  if (!received->descriptors.empty()) question.descriptor = std::move(received->descriptors.front());
  const Answer reply = answer_to(sync_, point, [&] { return handler->second(question); });
  if (point == Point::pid || answer(sync_, point, reply)) return true;
  await_question();  // the last word of an init that takes no answer any more
  return false;
}

void Session::tell(Point point, const std::function<Answer()>& work) {
  last_ = point;
  const trace::Span span(word(point));
  answer(sync_, point, answer_to(sync_, point, work));
}

bool Session::prepare(const Handlers& handlers) {
  while (last_ != Point::ready) {
    if (!answer_one(handlers)) return false;
  }
  return true;
}

std::string Session::position() const { return last_ == Point{} ? "at once" : fmt::format("after \"{}\"", word(last_)); }

void Session::await_program(bool foreground) {
  const std::optional<linux::Channel::Received> received = sync_.receive();
  if (!received) return;  // exec, or the engine, closed it
  check(*received, last_);
  if (received->message.point != Point::failed) throw misbehaviour("\"{}\" after \"ready\"", word(received->message.point));
  throw failure_of(received->message, steps_, foreground);
}

Error failure_of(const wire::Message& record, const std::vector<plan::Step>& steps, bool foreground) {
  const std::string text = printable(record);
  if (record.step == wire::kEngineStep) {
    Error error(text, kCannotRun);
    return foreground ? error.mark_shown() : error;
  }
  if (record.step == wire::kPlanStep) return fail("crumb-init cannot read its Plan: {}", errno_text(record.error));
  if (record.step >= steps.size())
    return fail("crumb-init failed at step {}, which the Plan does not have: {}", record.step, errno_text(record.error));
  const plan::Step& step = steps[record.step];
  if (const auto* hook = std::get_if<plan::Hook>(&step)) {
    const std::string reason = plan::hook_reason(record.error, static_cast<int>(record.value), hook->timeout, text);
    return Error(plan::hook_failure(hook->kind, hook->index, hook->path, reason));
  }
  return Error(plan::failure(step, record.error, text), plan::failure_exit_code(step, record.error));
}

}  // namespace crumb::container
