// What crumb asks of crumb-systemd, and where that looks for systemd.
#include "linux/systemd.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "linux_support.h"

namespace crumb::linux {
namespace {

using crumb::testing::error_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SystemdAddresses : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"}) ::unsetenv(name);
  }
};

TEST_F(SystemdAddresses, OfTheMachineAreSystemdsOwnSocketAndTheBus) {
  EXPECT_THAT(systemd_addresses(false), ElementsAre("unix:path=/run/systemd/private", "unix:path=/run/dbus/system_bus_socket"));
}

TEST_F(SystemdAddresses, OfAUserAreInTheRuntimeDirectory) {
  EXPECT_THAT(systemd_addresses(true), IsEmpty());
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_THAT(systemd_addresses(true), ElementsAre("unix:path=/run/user/7/bus", "unix:path=/run/user/7/systemd/private"));
}

TEST_F(SystemdAddresses, ThatTheEnvironmentHasCountAlone) {
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/a", 1);
  ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/b", 1);
  EXPECT_THAT(systemd_addresses(false), ElementsAre("unix:path=/a"));
  EXPECT_THAT(systemd_addresses(true), ElementsAre("unix:path=/b"));
}

TEST(SystemdHelper, ThatIsMissingIsNamed) {
  EXPECT_EQ(error_of([] { stop_unit({"/no/such/crumb-systemd", {}}, "x.scope"); }),
            "systemd: /no/such/crumb-systemd: is not there");
}

TEST(SystemdHelper, ThatSaysNothingIsToldByItsExitCode) {
  EXPECT_EQ(error_of([] { stop_unit({"/bin/false", {}}, "x.scope"); }), "systemd: crumb-systemd ended with exit code 1");
}

}  // namespace
}  // namespace crumb::linux
