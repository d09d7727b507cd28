// crumb-init's side of wire/protocol.h, row by row, and what it does with a Plan that is not one.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "init_case.h"
#include "wire/steps.h"

namespace crumb::test {
namespace {

using ::testing::Each;
using wire::Message;
using wire::Point;

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kStride = 17;  // a program under AddressSanitizer takes ten times as long to start
#else
constexpr std::size_t kStride = 1;
#endif

class Protocol : public InitCase {};

TEST_F(Protocol, PidComesFromTheFirstStageWhichThenLeaves) {
  start({plan::Fork{}, meeting(Point::placed)});
  const pid_t first = process();
  hear_pid();
  EXPECT_NE(process(), first);
  EXPECT_THAT(of_process("status"), ::testing::HasSubstr("PPid:\t" + std::to_string(::getpid()) + "\n"));
  meet(Point::placed);
  expect_end();
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, PidIsSaidBeforeAnythingElse) {
  for (int round = 0; round < 20; ++round) {
    InitCase::start({plan::Fork{}, plan::Directory{.path = "/nowhere"}});
    const Heard first = hear();
    EXPECT_EQ(first.message.point, Point::pid);
    EXPECT_EQ(hear().message.point, Point::failed);
    wait();
    ::waitpid(static_cast<pid_t>(first.message.value), nullptr, 0);
    if (HasFailure()) return;
    *this << *this;
  }
}

}  // namespace
}  // namespace crumb::test
