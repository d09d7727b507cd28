// The host's side of wire/protocol.h, row by row, against an init that says what the test wants.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "container/session.h"
#include "linux/channel.h"
#include "plan/plan.h"
#include "support/error.h"
#include "wire/protocol.h"

namespace crumb::container {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::Message;
using wire::Point;

Message message(Point point, std::uint64_t value = 0) {
  Message made;
  made.point = point;
  made.value = value;
  return made;
}

Message failed(std::uint32_t step, int error, const char* text) {
  Message made;
  made.step = step;
  made.error = error;
  std::strncpy(made.text, text, sizeof made.text - 1);
  return made;
}

int open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

// What init says lies in the socket before the host listens, and what the host answers is read afterwards: no second process.
class Host : public ::testing::Test {
 protected:
  Host() : Host(linux::Channel::pair()) {}

  void say(const Message& what, std::initializer_list<int> descriptors = {}) { say_bytes(&what, sizeof what, descriptors); }

  void say_bytes(const void* bytes, std::size_t size, std::initializer_list<int> descriptors = {}) {
    iovec part{const_cast<void*>(bytes), size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (descriptors.size() != 0) {
      header.msg_control = control;
      header.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
      cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
      std::memcpy(CMSG_DATA(rights), std::data(descriptors), sizeof(int) * descriptors.size());
    }
    ASSERT_EQ(::sendmsg(init_.get(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(size));
  }

  // The points that lead up to one.
  void say_until(Point last) {
    for (const Point point : {Point::pid, Point::placed, Point::program, Point::ready}) {
      if (point > last) return;
      if (point == Point::program) {
        say(message(point, 7), {0});
      } else {
        say(message(point, 42));
      }
    }
  }

  void die() { init_.reset(); }

  Handlers handlers() {
    Handlers all;
    for (const Point point : {Point::pid, Point::placed, Point::program, Point::ready})
      all[point] = [this, point](Question& question) {
        handled_.push_back(point);
        question_ = std::move(question);
        if (point == failing_) throw Error("the host's own reason", 126);
        return answer_of(point);
      };
    return all;
  }

  static Answer answer_of(Point point) {
    Answer answer;
    if (point != Point::program) return answer;
    answer.value = wire::kWasm;
    answer.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    answer.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return answer;
  }

  bool prepare() { return session_.prepare(handlers()); }

  Error error_of_prepare() {
    return error_of([this] { prepare(); });
  }

  template <class Action>
  static Error error_of(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error("");
  }

  // The next answer of the host; point 0 when there is none.
  Message answer(std::size_t* descriptors = nullptr) {
    Message got;
    got.point = Point{};
    iovec part{&got, sizeof got};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    if (::recvmsg(init_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return got;
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    const std::size_t count = rights ? (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(rights) + i * sizeof number, sizeof number);
      const Fd closes(number);
    }
    if (descriptors) *descriptors = count;
    return got;
  }

  std::vector<plan::Step> steps_{plan::Hostname{"web"}, plan::Directory{"/srv"}, plan::Exec{}};
  std::vector<Point> handled_;
  Question question_;
  Point failing_{};
  linux::Channel channel_;
  Fd init_;
  Session session_;

 private:
  explicit Host(std::pair<linux::Channel, Fd> ends)
      : channel_(std::move(ends.first)), init_(std::move(ends.second)), session_(channel_, steps_) {}
};

TEST_F(Host, LeadsInitFromPidToReadyInTheOrderOfTheTable) {
  say_until(Point::ready);
  EXPECT_TRUE(prepare());
  EXPECT_THAT(handled_, ElementsAre(Point::pid, Point::placed, Point::program, Point::ready));
}

TEST_F(Host, LeavesOutPointsThatInitDoesNotReach) {
  for (const Point point : {Point::pid, Point::ready}) say(message(point));
  EXPECT_TRUE(prepare());
  EXPECT_THAT(handled_, ElementsAre(Point::pid, Point::ready));
}

TEST_F(Host, TakesThePidWithoutAnAnswerAndAnswersEveryOtherPointWithItself) {
  say_until(Point::ready);
  ASSERT_TRUE(prepare());
  for (const Point point : {Point::placed, Point::program, Point::ready}) {
    const Message got = answer();
    EXPECT_EQ(got.point, point);
    EXPECT_EQ(got.magic, wire::kMessageMagic);
    EXPECT_EQ(got.error, 0);
  }
  EXPECT_EQ(answer().point, Point{});
}

TEST_F(Host, HandsTheProgramToItsHandlerAndTheEnginesDescriptorsToInit) {
  say(message(Point::pid, 42));
  Message question = message(Point::program, 7);
  std::strcpy(question.text, "/app.wasm");
  say(question, {0});
  say(message(Point::ready));
  Handlers watched = handlers();
  const auto inner = watched[Point::program];
  watched[Point::program] = [&](Question& asked) {
    EXPECT_EQ(asked.value, 7U);
    EXPECT_EQ(asked.text, "/app.wasm");
    EXPECT_EQ(::fcntl(asked.descriptor.get(), F_GETFD), FD_CLOEXEC);
    return inner(asked);
  };
  ASSERT_TRUE(session_.prepare(watched));
  std::size_t descriptors = 0;
  const Message got = answer(&descriptors);
  EXPECT_EQ(got.point, Point::program);
  EXPECT_EQ(got.value, wire::kWasm);
  EXPECT_EQ(descriptors, 2U);
}

TEST_F(Host, TakesTheNumberOfAListenerBeforeReady) {
  for (const Message& what : {message(Point::pid), message(Point::seccomp, 9), message(Point::ready)}) say(what);
  Handlers all = handlers();
  std::uint64_t number = 0;
  all[Point::seccomp] = [&](Question& question) { return number = question.value, Answer{}; };
  ASSERT_TRUE(session_.prepare(all));
  EXPECT_EQ(number, 9U);
  EXPECT_EQ(answer().point, Point::seccomp);
}

TEST_F(Host, ReadsNothingMoreAfterReady) {
  say_until(Point::ready);
  say(message(Point::placed));
  EXPECT_TRUE(prepare());
}

class WrongOrder : public Host, public ::testing::WithParamInterface<std::vector<Point>> {};

TEST_P(WrongOrder, EndsTheConversation) {
  for (const Point point : GetParam()) {
    if (point == Point::program) {
      say(message(point), {0});
    } else {
      say(message(point));
    }
  }
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("crumb-init does not keep to the protocol"));
}

INSTANTIATE_TEST_SUITE_P(Points, WrongOrder,
                         ::testing::Values(std::vector{Point::placed}, std::vector{Point::program}, std::vector{Point::ready},
                                           std::vector{Point::pid, Point::pid},
                                           std::vector{Point::pid, Point::placed, Point::placed},
                                           std::vector{Point::pid, Point::program, Point::placed},
                                           std::vector{Point::pid, Point::program, Point::program},
                                           std::vector{Point::pid, Point::placed, Point::pid},
                                           std::vector{Point::pid, Point::map}, std::vector{Point::map, Point::placed}));

class Unhandled : public Host, public ::testing::WithParamInterface<Point> {};

TEST_P(Unhandled, PointIsRefused) {
  say(message(Point::pid));
  if (GetParam() == Point::console) {
    say(message(GetParam()), {0});
  } else {
    say(message(GetParam()));
  }
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("is not a point of this Plan"));
  EXPECT_THAT(handled_, ElementsAre(Point::pid));
}

INSTANTIATE_TEST_SUITE_P(Points, Unhandled, ::testing::Values(Point::mounted, Point::console, Point::seccomp));

TEST_F(Host, AnswersMapBeforeThePid) {
  say(message(Point::map));
  say_until(Point::ready);
  Handlers with_map = handlers();
  with_map[Point::map] = [](Question&) { return Answer{}; };
  EXPECT_TRUE(session_.prepare(with_map));
  EXPECT_EQ(answer().point, Point::map);
}

TEST_F(Host, RefusesMapWhereNobodyMaps) {
  say(message(Point::map));
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("\"map\" is not a point of this Plan"));
}

TEST_F(Host, RefusesAWrongMagic) {
  Message wrong = message(Point::pid);
  wrong.magic = 0x32425243;
  say(wrong);
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("bad magic 0x32425243"));
  EXPECT_THAT(handled_, IsEmpty());
}

TEST_F(Host, RefusesAPointThatDoesNotExist) {
  for (const std::uint32_t number : {0U, 10U, 0xffffffffU}) {
    const auto ends = linux::Channel::pair();
    linux::Channel channel = std::move(const_cast<linux::Channel&>(ends.first));
    const Message wrong = message(static_cast<Point>(number));
    ASSERT_EQ(::send(ends.second.get(), &wrong, sizeof wrong, 0), static_cast<ssize_t>(sizeof wrong));
    Session session(channel, steps_);
    EXPECT_THAT(error_of([&] { session.prepare(handlers()); }).what(), HasSubstr("unknown point " + std::to_string(number)));
  }
}

TEST_F(Host, RefusesAMessageOfAnotherSize) {
  const char bytes[1024] = {};
  for (const std::size_t size : {std::size_t{1}, sizeof(Message) - 1, sizeof(Message) + 1}) {
    say_bytes(bytes, size);
    EXPECT_THAT(error_of_prepare().what(), HasSubstr("crumb-init does not keep to the protocol: a message of"));
  }
}

TEST_F(Host, RefusesATextWithoutAnEnd) {
  Message wrong = message(Point::pid);
  std::memset(wrong.text, 'x', sizeof wrong.text);
  say(wrong);
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("endless text"));
}

