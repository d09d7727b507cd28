// The Plan of `crumb wasm run`.
#include "plan/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "plan/text.h"
#include "plan/wasm_policy.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ModuleRun example() {
  ModuleRun run;
  run.file = 7;
  run.arguments = {"app.wasm", "word"};
  run.environment = {"A=1"};
  run.directories = {{"data", "/srv/data", false}, {".", "/home/u", true}};
  run.policy = bare_wasm_policy();
  return run;
}

Surroundings ordinary_user() {
  Surroundings surroundings;
  surroundings.uid = 1000;
  surroundings.gid = 1001;
  surroundings.privileged = false;
  return surroundings;
}

template <class Wanted>
const Wanted* find(const Plan& plan) {
  for (const Step& step : plan.steps)
    if (const auto* const found = std::get_if<Wanted>(&step)) return found;
  return nullptr;
}

TEST(ModulePlan, RootNeedsNoUserNamespace) {
  const Plan plan = compile_module(example(), {});
  EXPECT_FALSE(plan.host.maps);
  EXPECT_EQ(find<Unshare>(plan), nullptr);
  EXPECT_TRUE(find<Fork>(plan)->namespaces & CLONE_NEWNET);
}

TEST(ModulePlan, AnOrdinaryUserIsRootOfAUserNamespaceWithNoOtherId) {
  const Plan plan = compile_module(example(), ordinary_user());
  ASSERT_TRUE(plan.host.maps && plan.host.maps->deny_setgroups);
  ASSERT_EQ(plan.host.maps->uids.size(), 1U);
  EXPECT_EQ(plan.host.maps->uids[0].host, 1000U);
  EXPECT_EQ(plan.host.maps->gids[0].host, 1001U);
  EXPECT_TRUE(find<Credentials>(plan)->keep_groups);
}

TEST(ModulePlan, NothingIsKeptAndTheProcessDiesWithCrumb) {
  const Plan plan = compile_module(example(), {});
  EXPECT_TRUE(plan.host.cgroup_leaves.empty());
  EXPECT_EQ(find<WaitStart>(plan), nullptr);
  ASSERT_TRUE(std::holds_alternative<Exec>(plan.steps.back()));
  const auto* const ready = std::get_if<Meet>(&plan.steps[plan.steps.size() - 2]);
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->point, static_cast<std::uint64_t>(wire::Point::ready));
  EXPECT_TRUE(ready->tied);
}

TEST(ModulePlan, TheSandboxHoldsTheGivenDirectoriesAlone) {
  const std::string text = describe(compile_module(example(), {}));
  EXPECT_THAT(text, HasSubstr("root filesystem: an empty tmpfs"));
  EXPECT_THAT(text, HasSubstr("bind mount \"/srv/data\" on \"/0\""));
  EXPECT_THAT(text, HasSubstr("directories without procfs and sysfs: \"/0\" as \"data\" (read-only), \"/1\" as \".\""));
  EXPECT_THAT(text, HasSubstr("network: none"));
  EXPECT_THAT(text, Not(HasSubstr("\"proc\"")));
  EXPECT_THAT(text, Not(HasSubstr("/dev")));
}

TEST(ModulePlan, SocketsThatAreHandedOverStayOpenAndAreGivenToTheGuest) {
  ModuleRun run = example();
  run.listen_fds = 2;
  const Plan plan = compile_module(run, {});
  EXPECT_EQ(find<CloseDescriptors>(plan)->first, 5U);
  EXPECT_EQ(plan.wasm.network, WasmPolicy::Network::listen);
  EXPECT_EQ(plan.wasm.listen, 2U);
}

TEST(ModulePlan, TheHostsNetworkComesWithSockets) {
  ModuleRun run = example();
  run.host_network = true;
  const Plan plan = compile_module(run, {});
  EXPECT_FALSE(find<Fork>(plan)->namespaces & CLONE_NEWNET);
  EXPECT_EQ(plan.wasm.network, WasmPolicy::Network::all);
}

}  // namespace
}  // namespace crumb::plan
