// The state store: ids, locks, races, what is left after faults and after SIGKILL at every call.
#include "container/store.h"

#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>

#include "linux_support.h"

namespace crumb::container {
namespace {

using crumb::testing::content;
using crumb::testing::error_of;
using crumb::testing::Pipe;
using crumb::testing::put;
using crumb::testing::put_anew;
using crumb::testing::run_child;
using crumb::testing::start_child;
using crumb::testing::status_of;
using crumb::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

State sample() {
  State state;
  state.keyring = true;
  state.id = "web";
  state.bundle = "/srv/web";
  state.rootfs = "/srv/web/rootfs";
  state.created = "2024-02-29T23:59:60.123456789Z";
  state.pid = 4711;
  state.start_time = 18446744073709551615ULL;
  state.ready = true;
  state.descriptors = {"/dev/null", "pipe:[7]", ""};
  state.annotations = {{"org.example/a \"b\"", "line\nbreak"}, {"", ""}};
  state.cgroups = {{"/sys/fs/cgroup/memory", "/web", {"memory"}, false, true},
                   {"/sys/fs/cgroup/unified", "/web", {}, true, false}};
  state.compile = CompileLater{std::string(64, 'a'), "/app \"x\".wasm", true, 9, "/srv/web/rootfs", "/app \"x\".wasm"};
  return state;
}

class StoreTest : public ::testing::Test {
 protected:
  Store store() const { return {root_, true}; }
  std::string file(const std::string& name) const { return root_ + "/web/" + name; }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(root_ + "/web")) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  bool exists(const std::string& path) const { return access(path.c_str(), F_OK) == 0; }

  TemporaryDirectory folder_;
  std::string root_ = folder_ / "run/crumb";
};

TEST_F(StoreTest, AnIdIsOfLettersDigitsAndFourSigns) {
  for (const std::string& id : {std::string("a"), std::string("web-1_2+3.4"), std::string("..."), std::string(255, 'x')})
    EXPECT_EQ(error_of([&] { check_id(id); }), "") << id;
}

TEST_F(StoreTest, OtherIdsAreRefused) {
  for (const std::string& id : {std::string(), std::string("."), std::string(".."), std::string("x/y"), std::string("../x"),
                                std::string("a b"), std::string("a\nb"), std::string("a\0b", 3), std::string("\xc3\xa4"),
                                std::string(256, 'x'), std::string(1 << 20, 'x')}) {
    const std::string error = error_of([&] { check_id(id); });
    EXPECT_THAT(error, ::testing::StartsWith("container id")) << id.substr(0, 20);
    EXPECT_LT(error.size(), 400U) << "one line, not the id again and again";
    EXPECT_EQ(error.find('\n'), std::string::npos);
    EXPECT_NE(error_of([&] { store().create(id); }), "");
    EXPECT_NE(error_of([&] { store().find(id); }), "");
    EXPECT_NE(error_of([&] { store().open(id); }), "");
  }
  EXPECT_THAT(error_of([] { check_id("x/y"); }), ::testing::StartsWith("container id \"x/y\": invalid characters"));
}

TEST_F(StoreTest, AStateIsReadAsItWasWritten) {
  const Entry entry = store().create("web");
  const State written = sample();
  entry.write(written);
  const std::optional<State> read = entry.read();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, written.id);
  EXPECT_EQ(read->bundle, written.bundle);
  EXPECT_EQ(read->rootfs, written.rootfs);
  EXPECT_EQ(read->created, written.created);
  EXPECT_EQ(read->pid, written.pid);
  EXPECT_EQ(read->start_time, written.start_time);
  EXPECT_EQ(read->ready, written.ready);
  EXPECT_EQ(read->keyring, written.keyring);
  EXPECT_EQ(read->descriptors, written.descriptors);
  EXPECT_EQ(read->annotations, written.annotations);
  ASSERT_EQ(read->cgroups.size(), 2U);
  EXPECT_EQ(read->cgroups[0].mountpoint, "/sys/fs/cgroup/memory");
  EXPECT_EQ(read->cgroups[0].path, "/web");
  EXPECT_THAT(read->cgroups[0].controllers, ElementsAre("memory"));
  EXPECT_FALSE(read->cgroups[0].unified);
  EXPECT_TRUE(read->cgroups[1].unified);
  EXPECT_FALSE(read->cgroups[1].required);
}

