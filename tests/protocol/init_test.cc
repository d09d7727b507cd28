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

using wire::Point;

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
  start({plan::Fork{}, plan::Directory{.path = "/nowhere"}});
  hear_pid();
  expect_failure(1, ENOENT);
}

}  // namespace
}  // namespace crumb::test
