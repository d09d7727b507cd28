// The cache of compiled code: keys, headers, the memory of digests, and whom it believes. The code here is any bytes: nothing
// executes it.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <time.h>

#include <filesystem>
#include <thread>

#include "linux_support.h"
#include "wasm/code_cache.h"
#include "wasm/code_file.h"
#include "wasm/code_key.h"
#include "wasm/compile_lock.h"
#include "wasm/digest_memo.h"
#include "wasm/job.h"

namespace crumb::wasm {
namespace {

using crumb::testing::content;
using crumb::testing::error_of;
using crumb::testing::put;
using crumb::testing::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Sha256Digest kModule = sha256("a module");

TEST(CodeKey, IsThatOfAllThatTheCodeDependsOn) {
  const Sha256Digest key = code_key(kModule, {3}, "build");
  EXPECT_EQ(key, code_key(kModule, {3}, "build"));
  EXPECT_NE(key, code_key(sha256("another"), {3}, "build"));
  EXPECT_NE(key, code_key(kModule, {0}, "build"));
  EXPECT_NE(key, code_key(kModule, {3, true}, "build"));
  EXPECT_NE(key, code_key(kModule, {3}, "build of another"));
}

TEST(CodeKey, BuildNamesEverythingThatCodeIsMadeWith) {
  const std::string build(code_build());
  if (build.empty()) GTEST_SKIP() << "no engine in this build";
  EXPECT_THAT(build, ::testing::MatchesRegex("wamr [0-9a-f]+ aot [0-9]+ llvm [0-9.a-z]+ flags [0-9a-f]+"));
}

CodeHeader some_header() {
  CodeHeader header;
  header.key = sha256("key");
  header.module = kModule;
  header.code = sha256("code");
  header.size = 0x123456789;
  header.kind.level = 3;
  header.build = "a build";
  header.name = "/a/module.wasm";
  return header;
}

TEST(CodeFile, ComesBackAsItWas) {
  const CodeHeader header = some_header(), back = decode(encode(header));
  EXPECT_EQ(encode(header).size(), wire::kCodeOffset);
  EXPECT_EQ(back.key, header.key);
  EXPECT_EQ(back.module, header.module);
  EXPECT_EQ(back.code, header.code);
  EXPECT_EQ(back.size, header.size);
  EXPECT_EQ(back.kind.level, header.kind.level);
  EXPECT_EQ(back.build, header.build);
  EXPECT_EQ(back.name, header.name);
}

TEST(CodeFile, KeepsWhyThereIsNoCode) {
  CodeHeader header = some_header();
  EXPECT_EQ(decode(encode(header)).refusal, "");
  header.refusal = "out of memory";
  EXPECT_EQ(decode(encode(header)).refusal, "out of memory");
  header.refusal = std::string(600, 'x');
  EXPECT_EQ(decode(encode(header)).refusal, std::string(511, 'x'));
}

TEST(CodeFile, CutsAName) {
  CodeHeader header = some_header();
  header.name = std::string(5000, 'x');
  EXPECT_EQ(decode(encode(header)).name, std::string(1023, 'x'));
}

TEST(CodeFile, IsRefusedWhenItIsCutOffForeignOrNewer) {
  const std::string page = encode(some_header());
  EXPECT_EQ(error_of([&] { decode(page.substr(0, 4095)); }), "it ends within its header");
  EXPECT_EQ(error_of([&] { decode(std::string(4096, '\0')); }), "it is no entry of the cache");
  std::string newer = page;
  newer[8] = 2;
  EXPECT_EQ(error_of([&] { decode(newer); }), "it has version 2, not 1");
}

TEST(CodeFile, WithoutAnEndOfItsNameIsReadWithinItsPage) {
  std::string page = encode(some_header());
  std::fill(page.begin() + 376, page.end(), 'x');  // the name and all behind it
  EXPECT_EQ(decode(page).name.size(), 1024U);
}

class Cache : public ::testing::Test {
 protected:
  CodeCache cache() const { return CodeCache::make(path_); }

  void keep(const std::string& code, unsigned level = 3) const {
    const CodeCache kept = cache();
    Draft draft = kept.draft();
    ASSERT_EQ(::write(draft.file(), code.data(), code.size()), static_cast<ssize_t>(code.size()));
    CodeHeader header;
    header.module = kModule;
    header.kind.level = level;
    header.build = code_build();
    header.name = "x.wasm";
    kept.keep(std::move(draft), header);
  }

