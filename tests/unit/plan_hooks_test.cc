// What hooks read, and how one that failed is named.
#include "plan/hooks.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>

#include "support/json.h"

namespace crumb::plan {
namespace {

constexpr int kExit3 = 3 << 8;

TEST(HookState, IsTheSpecificationsWithAndWithoutAProcess) {
  const StateText text = state_text("web", "/bundle", "creating", {{"org.x", "a \"b\""}});
  EXPECT_EQ(
      text.with_pid(42),
      R"({"ociVersion":"1.3.0","id":"web","status":"creating","pid":42,"bundle":"/bundle","annotations":{"org.x":"a \"b\""}})");
  EXPECT_EQ(text.without_pid(),
            R"({"ociVersion":"1.3.0","id":"web","status":"creating","bundle":"/bundle","annotations":{"org.x":"a \"b\""}})");
}

TEST(HookState, HasNoAnnotationsWhereTheConfigHasNone) {
  EXPECT_EQ(state_text("web", "/b", "stopped", {}).without_pid(),
            R"({"ociVersion":"1.3.0","id":"web","status":"stopped","bundle":"/b"})");
}

TEST(HookState, IsJsonWhateverIsInIt) {
  const json::value state = boost::json::parse(state_text("a", "/b\"\n\\", "running", {{"k\n", "\x01"}}).with_pid(1));
  EXPECT_EQ(state.at("bundle"), "/b\"\n\\");
  EXPECT_EQ(state.at("annotations").at("k\n"), "\x01");
}

TEST(HookFailure, NamesKindNumberPathAndReason) {
  EXPECT_EQ(hook_failure("createRuntime", 2, "/usr/bin/x", "exit status 3"),
            "error running createRuntime hook #2: \"/usr/bin/x\": exit status 3");
}

TEST(HookFailure, SaysHowTheHookEnded) {
  EXPECT_EQ(hook_reason(ECHILD, kExit3, 0, ""), "exit status 3");
  EXPECT_EQ(hook_reason(ECHILD, kExit3, 0, "no network"), "exit status 3: no network");
  EXPECT_EQ(hook_reason(ECHILD, SIGSEGV, 0, ""), "killed by signal 11");
  EXPECT_EQ(hook_reason(ETIME, SIGKILL, 5, "still here"), "killed after its timeout, 5 s: still here");
  EXPECT_EQ(hook_reason(EOWNERDEAD, SIGKILL, 0, ""), "killed, as the container's process has ended");
}

// podman and containerd would take them for a container's program that cannot be run.
TEST(HookFailure, HasNoneOfTheWordsThatCallersLookFor) {
  for (const int error : {ENOENT, ENOTDIR, EACCES, EPERM})
    for (const char* word : {"o such file", "ermission denied", "not permitted", "not found"})
      EXPECT_EQ(hook_reason(error, 0, 0, "").find(word), std::string::npos) << error;
  EXPECT_EQ(hook_reason(ENOEXEC, 0, 0, ""), "Exec format error");
}

}  // namespace
}  // namespace crumb::plan