TEST_F(StoreTest, WhatOnlySomeContainersHaveIsReadAsItWasWritten) {
  const Entry entry = store().create("web");
  State written = sample();
  written.unit = "crumb-\\x41.scope";
  written.poststart = written.poststop = written.rdt_made = true;
  written.rdt.emplace();
  written.rdt->mountpoint = "/sys/fs/resctrl";
  written.rdt->directory = "/sys/fs/resctrl/web";
  written.rdt->monitor = "/sys/fs/resctrl/web/mon_groups/\x7f\x01\"";
  entry.write(written);
  const std::optional<State> read = entry.read();
  ASSERT_TRUE(read && read->rdt && read->compile);
  EXPECT_EQ(read->compile->module, written.compile->module);
  EXPECT_EQ(read->compile->name, written.compile->name);
  EXPECT_TRUE(read->compile->frames);
  EXPECT_EQ(read->compile->descriptor, 9);
  EXPECT_EQ(read->compile->root, written.compile->root);
  EXPECT_EQ(read->compile->path, written.compile->path);
  EXPECT_EQ(read->unit, written.unit);
  EXPECT_TRUE(read->poststart && read->poststop && read->rdt_made);
  EXPECT_EQ(read->rdt->mountpoint, written.rdt->mountpoint);
  EXPECT_EQ(read->rdt->directory, written.rdt->directory);
  EXPECT_EQ(read->rdt->monitor, written.rdt->monitor);
}

TEST_F(StoreTest, TheConfigIsKeptByteForByte) {
  const Entry entry = store().create("web");
  entry.write_config("{ \"a\" :\t1 }\n\n");
  EXPECT_EQ(entry.read_config(), "{ \"a\" :\t1 }\n\n");
}

TEST_F(StoreTest, ADirectoryWithoutAStateHasNone) { EXPECT_FALSE(store().create("web").read()); }

TEST_F(StoreTest, EveryTruncatedStateIsNone) {
  const Entry entry = store().create("web");
  entry.write(sample());
  const std::string whole = content(file("state.json"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put_anew(file("state.json"), whole.substr(0, size));
    EXPECT_FALSE(entry.read()) << size;
  }
}

TEST_F(StoreTest, AStateWithFlippedBitsIsNoneOrAnErrorAndNeverACrash) {
  const Entry entry = store().create("web");
  entry.write(sample());
  const std::string whole = content(file("state.json"));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    put_anew(file("state.json"), damaged);
    EXPECT_NO_THROW(error_of([&] { entry.read(); })) << bit;
  }
}

TEST_F(StoreTest, StatesOfAnotherShapeAreNone) {
  const Entry entry = store().create("web");
  for (const char* text : {"[]", "null", "{}", "{\"version\":1}", "{\"version\":\"1\"}", "{\"version\":1,\"id\":7}"}) {
    put(file("state.json"), text);
    EXPECT_FALSE(entry.read()) << text;
  }
  put(file("state.json"), std::string(10000, '['));
  EXPECT_FALSE(entry.read());
}

TEST_F(StoreTest, AStateOfANewerCrumbIsAnErrorAndNotNone) {
  const Entry entry = store().create("web");
  put(file("state.json"), "{\"version\":2}");
  EXPECT_EQ(error_of([&] { entry.read(); }), "container \"web\": state.json: version 2, and this crumb knows 1");
}

TEST_F(StoreTest, AnIdIsTakenOnlyOnce) {
  store().create("web");
  EXPECT_EQ(error_of([&] { store().create("web"); }), "container \"web\" already exists");
}

TEST_F(StoreTest, OfManyCreatesAtOnceExactlyOneWins) {
  for (int round = 0; round < 20; ++round) {
    std::vector<pid_t> rivals;
    Pipe gate;
    for (int i = 0; i < 8; ++i)
      rivals.push_back(start_child([&] {
        gate.writer.reset();
        gate.wait();  // all at once, when the gate closes
        return error_of([&] { store().create("web"); }) == "container \"web\" already exists" ? 1 : 0;
      }));
    gate.writer.reset();
    int winners = 0;
    for (const pid_t rival : rivals) winners += WEXITSTATUS(status_of(rival)) == 0;
    EXPECT_EQ(winners, 1);
    store().find("web")->remove();
  }
}

TEST_F(StoreTest, AnUnknownContainerDoesNotExist) {
  EXPECT_EQ(error_of([&] { store().open("web"); }), "container \"web\" does not exist");
  EXPECT_FALSE(store().find("web"));
  EXPECT_FALSE(Store(folder_ / "nowhere", false).find("web"));
  EXPECT_THAT(Store(folder_ / "nowhere", false).ids(), IsEmpty());
  EXPECT_FALSE(exists(folder_ / "nowhere")) << "looking makes nothing";
}

