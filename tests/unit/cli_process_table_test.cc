#include "cli/process_table.h"

#include <gtest/gtest.h>

#include "config_case.h"

namespace crumb::cli {
namespace {

constexpr char kOutput[] =
    "UID          PID    PPID CMD\n"
    "root           7       1 sh -c sleep 12\n"
    "root          12       7 sleep 7\n"
    "daemon       120       1 other\n";

TEST(ProcessTable, HasTheHeadingAndTheLinesOfTheContainersProcesses) {
  EXPECT_EQ(process_table(kOutput, {12}), "UID          PID    PPID CMD\nroot          12       7 sleep 7\n");
  EXPECT_EQ(process_table(kOutput, {}), "UID          PID    PPID CMD\n");
}

TEST(ProcessTable, NeedsAColumnPid) {
  EXPECT_EQ(oci::message_of([] { process_table("CMD\nsh\n", {1}); }), "ps: there is no column PID in \"CMD\"");
}

TEST(ProcessTable, PassesOverLinesThatAreTooShort) { EXPECT_EQ(process_table("A PID\nx\n\n1 2\n", {2}), "A PID\n1 2\n"); }

TEST(PidsJson, IsAnArrayOnOneLine) {
  EXPECT_EQ(pids_json({1, 22}), "[1,22]\n");
  EXPECT_EQ(pids_json({}), "[]\n");
}

}  // namespace
}  // namespace crumb::cli
