// What a WebAssembly guest is given: annotations, limits, and what is left of them for its memory.
#include "plan/wasm_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config_case.h"

namespace crumb::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Preopen = WasmPolicy::Preopen;
using Network = WasmPolicy::Network;

constexpr std::uint64_t kMebi = 1 << 20;

oci::Config config_with(std::map<std::string, std::string> annotations) {
  oci::Config config = oci::parse_config(json::serialize(oci::valid_config()));
  config.annotations = std::move(annotations);
  return config;
}

WasmPolicy with(const std::string& key, const std::string& value) {
  return wasm_policy(config_with({{"run.crumb.wasm." + key, value}}), false, 2, 5);
}

std::string refusal(const std::string& key, const std::string& value) {
  return oci::message_of([&] { with(key, value); });
}

TEST(WasmPolicy, GivesTheWholeRootAndTheSocketsThatWereHandedOver) {
  const WasmPolicy policy = wasm_policy(config_with({}), false, 2, 5);
  EXPECT_THAT(policy.preopens, ElementsAre(Preopen{"/", true}));
  EXPECT_EQ(policy.network, Network::listen);
  EXPECT_EQ(policy.listen, 2U);
  EXPECT_EQ(policy.preserved, 3U);
  EXPECT_EQ(policy.threads, 256U);
  EXPECT_EQ(policy.stack, kMebi);
  EXPECT_EQ(policy.memory, 0U);
  EXPECT_EQ(policy.memory_limit, 0U);
}

TEST(WasmPolicy, GivesNewSocketsInANetworkOfTheContainersOwn) {
  EXPECT_EQ(wasm_policy(config_with({}), true, 0, 0).network, Network::all);
}

TEST(WasmPolicy, OfAnAnnotationGoesBeforeThat) {
  EXPECT_EQ(with("network", "all").network, Network::all);
  EXPECT_EQ(with("network", "none").listen, 0U);
  EXPECT_EQ(with("network", "none").preserved, 0U);
  EXPECT_EQ(with("stack", "64k").stack, 65536U);
  EXPECT_EQ(with("memory", "1.5 MiB").memory, 3 * kMebi / 2);
  EXPECT_EQ(with("threads", "0").threads, 0U);
  EXPECT_EQ(with("mode", "interpreter").mode, WasmPolicy::Mode::interpreter);
  EXPECT_EQ(with("mode", "aot").mode, WasmPolicy::Mode::aot);
  EXPECT_TRUE(with("frames", "true").frames);
}

TEST(WasmPolicy, CompilesNothingUnlessItIsTold) {
  EXPECT_EQ(wasm_policy(config_with({}), false, 0, 0).compile, WasmPolicy::Compile::off);
  EXPECT_EQ(with("compile", "off").compile, WasmPolicy::Compile::off);
  EXPECT_EQ(with("compile", "background").compile, WasmPolicy::Compile::background);
  EXPECT_EQ(with("compile", "wait").compile, WasmPolicy::Compile::wait);
  EXPECT_EQ(with("compile", "wait").mode, WasmPolicy::Mode::best);
}

TEST(WasmPolicy, ThatRequiresCodeRunsNothingElse) {
  EXPECT_EQ(with("compile", "require").compile, WasmPolicy::Compile::require);
  EXPECT_EQ(with("compile", "require").mode, WasmPolicy::Mode::aot);
}

TEST(WasmPolicy, CompilesNothingForTheInterpreter) {
  const auto both = [](const std::string& compile) {
    return oci::message_of([&] {
      wasm_policy(config_with({{"run.crumb.wasm.mode", "interpreter"}, {"run.crumb.wasm.compile", compile}}), false, 0, 0);
    });
  };
  for (const char* compile : {"background", "wait", "require"})
    EXPECT_THAT(both(compile),
                HasSubstr("annotations[\"run.crumb.wasm.compile\"]: only \"off\" goes with the mode \"interpreter\""));
  EXPECT_NO_THROW(
      wasm_policy(config_with({{"run.crumb.wasm.mode", "interpreter"}, {"run.crumb.wasm.compile", "off"}}), false, 0, 0));
}

TEST(WasmPolicy, ListsDirectoriesWithTheirRightsTheWiderFirst) {
  EXPECT_THAT(with("preopens", "/srv/data:rw,/:ro,/tmp").preopens,
              ElementsAre(Preopen{"/", false}, Preopen{"/tmp", true}, Preopen{"/srv/data", true}));
  EXPECT_THAT(with("preopens", "none").preopens, IsEmpty());
}