  // The code that a start would get; empty for none.
  std::string found() const {
    const Fd file = cache().open_code(kModule);
    return file ? content(fmt::format("/proc/self/fd/{}", file.get())).substr(wire::kCodeOffset) : "";
  }

  // What it says of one that it does not believe.
  std::string warning() const {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(found(), "");
    return ::testing::internal::GetCapturedStderr();
  }

  std::string entry(unsigned level = 3) const { return path_ + "/" + hex(code_key(kModule, {level})); }

  void flip(std::size_t at) const {
    std::string bytes = content(entry());
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    put(entry(), bytes);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& file : std::filesystem::directory_iterator(path_)) all.push_back(file.path().filename());
    return all;
  }

  TemporaryDirectory folder_;
  std::string path_ = folder_ / "deep/er/aot";
};

TEST_F(Cache, IsNothingWhereThereIsNoDirectory) {
  EXPECT_FALSE(CodeCache::find(path_));
  EXPECT_FALSE(CodeCache::find(""));
}

TEST_F(Cache, IsMadeForItsOwnerAlone) {
  cache();
  struct stat facts{};
  ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700U);
}

TEST_F(Cache, FindsWhatItWasGiven) {
  keep("code");
  EXPECT_EQ(found(), "code");
}

TEST_F(Cache, FindsNothingOfAnotherModule) {
  keep("code");
  EXPECT_FALSE(cache().open_code(sha256("another module")));
}

TEST_F(Cache, PrefersTheHigherLevel) {
  keep("quick", 0);
  EXPECT_EQ(found(), "quick");
  keep("fast", 3);
  EXPECT_EQ(found(), "fast");
}

TEST_F(Cache, FallsBackToTheLowerLevelWhenTheHigherIsBroken) {
  keep("quick", 0);
  keep("fast", 3);
  flip(wire::kCodeOffset);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(found(), "quick");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("its code was changed"));
}

TEST_F(Cache, TakesTheNewOneOfTwo) {
  keep("one");
  keep("two");
  EXPECT_EQ(found(), "two");
}

