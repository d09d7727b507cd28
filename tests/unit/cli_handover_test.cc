#include "cli/handover.h"

#include <gmock/gmock.h>

#include "support/error.h"

namespace crumb::cli {
namespace {

constexpr int kPid = 42;

container::Handover activation(const char* fds, const char* pid, const char* names = nullptr) {
  container::Handover handover{.preserve_fds = 3};
  take_activation(fds, pid, names, kPid, handover);
  return handover;
}

std::string activation_error(const char* fds, const char* pid) {
  try {
    activation(fds, pid);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Activation, WithoutTheVariableThereIsNone) {
  EXPECT_EQ(activation(nullptr, nullptr).listen_fds, 0U);
  EXPECT_EQ(activation("", "42").listen_fds, 0U);
  EXPECT_EQ(activation(nullptr, "42", "http").listen_names, "");
}

TEST(Activation, DescriptorsComeBeforeThePreservedOnes) {
  const container::Handover handover = activation("2", "42", "http:https");
  EXPECT_EQ(handover.listen_fds, 2U);
  EXPECT_EQ(handover.listen_names, "http:https");
  EXPECT_EQ(handover.count(), 5U);
}

TEST(Activation, AnotherProcesssDescriptorsAreNotOurs) { EXPECT_EQ(activation("2", "41").listen_fds, 0U); }

TEST(Activation, WithoutAPidTheyAreOurs) {
  EXPECT_EQ(activation("2", nullptr).listen_fds, 2U);
  EXPECT_EQ(activation("2", "").listen_fds, 2U);
}

TEST(Activation, WhatIsNoNumberIsRefused) {
  EXPECT_EQ(activation_error("two", nullptr), "environment variable LISTEN_FDS: \"two\" is not a number");
  EXPECT_EQ(activation_error("-1", "42"), "environment variable LISTEN_FDS: \"-1\" is not a number");
  EXPECT_EQ(activation_error("2", "me"), "environment variable LISTEN_PID: \"me\" is not a process id");
}

}  // namespace
}  // namespace crumb::cli