TEST(WasmPolicy, RefusesAValueWithTheAnnotationsName) {
  EXPECT_EQ(refusal("network", "some"),
            "config.json: annotations[\"run.crumb.wasm.network\"]: \"some\" is none of none, listen, all");
  EXPECT_THAT(refusal("mode", ""), HasSubstr("\"\" is none of auto, interpreter, aot"));
  EXPECT_THAT(refusal("compile", "now"), HasSubstr("\"now\" is none of background, wait, off, require"));
  EXPECT_THAT(refusal("threads", "257"), HasSubstr("threads\"]: \"257\" is no number from 0 to 256"));
  EXPECT_THAT(refusal("threads", "-1"), HasSubstr("no number"));
  EXPECT_THAT(refusal("stack", "1"), HasSubstr("\"1\" is no size from 4 KiB to 1024 MiB"));
  EXPECT_THAT(refusal("memory", "5g"), HasSubstr("is no size from 64 KiB to 4096 MiB"));
  EXPECT_THAT(refusal("memory", "much"), HasSubstr("no size"));
}

TEST(WasmPolicy, RefusesDirectoriesThatAreNoPlainAbsolutePaths) {
  for (const char* path : {"data", "", "/a/../b", "/a//b", "/a/", "/./a", ".", "/data,"})
    EXPECT_THAT(refusal("preopens", path), HasSubstr("no absolute path")) << path;
}

TEST(WasmPolicy, RefusesRightsThatItDoesNotKnow) {
  EXPECT_THAT(refusal("preopens", "/data:rx"), HasSubstr("holds \"/data:rx\", whose rights are neither ro nor rw"));
}

TEST(WasmPolicy, RefusesRightsThatAWiderDirectoryWouldUndo) {
  EXPECT_THAT(refusal("preopens", "/,/etc:ro"), HasSubstr("makes \"/etc\" read-only, which lies in \"/\", which is not"));
  EXPECT_THAT(refusal("preopens", "/a:ro,/a"), HasSubstr("names \"/a\" twice"));
  EXPECT_EQ(refusal("preopens", "/a,/ab:ro"), "no error");
}

TEST(WasmPolicy, WarnsOnceOfAnnotationsThatItDoesNotKnow) {
  std::vector<std::string> warnings;
  add_unknown_annotations(config_with({{"run.crumb.wasm.colour", "x"}, {"run.crumb.wasm.net", ""}, {"run.crumb.other", ""}}),
                          warnings);
  EXPECT_THAT(warnings,
              ElementsAre("config.json: annotations: \"run.crumb.wasm.colour\", \"run.crumb.wasm.net\" mean nothing to "
                          "crumb and are ignored; below run.crumb.wasm. it knows compile, frames, memory, mode, network, "
                          "preopens, stack, threads"));
}

TEST(WasmPolicy, DoesNotWarnOfWhatItKnows) {
  std::vector<std::string> warnings;
  add_unknown_annotations(config_with({{"run.crumb.wasm.mode", "auto"}, {"other", ""}}), warnings);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(WasmBounds, OfCgroupsAboveCountWhereTheyAreSmaller) {
  oci::Config config = config_with({});
  config.linux_.resources.memory.limit = 64 * kMebi;
  config.linux_.resources.pids_limit = 20;
  const WasmPolicy policy = wasm_policy(config, false, 0, 0);
  EXPECT_EQ(within(policy, {{32 * kMebi}, {10}}).memory_limit, 32 * kMebi);
  EXPECT_EQ(within(policy, {{32 * kMebi}, {10}}).threads, 9U);
  EXPECT_EQ(within(policy, {{128 * kMebi}, {30}}).memory_limit, 64 * kMebi);
  EXPECT_EQ(within(policy, {{128 * kMebi}, {30}}).threads, 19U);
  EXPECT_EQ(within(policy, {}).threads, 19U);
}

TEST(WasmBounds, AreNoneWhereTheConfigSaysUnlimited) {
  oci::Config config = config_with({});
  config.linux_.resources.memory.limit = -1;
  config.linux_.resources.pids_limit = -1;
  EXPECT_EQ(wasm_policy(config, false, 0, 0).memory_limit, 0U);
  EXPECT_EQ(wasm_policy(config, false, 0, 0).threads, 256U);
}

TEST(WasmBounds, OfOneProcessLeaveNoThread) { EXPECT_EQ(within(with("threads", "5"), {{}, {1}}).threads, 0U); }

TEST(ModuleAnnotation, IsTheOneThatSaysSo) {
  EXPECT_EQ(module_annotation(config_with({{"run.oci.handler", "wasm"}})), "run.oci.handler=wasm");
  EXPECT_EQ(module_annotation(config_with({{"module.wasm.image/variant", "compat"}})), "module.wasm.image/variant=compat");
}

TEST(ModuleAnnotation, LeavesItOpenOtherwise) {
  EXPECT_EQ(module_annotation(config_with({})), "");
  EXPECT_EQ(module_annotation(config_with({{"module.wasm.image/variant", "compat-smart"}})), "");
  EXPECT_EQ(module_annotation(config_with({{"run.oci.handler", "wasm-smart"}, {"module.wasm.image/variant", "compat"}})), "");
  EXPECT_EQ(module_annotation(config_with({{"run.oci.handler", "krun"}})), "");
}

}  // namespace
}  // namespace crumb::plan