TEST_F(Host, RefusesDescriptorsWhereNoneBelongAndClosesThem) {
  for (const Point point : {Point::pid, Point::placed, Point::ready, Point::failed}) {
    auto ends = linux::Channel::pair();
    std::swap(init_, ends.second);
    Session session(ends.first, steps_);
    if (point != Point::pid) say(message(Point::pid));
    say(message(point), {0, 1});
    const int before = open_descriptors();
    EXPECT_THAT(error_of([&] { session.prepare(handlers()); }).what(), HasSubstr("2 descriptors at"));
    EXPECT_EQ(open_descriptors(), before);
  }
}

TEST_F(Host, RefusesAProgramWithoutADescriptorOrWithTwo) {
  say(message(Point::pid));
  say(message(Point::program));
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("0 descriptors at \"program\" instead of 1"));
  say(message(Point::program), {0, 1});
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("2 descriptors at \"program\" instead of 1"));
}

TEST_F(Host, RefusesAConsoleWithoutADescriptorOrWithTwo) {
  say(message(Point::pid));
  say(message(Point::console));
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("0 descriptors at \"console\" instead of 1"));
  say(message(Point::console), {0, 1});
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("2 descriptors at \"console\" instead of 1"));
}

// ---- what init does not ask about

class Telling : public Host {
 protected:
  Telling() { session_.expect_no_pid(); }
  void tell() {
    session_.tell(Point::placed, [this] {
      handled_.push_back(Point::placed);
      if (failing_ == Point::placed) throw Error("the host's own reason", 126);
      return answer_of(Point::program);  // with descriptors
    });
  }
};