TEST_F(Cache, LeavesNothingOfADraftThatIsDropped) {
  const CodeCache kept = cache();
  {
    const Draft draft = kept.draft();
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Cache, DoesNotBelieveATruncatedEntry) {
  keep("code");
  std::filesystem::resize_file(entry(), wire::kCodeOffset + 3);
  EXPECT_THAT(warning(), HasSubstr("it has 3 bytes of code, its header says 4"));
  std::filesystem::resize_file(entry(), wire::kCodeOffset);
  EXPECT_THAT(warning(), HasSubstr("it has 0 bytes of code"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, wire::kCodeOffset - 1}) {
    std::filesystem::resize_file(entry(), size);
    EXPECT_THAT(warning(), HasSubstr("it ends within its header")) << size;
  }
}

TEST_F(Cache, DoesNotBelieveAnEntryWithAnyByteFlippedThatCounts) {
  constexpr std::size_t kBuild = 120;  // from here to the code there are words for people
  keep("code");
  const std::string good = content(entry());
  for (std::size_t at = 0; at < good.size(); at = at + 1 == kBuild ? wire::kCodeOffset : at + 1) {
    const bool is_for_people = (at >= 12 && at < 16) || (at >= 56 && at < 88);  // level, module's digest
    if (is_for_people) continue;
    flip(at);
    EXPECT_THAT(warning(), HasSubstr("is not used")) << at;
    put(entry(), good);
  }
  EXPECT_EQ(found(), "code");
}

TEST_F(Cache, DoesNotBelieveAnEntryUnderAnotherKey) {
  keep("code", 0);
  std::filesystem::rename(entry(0), entry(3));
  EXPECT_THAT(warning(), HasSubstr("it is of another module"));
}

TEST_F(Cache, DoesNotBelieveALinkAFifoADirectory) {
  keep("code");
  std::filesystem::rename(entry(), folder_ / "elsewhere");
  std::filesystem::create_symlink(folder_ / "elsewhere", entry());
  EXPECT_THAT(warning(), HasSubstr("it is a symbolic link"));
  std::filesystem::remove(entry());
  ASSERT_EQ(::mkfifo(entry().c_str(), 0600), 0);
  EXPECT_THAT(warning(), HasSubstr("it is not a regular file"));
  std::filesystem::remove(entry());
  std::filesystem::create_directory(entry());
  EXPECT_THAT(warning(), HasSubstr("it is not a regular file"));
}

TEST_F(Cache, DoesNotBelieveWhatOthersCanWrite) {
  keep("code");
  for (const unsigned mode : {0620U, 0602U}) {
    ::chmod(entry().c_str(), mode);
    EXPECT_THAT(warning(), HasSubstr("others can write to it"));
  }
  ::chmod(entry().c_str(), 0600);
  EXPECT_EQ(found(), "code");
  for (const unsigned mode : {0770U, 0707U, 01777U}) {
    ::chmod(path_.c_str(), mode);
    EXPECT_THAT(error_of([&] { CodeCache::find(path_); }), HasSubstr("others can write to it"));
  }
}

TEST_F(Cache, DoesNotBelieveWhatBelongsToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  keep("code");
  ASSERT_EQ(::chown(entry().c_str(), 1000, 1000), 0);
  EXPECT_THAT(warning(), HasSubstr("it belongs to user 1000, not to 0"));
  ASSERT_EQ(::chown(path_.c_str(), 1000, 1000), 0);
  EXPECT_THAT(error_of([&] { CodeCache::find(path_); }), HasSubstr("it belongs to user 1000"));
}

TEST_F(Cache, IsNotReachedThroughALink) {
  cache();
  std::filesystem::create_symlink(path_, folder_ / "link");
  EXPECT_THAT(error_of([&] { CodeCache::find(folder_ / "link"); }), HasSubstr(folder_ / "link"));
}

TEST_F(Cache, PruneRemovesWhatNoStartWouldUse) {
  keep("code");
  put(path_ + "/draft-1", "half");
  put(entry(0), "broken");
  const CodeCache kept = cache();
  Draft draft = kept.draft();
  ASSERT_EQ(::write(draft.file(), "old", 3), 3);
  CodeHeader old;
  old.module = kModule;
  old.build = "another build";
  kept.keep(std::move(draft), old);
  EXPECT_EQ(kept.entries().size(), 4U);
  EXPECT_EQ(kept.prune(false).size(), 3U);
  EXPECT_THAT(names(), ::testing::ElementsAre(hex(code_key(kModule, {3}))));
  EXPECT_EQ(kept.prune(true).size(), 1U);
  EXPECT_THAT(names(), IsEmpty());
}

// ---- refusals

class Refusals : public Cache {
 protected:
  void refuse(unsigned level = 3, const std::string& reason = "too large") const {
    CodeHeader header;
    header.module = kModule;
    header.kind.level = level;
    header.build = code_build();
    header.name = "x.wasm";
    header.refusal = reason;
    cache().refuse(header);
  }

  CodeCache::Known known(unsigned level = 3) const { return cache().known(kModule, {level}); }
};

TEST_F(Refusals, AreKnownWithTheirReasonAndAreNoCode) {
  EXPECT_EQ(known(), CodeCache::Known::nothing);
  refuse();
  std::string reason;
  EXPECT_EQ(cache().known(kModule, {3}, &reason), CodeCache::Known::refusal);
  EXPECT_EQ(reason, "too large");
  EXPECT_FALSE(cache().holds(kModule, {3}));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(found(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(Refusals, CountForTheirLevelAndFramesOnly) {
  refuse(3);
  EXPECT_EQ(known(0), CodeCache::Known::nothing);
  EXPECT_EQ(cache().known(kModule, {3, true}), CodeCache::Known::nothing);
  keep("quick", 0);
  EXPECT_EQ(found(), "quick");
}

TEST_F(Refusals, NeverTakeThePlaceOfCodeWhichTakesTheirs) {
  keep("code");
  refuse();
  EXPECT_EQ(found(), "code");
  std::filesystem::remove(entry());
  refuse();
  keep("code");
  EXPECT_EQ(found(), "code");
}

TEST_F(Refusals, OfAnotherBuildAreNotFound) {
  CodeHeader header;
  header.module = kModule;
  header.build = "another build";
  header.refusal = "no";
  cache().refuse(header);
  EXPECT_EQ(known(), CodeCache::Known::nothing);
  EXPECT_EQ(cache().prune(false).size(), 1U);
}

TEST_F(Refusals, AreKeptByPruneUnlessAllGo) {
  refuse();
  EXPECT_EQ(cache().prune(false).size(), 0U);
  EXPECT_EQ(cache().prune(true).size(), 1U);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Refusals, ThatCannotBeBelievedAreAWarningAndNone) {
  refuse();
  ::chmod(entry().c_str(), 0666);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(known(), CodeCache::Known::nothing);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("others can write to it"));
  ::chmod(entry().c_str(), 0600);
  put(entry(), content(entry()) + "code");
  EXPECT_THAT(warning(), HasSubstr("it has 4 bytes of code, its header says 0"));
}

TEST_F(Refusals, AreForgottenAfterAMonthAndCodeIsNot) {
  refuse(0);
  keep("code", 3);
  const timespec old[2] = {{0, 0}, {0, 0}};
  for (const unsigned level : {0U, 3U}) ASSERT_EQ(::utimensat(AT_FDCWD, entry(level).c_str(), old, 0), 0);
  cache().evict(0);
  EXPECT_EQ(known(0), CodeCache::Known::nothing);
  EXPECT_EQ(known(3), CodeCache::Known::code);
}

// ---- tiers

TEST_F(Refusals, LeaveTheOtherTiersToBeMade) {
  constexpr std::uint64_t kLarge = 1 << 20, kSmall = 1 << 10;
  const auto missing = [&](std::uint64_t size) { return missing_tiers(cache(), kModule, false, size); };
  EXPECT_THAT(missing(kLarge), ::testing::ElementsAre(0, 3));
  EXPECT_THAT(missing(kSmall), ::testing::ElementsAre(3));
  refuse(0);
  EXPECT_THAT(missing(kLarge), ::testing::ElementsAre(3));
  refuse(3);
  EXPECT_THAT(missing(kLarge), IsEmpty());
  EXPECT_THAT(missing(kSmall), IsEmpty());
}

TEST_F(Cache, NeedsNoMoreTiersWhereItHasTheBest) {
  keep("quick", 0);
  EXPECT_THAT(missing_tiers(cache(), kModule, false, 1 << 20), ::testing::ElementsAre(3));
  keep("best", 3);
  EXPECT_THAT(missing_tiers(cache(), kModule, false, 1 << 20), IsEmpty());
  EXPECT_THAT(missing_tiers(cache(), kModule, true, 1 << 20), ::testing::ElementsAre(0, 3));
}

// ---- the copy of a module

TEST_F(Cache, CopiesAModuleIntoAFileThatNobodySeesOrWrites) {
  put(folder_ / "module", "content");
  const Fd file(::open((folder_ / "module").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd copy = cache().copy(file.get(), "module");
  std::filesystem::remove(folder_ / "module");
  EXPECT_EQ(content(fmt::format("/proc/self/fd/{}", copy.get())), "content");
  EXPECT_LT(::write(copy.get(), "x", 1), 0);
  EXPECT_THAT(names(), IsEmpty());
}

// ---- the lock

class Lock : public Cache {
 protected:
  using Holder = CompileLock::Holder;
  std::optional<CompileLock> take(const std::string& what, Holder holder = Holder::job) const {
    return CompileLock::take(cache().directory(), sha256(what), holder);
  }
};

TEST_F(Lock, OfOneModuleIsHeldByOne) {
  std::optional<CompileLock> held = take("one");
  ASSERT_TRUE(held);
  EXPECT_FALSE(take("one"));
  EXPECT_TRUE(take("another"));
  EXPECT_TRUE(take("one", Holder::start)) << "a start does not wait for a job";
  held.reset();
  EXPECT_TRUE(take("one"));
}

TEST_F(Lock, IsAlsoHeldByWhoHasACopyOfItsDescriptor) {
  std::optional<CompileLock> held = take("one");
  const Fd copy(::fcntl(held->file(), F_DUPFD_CLOEXEC, 3));
  held.reset();
  EXPECT_FALSE(take("one"));
}

TEST_F(Lock, LetsJobsTakeTurns) {
  std::optional<CompileLock> one = take("one"), two = take("two");
  EXPECT_TRUE(take_turn(one->file()));
  EXPECT_FALSE(take_turn(two->file()));
  one.reset();
  EXPECT_TRUE(take_turn(two->file()));
}

TEST_F(Lock, IsRemovedWhenNobodyHoldsIt) {
  std::optional<CompileLock> held = take("one");
  cache().prune(true);
  EXPECT_THAT(names(), ::testing::ElementsAre("lock"));
  held.reset();
  cache().prune(true);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Lock, IsNoEntry) {
  take("one");
  EXPECT_THAT(cache().entries(), IsEmpty());
  EXPECT_EQ(cache().prune(false).size(), 0U);
}

TEST_F(Lock, IsNotBelievedAsALinkOrWhenOthersCanWriteIt) {
  take("one");
  ::chmod((path_ + "/lock").c_str(), 0666);
  EXPECT_EQ(error_of([&] { take("one"); }), "wasm cache: lock: others can write to it (mode 666)");
  std::filesystem::remove(path_ + "/lock");
  std::filesystem::create_symlink(folder_ / "elsewhere", path_ + "/lock");
  EXPECT_EQ(error_of([&] { take("one"); }), "wasm cache: lock: it is a symbolic link");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

// ---- its size

class Size : public Cache {
 protected:
  // An entry that was written, and used, at this time.
  void keep_at(unsigned level, std::int64_t written, std::int64_t used = 0) const {
    keep(std::string(1000, 'x'), level);
    set_mtime(entry(level), written);
    if (used == 0) return;
    struct stat facts{};
    ASSERT_EQ(::stat(entry(level).c_str(), &facts), 0);
    const std::string memo = fmt::format("{}/{}{:x}-{:x}", path_, kMemoPrefix, facts.st_dev, facts.st_ino);
    put(memo, "");
    set_mtime(memo, used);
  }

  static void set_mtime(const std::string& path, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  bool has(unsigned level) const { return std::filesystem::exists(entry(level)); }

  static constexpr std::uint64_t kEntry = wire::kCodeOffset + 1000;
  std::int64_t now_ = std::time(nullptr);
};

TEST_F(Size, EvictsWhatWasNotUsedForLongest) {
  keep_at(0, now_ - 900);
  keep_at(1, now_ - 1000, now_ - 100);
  keep_at(2, now_ - 800);
  EXPECT_EQ(cache().evict(2 * kEntry).count, 1U);
  EXPECT_FALSE(has(0));
  EXPECT_EQ(cache().evict(2 * kEntry - 1).bytes, kEntry);
  EXPECT_TRUE(has(1) && !has(2));
}

TEST_F(Size, EvictsNothingBelowTheLimitOrWithoutOne) {
  keep_at(0, now_ - 900);
  EXPECT_EQ(cache().evict(kEntry).count, 0U);
  EXPECT_EQ(cache().evict(0).count, 0U);
  EXPECT_TRUE(has(0));
}

TEST_F(Size, KeepsTheNewOneHoweverLarge) {
  ASSERT_EQ(::setenv("CRUMB_CODE_CACHE_SIZE", "1k", 1), 0);
  keep("one", 0);
  keep("two", 3);
  ::unsetenv("CRUMB_CODE_CACHE_SIZE");
  EXPECT_TRUE(has(3) && !has(0));
}

TEST_F(Size, RemovesTheMemoryOfWhatItEvictsAndOfWhatNobodyAskedForInAMonth) {
  keep_at(0, now_ - 900, now_ - 900);
  put(path_ + "/memo-1-2", "");
  put(path_ + "/memo-1-3", "");
  set_mtime(path_ + "/memo-1-2", now_ - 31L * 24 * 3600);
  cache().evict(1);
  EXPECT_THAT(names(), ::testing::ElementsAre("memo-1-3"));
}

TEST_F(Size, IsTakenFromTheEnvironment) {
  EXPECT_EQ(code_cache_limit(), 2ULL << 30);
  ASSERT_EQ(::setenv("CRUMB_CODE_CACHE_SIZE", "500m", 1), 0);
  EXPECT_EQ(code_cache_limit(), 500ULL << 20);
  ASSERT_EQ(::setenv("CRUMB_CODE_CACHE_SIZE", "much", 1), 0);
  EXPECT_EQ(error_of([] { code_cache_limit(); }), "CRUMB_CODE_CACHE_SIZE: \"much\" is no size");
  ::unsetenv("CRUMB_CODE_CACHE_SIZE");
}

// ---- the memory of digests

class Memo : public Cache {
 protected:
  Sha256Digest digest() const {
    const Fd file(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
    return DigestMemo(cache_.directory()).digest(file.get(), 0, "file");
  }

  // As if `file_` had not been touched for a while: what was remembered is told apart from what is read by another digest on
  // disk.
  void wait_until_old() const { std::this_thread::sleep_for(std::chrono::milliseconds(3100)); }

  bool remembers() const { return !names().empty(); }

  // Makes the memory lie; then a digest that comes from it is seen.
  void falsify() const {
    for (const std::string& name : names()) {
      std::string record = content(path_ + "/" + name);
      record.back() = static_cast<char>(record.back() ^ 1);
      put(path_ + "/" + name, record);
    }
  }

  std::string file_ = folder_ / "file";
  CodeCache cache_ = cache();
};

TEST_F(Memo, RemembersNothingOfAYoungFile) {
  put(file_, "one");
  EXPECT_EQ(digest(), sha256("one"));
  EXPECT_FALSE(remembers());
}

TEST_F(Memo, SeesAFileThatChangesInPlaceWithinATickAndKeepsSizeAndMtime) {
  put(file_, "one");
  struct stat before{};
  ASSERT_EQ(::stat(file_.c_str(), &before), 0);
  EXPECT_EQ(digest(), sha256("one"));
  put(file_, "two");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  EXPECT_EQ(digest(), sha256("two"));
}

TEST_F(Memo, RemembersAnOldFileUntilItChanges) {
  put(file_, "one");
  struct stat before{};
  ASSERT_EQ(::stat(file_.c_str(), &before), 0);
  wait_until_old();
  EXPECT_EQ(digest(), sha256("one"));
  ASSERT_TRUE(remembers());
  falsify();
  EXPECT_NE(digest(), sha256("one")) << "it was read again";
  put(file_, "two");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  EXPECT_EQ(digest(), sha256("two"));
}

TEST_F(Memo, IsNotBelievedWhenOthersCanWriteIt) {
  put(file_, "one");
  wait_until_old();
  digest();
  ASSERT_TRUE(remembers());
  ::chmod((path_ + "/" + names().front()).c_str(), 0666);
  EXPECT_THAT(error_of([&] { digest(); }), HasSubstr("others can write to it"));
}

TEST_F(Memo, ThatCannotBeBelievedOrLiesAboutAnEntryIsAFlaw) {
  keep("code");
  wait_until_old();
  ASSERT_EQ(found(), "code");
  EXPECT_EQ(cache_.flaws().size(), 0U);
  const auto memo = [&] {
    for (const std::string& name : names())
      if (name.starts_with(kMemoPrefix)) return name;
    return std::string();
  }();
  const std::string record = content(path_ + "/" + memo);
  std::string lie = record;
  lie.back() = static_cast<char>(lie.back() ^ 1);
  put(path_ + "/" + memo, lie);
  put(path_ + "/memo-1-2", record);
  put(path_ + "/memo-1-3", "short");
  std::vector<std::string> flaws;
  for (const CodeCache::Flaw& flaw : cache_.flaws()) flaws.push_back(flaw.file + ": " + flaw.reason), cache_.remove(flaw);
  EXPECT_THAT(flaws, ::testing::UnorderedElementsAre(memo + ": it remembers a digest that its file does not have",
                                                     "memo-1-2: it is not called as its file",
                                                     "memo-1-3: it is no memory of a digest"));
  EXPECT_THAT(names(), ::testing::ElementsAre(hex(code_key(kModule, {3}))));
}

TEST_F(Memo, KnowsToTheHourWhenItWasAskedFor) {
  put(file_, "one");
  wait_until_old();
  digest();
  struct stat facts{};
  ASSERT_EQ(::stat(file_.c_str(), &facts), 0);
  const DigestMemo memo(cache_.directory());
  const std::string path = path_ + "/" + names().at(0);
  const auto last_use_after = [&](std::int64_t before) {
    const timespec times[2] = {{before, 0}, {before, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    EXPECT_EQ(digest(), sha256("one"));
    return memo.last_use(facts);
  };
  const std::int64_t now = std::time(nullptr);
  EXPECT_EQ(last_use_after(now - 3000), now - 3000);
  EXPECT_GE(last_use_after(now - 4000), now);
}

}  // namespace
}  // namespace crumb::wasm
