// Helper programs: what goes in, what comes out, and that nothing else of crumb's gets there.
#include "linux/helper.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "linux_support.h"

namespace crumb::linux {
namespace {

// The shell reads its script from stdin.
constexpr char kShell[] = "/bin/sh";

TEST(Helper, TakesInputAndBringsOutputErrorsAndExitCode) {
  const HelperResult result = run_helper(kShell, "echo out; echo err >&2; exit 7\n");
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.code, 7);
}

TEST(Helper, InheritsNothing) {
  const Fd open(::open("/dev/null", O_RDONLY));  // not close-on-exec, as preserved descriptors are
  ASSERT_TRUE(open);
  ::setenv("CRUMB_TEST_SECRET", "secret", 1);
  const HelperResult result = run_helper(kShell, "echo \"<$CRUMB_TEST_SECRET>\"; pwd; ls /proc/$$/fd\n");
  EXPECT_EQ(result.out, "<>\n/\n0\n1\n2\n") << result.err;
}

TEST(Helper, ThatIsKilledHasTheShellsExitCode) { EXPECT_EQ(run_helper(kShell, "kill -KILL $$\n").code, 128 + SIGKILL); }

TEST(Helper, MayWriteMoreThanAPipeHolds) {
  EXPECT_EQ(run_helper(kShell, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i + 1)); done\n").out.size(), 220000U);
}

TEST(Helper, ThatIsMissingIsNamed) {
  try {
    run_helper("/no/such/helper", "");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/no/such/helper: is not there");
  }
}

}  // namespace
}  // namespace crumb::linux