TEST_F(Telling, DoesTheWorkAndSaysSo) {
  tell();
  EXPECT_THAT(handled_, ElementsAre(Point::placed));
  std::size_t descriptors = 0;
  const Message told = answer(&descriptors);
  EXPECT_EQ(told.point, Point::placed);
  EXPECT_EQ(told.error, 0);
  EXPECT_EQ(descriptors, 2U);
  EXPECT_EQ(session_.position(), "after \"placed\"");
  say(message(Point::ready));
  EXPECT_TRUE(prepare());
}

TEST_F(Telling, MakesInitLeaveWhenTheWorkFails) {
  failing_ = Point::placed;
  EXPECT_STREQ(error_of([this] { tell(); }).what(), "the host's own reason");
  const Message told = answer();
  EXPECT_EQ(told.point, Point::placed);
  EXPECT_EQ(told.error, ECANCELED);
  EXPECT_EQ(answer().point, Point{});
}

TEST_F(Telling, FindsOutLaterThatInitHasDied) {
  die();
  EXPECT_NO_THROW(tell());
  EXPECT_FALSE(prepare());
}

TEST_F(Telling, HearsWhyInitHasLeftWithoutListening) {
  say(failed(1, EACCES, ""));
  tell();
  die();
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("working directory \"/srv\""));
}

TEST_F(Telling, RefusesTheQuestionThatItHasAnswered) {
  tell();
  say(message(Point::placed));
  die();
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("crumb-init does not keep to the protocol: \"placed\" after \"placed\""));
}

class AtEachPoint : public Host, public ::testing::WithParamInterface<Point> {};

TEST_P(AtEachPoint, ADeadInitEndsTheConversationWithItsPosition) {
  say_until(GetParam());
  die();
  EXPECT_FALSE(prepare());
  // An answer that nobody takes ends it where it stands.
  EXPECT_EQ(session_.position(), GetParam() == Point::pid ? "after \"pid\"" : "after \"placed\"");
}