TEST_F(StoreTest, OneThatIsHeldIsWaitedForUntilItsHolderDies) {
  const Pipe ready;
  const pid_t holder = start_child([&] {
    const Entry entry = store().create("web");
    if (!ready.signal()) return 1;
    for (;;) pause();
  });
  ASSERT_TRUE(ready.wait());
  const pid_t waiter = start_child([&] { return store().find("web") ? 0 : 1; });
  usleep(50000);
  EXPECT_EQ(waitpid(waiter, nullptr, WNOHANG), 0) << "it waits";
  ::kill(holder, SIGKILL);
  status_of(holder);
  EXPECT_EQ(status_of(waiter), 0);
}

TEST_F(StoreTest, OneThatIsRemovedWhileItIsWaitedForIsNotFound) {
  const Pipe ready;
  const pid_t holder = start_child([&] {
    Entry entry = store().create("web");
    if (!ready.signal()) return 1;
    usleep(50000);
    entry.remove();
    return 0;
  });
  ASSERT_TRUE(ready.wait());
  EXPECT_FALSE(store().find("web"));
  EXPECT_EQ(status_of(holder), 0);
}

TEST_F(StoreTest, IdsAreSortedAndForeignFilesLeftOut) {
  for (const char* id : {"b", "c", "a"}) store().create(id);
  put(root_ + "/file", "");
  ASSERT_EQ(mkdir((root_ + "/two words").c_str(), 0755), 0);
  ASSERT_EQ(symlink("a", (root_ + "/link").c_str()), 0);
  EXPECT_THAT(store().ids(), ElementsAre("a", "b", "c"));
}

TEST_F(StoreTest, ALinkIsNoContainer) {
  store().create("web");
  ASSERT_EQ(symlink("web", (root_ + "/link").c_str()), 0);
  EXPECT_FALSE(store().find("link"));
  EXPECT_EQ(error_of([&] { store().open("link"); }), "container \"link\" does not exist");
}

TEST_F(StoreTest, OnlyItsOwnerCanLookIntoIt) {
  store().create("web");
  struct stat facts{};
  for (const std::string& path : {root_, root_ + "/web"}) {
    ASSERT_EQ(stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0700U) << path;
  }
}

TEST_F(StoreTest, ARootThatEverybodyCanWriteToIsRefused) {
  ASSERT_EQ(mkdir((folder_ / "open").c_str(), 0755), 0);
  ASSERT_EQ(chmod((folder_ / "open").c_str(), 0777), 0);
  EXPECT_EQ(error_of([&] { Store(folder_ / "open", false); }),
            fmt::format("--root {}: everybody can write to it", folder_ / "open"));
}

TEST_F(StoreTest, ARootOrALinkToItThatIsSomebodyElsesIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  constexpr uid_t kStranger = 4242;
  store();
  ASSERT_EQ(symlink(root_.c_str(), (folder_ / "link").c_str()), 0);
  EXPECT_EQ(error_of([&] { Store(folder_ / "link", false); }), "");
  ASSERT_EQ(lchown((folder_ / "link").c_str(), kStranger, 0), 0);
  EXPECT_EQ(error_of([&] { Store(folder_ / "link", false); }),
            fmt::format("--root {}: it belongs to user 4242, not to 0", folder_ / "link"));
  ASSERT_EQ(chown(root_.c_str(), kStranger, 0), 0);
  EXPECT_EQ(error_of([&] { Store(root_, true); }), fmt::format("--root {}: it belongs to user 4242, not to 0", root_));
}

TEST_F(StoreTest, ARootThatIsAFileIsAnError) {
  put(folder_ / "file", "");
  EXPECT_EQ(error_of([&] { Store(folder_ / "file", false); }), fmt::format("--root {}: Not a directory", folder_ / "file"));
}

