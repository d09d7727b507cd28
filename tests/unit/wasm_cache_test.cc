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
#include "wasm/digest_memo.h"

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
  const Sha256Digest key = code_key(kModule, 3, "build");
  EXPECT_EQ(key, code_key(kModule, 3, "build"));
  EXPECT_NE(key, code_key(sha256("another"), 3, "build"));
  EXPECT_NE(key, code_key(kModule, 0, "build"));
  EXPECT_NE(key, code_key(kModule, 3, "build of another"));
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
  header.level = 3;
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
  EXPECT_EQ(back.level, header.level);
  EXPECT_EQ(back.build, header.build);
  EXPECT_EQ(back.name, header.name);
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
    header.level = level;
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

  std::string entry(unsigned level = 3) const { return path_ + "/" + hex(code_key(kModule, level)); }

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
  EXPECT_THAT(names(), ::testing::ElementsAre(hex(code_key(kModule, 3))));
  EXPECT_EQ(kept.prune(true).size(), 1U);
  EXPECT_THAT(names(), IsEmpty());
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

}  // namespace
}  // namespace crumb::wasm