class BeforeReady : public AtEachPoint {};

TEST_P(BeforeReady, AFailedRecordBecomesItsStepsMessage) {
  say_until(GetParam());
  say(failed(1, EACCES, ""));
  const Error error = error_of_prepare();
  EXPECT_THAT(error.what(), HasSubstr("working directory \"/srv\""));
  EXPECT_EQ(error.exit_code(), 1);
  EXPECT_FALSE(error.shown());
}

TEST_P(AtEachPoint, AFailingHandlerMakesInitLeaveAndItsErrorGoesUp) {
  failing_ = GetParam();
  say_until(Point::ready);
  const Error error = error_of_prepare();
  EXPECT_STREQ(error.what(), "the host's own reason");
  EXPECT_EQ(error.exit_code(), 126);
  Message last = answer();
  while (last.point != failing_ && last.point != Point{}) last = answer();
  EXPECT_EQ(last.point, failing_);
  EXPECT_NE(last.error, 0);
  EXPECT_EQ(answer().point, Point{});
}

INSTANTIATE_TEST_SUITE_P(Points, AtEachPoint, ::testing::Values(Point::pid, Point::placed, Point::program, Point::ready));
INSTANTIATE_TEST_SUITE_P(Points, BeforeReady, ::testing::Values(Point::pid, Point::placed, Point::program));

TEST_F(Host, HearsWhyInitHasLeftWithoutItsAnswer) {
  say_until(Point::ready);
  say(failed(1, EACCES, ""));
  const auto killing = [this](Question&) { return die(), Answer{}; };
  Handlers all = handlers();
  all[Point::ready] = killing;
  EXPECT_THAT(error_of([&] { session_.prepare(all); }).what(), HasSubstr("working directory \"/srv\""));
}

TEST_F(Host, ADeathBeforeTheFirstWordIsAtOnce) {
  die();
  EXPECT_FALSE(prepare());
  EXPECT_EQ(session_.position(), "at once");
}

TEST_F(Host, TheFirstStageMayFailBeforeThePid) {
  say(failed(0, EPERM, ""));
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("hostname \"web\""));
}

TEST_F(Host, AStepThatThePlanDoesNotHaveIsSaidSo) {
  say(failed(3, EIO, ""));
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("step 3"));
}

TEST_F(Host, AnUnreadablePlanIsSaidSo) {
  say(failed(wire::kPlanStep, EBADMSG, ""));
  EXPECT_THAT(error_of_prepare().what(), HasSubstr("cannot read its Plan"));
}

TEST_F(Host, AnOperandNeverBreaksTheLine) {
  say(failed(1, EACCES, "a\nb\x1b[31m"));
  EXPECT_EQ(std::string(error_of_prepare().what()).find_first_of("\n\x1b"), std::string::npos);
}

TEST_F(Host, EndOfFileAfterReadyMeansThatTheProgramRuns) {
  say_until(Point::ready);
  ASSERT_TRUE(prepare());
  die();
  EXPECT_NO_THROW(session_.await_program(true));
}

TEST_F(Host, AFailedExecAfterReadyHasItsExitCode) {
  say_until(Point::ready);
  ASSERT_TRUE(prepare());
  say(failed(2, EACCES, "/bin/x"));
  EXPECT_EQ(error_of([this] { session_.await_program(true); }).exit_code(), 126);
  say(failed(2, ENOENT, "/bin/x"));
  EXPECT_EQ(error_of([this] { session_.await_program(true); }).exit_code(), 127);
}

TEST_F(Host, TheEnginesOwnMessageIsTheWholeErrorAndIsShownOnceInTheForeground) {
  say_until(Point::ready);
  ASSERT_TRUE(prepare());
  for (const bool foreground : {true, false}) {
    say(failed(wire::kEngineStep, ENOEXEC, "/app.wasm: unknown import"));
    const Error error = error_of([&] { session_.await_program(foreground); });
    EXPECT_STREQ(error.what(), "/app.wasm: unknown import");
    EXPECT_EQ(error.exit_code(), 126);
    EXPECT_EQ(error.shown(), foreground);
  }
}

TEST_F(Host, NothingButAFailureMayComeAfterReady) {
  say_until(Point::ready);
  ASSERT_TRUE(prepare());
  say(message(Point::placed));
  EXPECT_THAT(error_of([this] { session_.await_program(true); }).what(), HasSubstr("does not keep to the protocol"));
}

}  // namespace
}  // namespace crumb::container
