// The first stage with a user and a time namespace: the point `map`, and who init is before and after it.
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

#include "init_case.h"
#include "kernel/namespaces.h"
#include "wire/steps.h"

namespace crumb::test {
namespace {

using wire::Point;

constexpr unsigned kFirst = 100000;  // the host's id of the namespace's root

class Users : public InitCase {
 protected:
  void write_to_process(const std::string& file, const std::string& content) const {
    std::ofstream("/proc/" + std::to_string(process()) + "/" + file) << content;
  }
  void write_maps() const {
    write_to_process("gid_map", "0 100000 10\n");
    write_to_process("uid_map", "0 100000 10\n");
  }
  // Of the files in /proc that belong to whoever the process is, as long as it is dumpable.
  unsigned owner_in_proc() const {
    struct stat facts{};
    EXPECT_EQ(::stat(("/proc/" + std::to_string(process()) + "/maps").c_str(), &facts), 0);
    return facts.st_uid;
  }
};

TEST_F(Users, MapComesFromTheFirstStageBeforeThePid) {
  start({plan::Unshare{.namespaces = CLONE_NEWUSER}, meeting(Point::map), plan::NamespaceRoot{}, plan::Fork{},
         meeting(Point::placed)});
  ASSERT_EQ(hear().message.point, Point::map);
  write_maps();
  answer(Point::map);
  hear_pid();
  meet(Point::placed);
  EXPECT_EQ(wait(), 0);
}

TEST_F(Users, TheProcessIsRootOfItsNamespaceAfterwards) {
  start({plan::Unshare{.namespaces = CLONE_NEWUSER}, meeting(Point::map), plan::NamespaceRoot{}, meeting(Point::placed)});
  ASSERT_EQ(hear().message.point, Point::map);
  write_maps();
  answer(Point::map);
  ASSERT_EQ(hear().message.point, Point::placed);
  EXPECT_THAT(of_process("status"), ::testing::HasSubstr("Uid:\t100000\t100000\t100000\t100000\n"));
  EXPECT_THAT(of_process("status"), ::testing::HasSubstr("Gid:\t100000\t100000\t100000\t100000\n"));
  answer(Point::placed);
  EXPECT_EQ(wait(), 0);
}

TEST_F(Users, ItIsDumpableAtMapAndNowhereElse) {
  start({plan::Unshare{.namespaces = CLONE_NEWUSER}, meeting(Point::map), plan::NamespaceRoot{}, meeting(Point::map),
         meeting(Point::placed)});
  ASSERT_EQ(hear().message.point, Point::map);
  write_maps();
  answer(Point::map);
  ASSERT_EQ(hear().message.point, Point::map);
  EXPECT_EQ(owner_in_proc(), kFirst);
  answer(Point::map);
  ASSERT_EQ(hear().message.point, Point::placed);
  EXPECT_EQ(owner_in_proc(), 0U);
  answer(Point::placed);
  EXPECT_EQ(wait(), 0);
}

TEST_F(Users, WithoutMapsThereIsNoRoot) {
  start({plan::Unshare{.namespaces = CLONE_NEWUSER}, meeting(Point::map), plan::NamespaceRoot{}});
  meet(Point::map);
  expect_failure(2, EINVAL, "gid");
}

TEST_F(Users, AHostThatDiesAtMapTakesInitWithIt) {
  start({plan::Unshare{.namespaces = CLONE_NEWUSER}, meeting(Point::map), plan::NamespaceRoot{}});
  ASSERT_EQ(hear().message.point, Point::map);
  hang_up();
  EXPECT_EQ(wait(), 1);
}

TEST_F(Users, ClocksHaveTheOffsetsThatWereWrittenAtMap) {
  start({plan::Unshare{.namespaces = CLONE_NEWTIME}, meeting(Point::map), plan::Fork{}, meeting(Point::placed)});
  ASSERT_EQ(hear().message.point, Point::map);
  write_to_process("timens_offsets", "boottime 5000 0\n");
  answer(Point::map);
  hear_pid();
  ASSERT_EQ(hear().message.point, Point::placed);
  EXPECT_THAT(of_process("timens_offsets"), ::testing::ContainsRegex("boottime +5000 "));
  answer(Point::placed);
  EXPECT_EQ(wait(), 0);
}

TEST_F(Users, OnlyUserAndTimeNamespacesAreMadeByTheFirstStage) {
  start({plan::Unshare{.namespaces = CLONE_NEWNS}});
  expect_failure(wire::kPlanStep, EBADMSG);
}

TEST_F(Users, ASourceThatIsMissingIsAFailure) {
  start({plan::Source{.path = path("nowhere")}});
  expect_failure(0, ENOENT);
}

TEST_F(Users, ASourceThatMayBeMissingIsLeftOut) {
  start({plan::Source{.path = path("nowhere"), .flags = wire::kOptional}, meeting(Point::placed)});
  meet(Point::placed);
  EXPECT_EQ(wait(), 0);
}

TEST_F(Users, AKernelWithoutIdmappedMountsIsAFailureOfTheSource) {
  write_file("file", "content");
  start({plan::Source{.path = path("file"), .idmap = 0}}, {.rules = "mount_setattr=ENOSYS"});
  expect_failure(0, ENOSYS, "idmap");
}

}  // namespace
}  // namespace crumb::test
