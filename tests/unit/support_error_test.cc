#include <gtest/gtest.h>

#include <cstring>

#include "kernel/errors.h"
#include "support/error.h"

namespace crumb {
namespace {

TEST(ErrnoText, HasTheWordsThatCallersMatch) {
  EXPECT_EQ(errno_text(EACCES), "Permission denied");
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
  EXPECT_EQ(errno_text(EBUSY), "Device or resource busy");
}

TEST(ErrnoText, HasTheWordsOfGlibcForEveryNumber) {
  for (int error = 1; error <= EHWPOISON; ++error) EXPECT_EQ(errno_text(error), std::strerror(error)) << error;
}

TEST(ErrnoText, NamesNumbersThatMeanNothing) { EXPECT_EQ(errno_text(4000), "Unknown error 4000"); }

}  // namespace
}  // namespace crumb
