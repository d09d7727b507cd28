// Where init meets the host: what it asks, what it is told unasked, and what it does before it waits for an answer.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/resource.h>

#include "config_case.h"
#include "plan/compile.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

using testing::ElementsAre;

std::string word_of(std::uint64_t point) {
  if (point == static_cast<std::uint64_t>(wire::Point::placed)) return "placed";
  if (point == static_cast<std::uint64_t>(wire::Point::ready)) return "ready";
  return std::to_string(point);
}

struct Word {
  std::string operator()(const Meet& step) const { return "ask " + word_of(step.point); }
  std::string operator()(const Tell& step) const { return "tell " + word_of(step.point); }
  std::string operator()(const Await& step) const { return "await " + word_of(step.point); }
  std::string operator()(const Seccomp&) const { return "filter"; }
  std::string operator()(const WaitStart&) const { return "start"; }
  std::string operator()(const Hook&) const { return "hook"; }
  std::string operator()(const Exec&) const { return "exec"; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }
};

std::vector<std::string> meetings(const Plan& plan) {
  std::vector<std::string> words;
  for (const Step& step : plan.steps)
    if (std::string word = std::visit(Word{}, step); !word.empty()) words.push_back(std::move(word));
  return words;
}

// ---- placed

std::string first_meeting(const oci::Config& config, std::uint32_t preserved = 0) {
  Surroundings surroundings;
  surroundings.preserve_fds = preserved;
  return meetings(compile_create(config, surroundings)).front();
}

std::string with_limit(const std::string& type, std::uint64_t soft, std::uint32_t preserved = 0) {
  const std::string limit = fmt::format(R"([{{"type": "{}", "soft": {}, "hard": {}}}])", type, soft, RLIM_INFINITY);
  return first_meeting(oci::parse_with("/process/rlimits", limit), preserved);
}

TEST(Placed, IsToldUnaskedWhereThereAreNoLimits) {
  EXPECT_EQ(first_meeting(oci::parse_with("/hostname", R"("box")")), "await placed");
}

TEST(Placed, IsToldUnaskedWhereInitMeetsNoLimit) {
  for (const char* type : {"CORE", "LOCKS", "MEMLOCK", "NICE", "NPROC", "RTPRIO", "SIGPENDING"})
    EXPECT_EQ(with_limit(std::string("RLIMIT_") + type, 0), "await placed") << type;
  for (const char* type : {"AS", "CPU", "DATA", "FSIZE", "MSGQUEUE", "NOFILE", "RSS", "RTTIME", "STACK"})
    EXPECT_EQ(with_limit(std::string("RLIMIT_") + type, RLIM_INFINITY), "await placed") << type;
}

TEST(Placed, IsAskedWhereInitCouldMeetALimit) {
  for (const char* type : {"AS", "CPU", "DATA", "FSIZE", "MSGQUEUE", "RSS", "RTTIME", "STACK"})
    EXPECT_EQ(with_limit(std::string("RLIMIT_") + type, 1U << 30), "ask placed") << type;
}

TEST(Placed, IsAskedWhereInitCouldOpenTooManyFiles) {
  EXPECT_EQ(with_limit("RLIMIT_NOFILE", 4095), "ask placed");
  EXPECT_EQ(with_limit("RLIMIT_NOFILE", 4096), "await placed");
  EXPECT_EQ(with_limit("RLIMIT_NOFILE", 4096, 1), "ask placed") << "with one that is handed over";
  EXPECT_EQ(with_limit("RLIMIT_NOFILE", 4097, 1), "await placed");
}

TEST(Placed, IsAskedForOneOfSeveralLimits) {
  oci::Config config = oci::parse_with("/process/rlimits", R"([{"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
                                                               {"type": "RLIMIT_FSIZE", "soft": 1, "hard": 1}])");
  EXPECT_EQ(first_meeting(config), "ask placed");
}

TEST(Placed, IsAskedWhereNetworkDevicesMove) {
  oci::Config config = oci::parse_with("/linux/netDevices", R"({"eth0": {}})");
  config.linux_.namespaces.push_back({CLONE_NEWNET, ""});
  EXPECT_EQ(first_meeting(config), "ask placed");
}

TEST(Placed, IsAskedWhereAnotherSchedulerIsSet) {
  EXPECT_EQ(first_meeting(oci::parse_with("/process/scheduler", R"({"policy": "SCHED_IDLE"})")), "ask placed");
}

TEST(Placed, OfExecGoesByTheLimitsOfTheNewProcess) {
  const oci::Config container = oci::parse_with("/process/rlimits", R"([{"type": "RLIMIT_FSIZE", "soft": 1, "hard": 1}])");
  oci::Process process = *container.process;
  EXPECT_EQ(meetings(compile_exec(process, container, 7, 0, {}, {})).front(), "ask placed");
  process.rlimits.clear();
  EXPECT_EQ(meetings(compile_exec(process, container, 7, 0, {}, {})).front(), "await placed");
}

// ---- ready

oci::Config with_filter(const std::string& members = "") {
  return oci::parse_with("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW")" + members + "}");
}

constexpr char kNotifies[] = R"(, "listenerPath": "/agent", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}])";

oci::Hook hook() { return {"/bin/hook", {"/bin/hook"}, {}, 0}; }

TEST(Ready, IsAskedWhereNoFilterFollows) {
  const Plan plan = compile_create(oci::parse_with("/hostname", R"("box")"), {});
  EXPECT_THAT(meetings(plan), ElementsAre("await placed", "ask ready", "start", "exec"));
}

TEST(Ready, IsAnsweredWhileTheFilterIsLoaded) {
  EXPECT_THAT(meetings(compile_create(with_filter(), {})),
              ElementsAre("await placed", "tell ready", "filter", "await ready", "start", "exec"));
}

TEST(Ready, IsAskedBehindTheFilterOfAnAgent) {
  EXPECT_THAT(meetings(compile_create(with_filter(kNotifies), {})),
              ElementsAre("await placed", "filter", "ask ready", "start", "exec"));
}

TEST(Ready, IsAskedWhereHooksComeBeforeTheFilter) {
  oci::Config config = with_filter();
  config.hooks.start_container = {hook()};
  EXPECT_THAT(meetings(compile_create(config, {})),
              ElementsAre("await placed", "ask ready", "start", "hook", "filter", "exec"));
  config.linux_.seccomp.reset();
  EXPECT_THAT(meetings(compile_create(config, {})), ElementsAre("await placed", "ask ready", "start", "hook", "exec"));
}

TEST(Ready, IsAskedBeforeTheFilterUnderExecWhichNeedNotLetInitRead) {
  oci::Config container = with_filter();
  const auto found = [&] { return meetings(compile_exec(*container.process, container, 7, 0, {}, {})); };
  EXPECT_THAT(found(), ElementsAre("await placed", "ask ready", "filter", "exec"));
  container = with_filter(kNotifies);
  EXPECT_THAT(found(), ElementsAre("await placed", "filter", "ask ready", "exec"));
}

}  // namespace
}  // namespace crumb::plan