TEST_F(StoreTest, AContainerWaitsForStartWhileItsFifoHasAReader) {
  const Entry entry = store().create("web");
  EXPECT_FALSE(waits_for_start(entry));
  {
    const Entry::Fifos fifos = entry.make_fifos();
    EXPECT_EQ(fcntl(fifos.start.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_TRUE(waits_for_start(entry));
  }
  EXPECT_TRUE(exists(file("start")));
  EXPECT_FALSE(waits_for_start(entry)) << "nobody reads";
}

TEST_F(StoreTest, RemovalLeavesNothing) {
  Entry entry = store().create("web");
  entry.write(sample());
  entry.write_config("{}");
  entry.make_fifos();
  put(file("state.json.1234.tmp"), "{");
  entry.remove();
  EXPECT_FALSE(exists(root_ + "/web"));
  EXPECT_EQ(error_of([&] { entry.remove(); }), "");
}

TEST_F(StoreTest, AnIdCanBeTakenAgainAfterRemoval) {
  store().create("web").remove();
  EXPECT_EQ(error_of([&] { store().create("web"); }), "");
}

TEST_F(StoreTest, WhatCannotBeRemovedIsNamed) {
  Entry entry = store().create("web");
  entry.write(sample());
  ASSERT_EQ(mkdir(file("foreign").c_str(), 0755), 0);
  EXPECT_EQ(error_of([&] { entry.remove(); }), "container \"web\": remove its foreign: Is a directory");
  EXPECT_TRUE(entry.read()) << "it can still be found";
}

#ifdef CRUMB_SEAM
void make_whole(const Store& store) {
  const Entry entry = store.create("web");
  entry.write(sample());
  entry.write_config("{}");
  entry.make_fifos();
}

TEST_F(StoreTest, KilledAtAnyCallOfACreationItCanBeRemoved) {
  int step = 1;
  for (int code = 128 + SIGKILL; code == 128 + SIGKILL; ++step) {
    code = run_child([&] {
      kernel::seam_start(fmt::format("kill@{}", step).c_str());
      make_whole(store());
      return 0;
    });
    if (std::optional<Entry> entry = store().find("web")) {
      const std::optional<State> state = entry->read();
      EXPECT_TRUE(!state || state->pid == sample().pid) << "half a state";
      entry->remove();
    }
    ASSERT_TRUE(std::filesystem::is_empty(root_)) << "killed at call " << step;
  }
  EXPECT_GT(step, 15);
}

TEST_F(StoreTest, KilledAtAnyCallOfARemovalItCanBeRemovedAgain) {
  int step = 1;
  for (int code = 128 + SIGKILL; code == 128 + SIGKILL; ++step) {
    make_whole(store());
    code = run_child([&] {
      kernel::seam_start(fmt::format("kill@{}", step).c_str());
      store().find("web")->remove();
      return 0;
    });
    if (std::optional<Entry> entry = store().find("web")) {
      EXPECT_TRUE(entry->read() || files().empty()) << "its files outlived its state; killed at call " << step;
      entry->remove();
    }
    ASSERT_TRUE(std::filesystem::is_empty(root_)) << "killed at call " << step;
  }
  EXPECT_GT(step, 10);
}

TEST_F(StoreTest, WhereTheDiskIsFullOrReadOnlyTheErrorSaysSoAndNothingIsLeft) {
  store();
  for (const auto& [rules, reason] :
       {std::pair{"mkdirat#1=ENOSPC", "No space left on device"}, std::pair{"mkdirat#1=EROFS", "Read-only file system"},
        std::pair{"flock=ENOSPC", "No space left on device"}, std::pair{"openat#2=EMFILE", "Too many open files"}}) {
    const std::string message = crumb::testing::error_under(rules, [&] { Store(root_, false).create("web"); });
    EXPECT_THAT(message, ::testing::AllOf(HasSubstr("container \"web\""), EndsWith(reason))) << rules;
    EXPECT_TRUE(std::filesystem::is_empty(root_)) << rules;
  }
}

TEST_F(StoreTest, AStateThatCannotBeWrittenLeavesTheOldOne) {
  const Entry entry = store().create("web");
  entry.write(sample());
  State changed = sample();
  changed.pid = 1;
  EXPECT_EQ(crumb::testing::error_under("write=ENOSPC", [&] { entry.write(changed); }), "state.json: No space left on device");
  EXPECT_EQ(entry.read()->pid, sample().pid);
  EXPECT_THAT(files(), ElementsAre("state.json"));
}

TEST_F(StoreTest, AContainerIsNeverTakenForUnknownBecauseCrumbCouldNotLook) {
  const Entry entry = store().create("web");
  entry.write(sample());
  EXPECT_EQ(crumb::testing::error_under("openat#2=EMFILE", [&] { Store(root_, false).find("web"); }),
            "container \"web\": Too many open files");
  EXPECT_EQ(crumb::testing::error_under("openat=EMFILE", [&] { entry.read(); }),
            "container \"web\": state.json: Too many open files");
  EXPECT_EQ(crumb::testing::error_under("openat=EMFILE", [&] { waits_for_start(entry); }),
            "container \"web\": FIFO \"start\": Too many open files");
}

TEST_F(StoreTest, AFailedRemovalKeepsTheStateForTheNextOne) {
  Entry entry = store().create("web");
  entry.write(sample());
  entry.write_config("{}");
  EXPECT_THAT(crumb::testing::error_under("unlinkat=EROFS", [&] { entry.remove(); }), EndsWith("Read-only file system"));
  EXPECT_TRUE(entry.read());
}
#endif

}  // namespace
}  // namespace crumb::container
