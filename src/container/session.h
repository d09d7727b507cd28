// The host's side of the conversation with crumb-init (wire/protocol.h): takes init's messages in the protocol's order, lets a
// handler do each point's work, answers, and turns what went wrong on either side into one Error.
//
// Init is not trusted with the host: a message of another size, magic or order, with a point nobody handles or with descriptors
// where none belong, ends the conversation. A handler's Error is answered with "leave" and thrown on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "linux/channel.h"
#include "plan/plan.h"
#include "support/error.h"
#include "support/fd.h"
#include "wire/protocol.h"

namespace crumb::container {

struct Question {
  std::uint64_t value = 0;
  std::string text;
  Fd descriptor;  // of console and program only
};

struct Answer {
  std::uint64_t value = 0;
  std::string text = {};  // cut where a message holds no more
  std::vector<Fd> descriptors;
};

using Handlers = std::map<wire::Point, std::function<Answer(Question&)>>;

class Session {
 public:
  // `steps` are those that init was given: failures are named after them. Both must outlive the session.
  Session(linux::Channel& sync, const std::vector<plan::Step>& steps) : sync_(sync), steps_(steps) {}

  // The process is known: no first stage will tell of it.
  void expect_no_pid() { last_ = wire::Point::pid; }

  // From the first message until `ready` has been answered. `handlers` holds `ready` and every point that init may
  // reach. False when init died on the way: why, only its status tells.
  bool prepare(const Handlers& handlers);

  // Does the work of a point that init does not ask about and tells it so. An init that is not there any more is no failure:
  // prepare() finds out, and hears what it had to say. One that asks all the same does not keep to the protocol.
  void tell(wire::Point point, const std::function<Answer()>& work);

  // Where the conversation stands: `after "placed"`, `at once`.
  std::string position() const;

  // After that, where the socket plays the part of `result` (exec): returns when the program runs, throws when it cannot.
  // `foreground`: see failure_of().
  void await_program(bool foreground);

 private:
  std::optional<linux::Channel::Received> await_question();
  bool answer_one(const Handlers& handlers);

  linux::Channel& sync_;
  const std::vector<plan::Step>& steps_;
  wire::Point last_{};
};

// What a record on the socket or on `result` says, with crumb's exit code. The engine's own failures are marked as shown when
// the container's stderr is crumb's own (`foreground`).
Error failure_of(const wire::Message& record, const std::vector<plan::Step>& steps, bool foreground);

}  // namespace crumb::container
