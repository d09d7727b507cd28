// The cache: what was stored comes back, what anybody else could have put there does not.
#include "linux/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "linux_support.h"

namespace crumb::linux {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kSomebody = 12345;

class CacheTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_ / "cache"; }
  fs::path entry() const { return fs::path(path()) / Cache::name_of(kKey); }
  void store() { Cache(path()).store(kKey, kContent); }
  std::optional<std::string> find() const { return Cache(path()).find(kKey); }
  std::string read() const { return testing::content(entry()); }
  // With the mode that an entry has.
  void write(const std::string& bytes) const {
    testing::put_anew(entry(), bytes);
    chmod(entry().c_str(), 0600);
  }

  static constexpr char kKey[] = "0123abcd";
  static constexpr char kContent[] = "what was made";
  testing::TemporaryDirectory directory_;
};

TEST_F(CacheTest, BringsBackWhatWasStored) {
  EXPECT_FALSE(find());
  EXPECT_FALSE(fs::exists(path())) << "looking makes no directory";
  store();
  EXPECT_EQ(find(), kContent);
  EXPECT_FALSE(Cache(path()).find("0123abce"));
  struct stat facts{};
  ASSERT_EQ(stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700U);
}

TEST_F(CacheTest, ReplacesAnEntry) {
  store();
  Cache(path()).store(kKey, "");
  EXPECT_EQ(find(), "");
}

TEST_F(CacheTest, WithoutADirectoryHoldsNothing) {
  Cache cache("");
  cache.store(kKey, kContent);
  EXPECT_FALSE(cache.find(kKey));
}

TEST_F(CacheTest, RefusesEveryTruncation) {
  store();
  const std::string whole = read();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_FALSE(find()) << size;
  }
  write(whole + '\0');
  EXPECT_FALSE(find());
  write(whole);
  EXPECT_EQ(find(), kContent);
}

TEST_F(CacheTest, RefusesEveryFlippedBit) {
  store();
  const std::string whole = read();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    write(flipped);
    EXPECT_FALSE(find()) << bit;
  }
}

TEST_F(CacheTest, RefusesAnEntryUnderTheNameOfAnother) {
  store();
  fs::rename(entry(), entry().replace_filename(Cache::name_of("ffff")));
  EXPECT_FALSE(Cache(path()).find("ffff"));
}

TEST_F(CacheTest, RefusesLinksFifosAndDirectories) {
  store();
  fs::rename(entry(), directory_ / "elsewhere");
  fs::create_symlink(directory_ / "elsewhere", entry());
  EXPECT_FALSE(find());
  fs::remove(entry());
  ASSERT_EQ(mkfifo(entry().c_str(), 0600), 0);
  EXPECT_FALSE(find());
  fs::remove(entry());
  fs::create_directory(entry());
  EXPECT_FALSE(find());
  fs::remove(entry());
  store();
  EXPECT_EQ(find(), kContent);
}

TEST_F(CacheTest, RefusesEntriesWithAnotherMode) {
  store();
  for (const mode_t mode : {0660, 0602, 0640, 0700, 04600}) {
    chmod(entry().c_str(), mode);
    EXPECT_FALSE(find()) << std::oct << mode;
  }
}

TEST_F(CacheTest, RefusesWhatIsSomebodyElses) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  store();
  ASSERT_EQ(chown(entry().c_str(), kSomebody, kSomebody), 0);
  EXPECT_FALSE(find());
  store();
  EXPECT_EQ(find(), kContent);
  ASSERT_EQ(chown(path().c_str(), kSomebody, kSomebody), 0);
  EXPECT_FALSE(find());
}

TEST_F(CacheTest, NeitherReadsNorWritesADirectoryThatOthersCanEnter) {
  store();
  const std::string before = read();
  for (const mode_t mode : {0777, 0720, 0702, 0750, 01700}) {
    chmod(path().c_str(), mode);
    EXPECT_FALSE(find()) << std::oct << mode;
    Cache(path()).store(kKey, "another");
    EXPECT_EQ(read(), before);
  }
}

TEST_F(CacheTest, DoesNotFollowALinkToItsDirectory) {
  store();
  fs::rename(path(), directory_ / "elsewhere");
  fs::create_directory_symlink(directory_ / "elsewhere", path());
  EXPECT_FALSE(find());
}

TEST_F(CacheTest, ThatCannotBeMadeIsNoError) {
  Cache cache("/proc/self/nothing/cache");
  cache.store(kKey, kContent);
  EXPECT_FALSE(cache.find(kKey));
}

TEST_F(CacheTest, DropsTheOldestBeyondItsBound) {
  for (std::size_t i = 0; i < Cache::kMostEntries + 3; ++i) {
    const std::string key = "k" + std::to_string(i);
    Cache(path()).store(key, kContent);
    // Times a second apart, in the past.
    const timespec times[2] = {{static_cast<time_t>(1000 + i), 0}, {static_cast<time_t>(1000 + i), 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (fs::path(path()) / Cache::name_of(key)).c_str(), times, 0), 0);
  }
  Cache(path()).store("last", kContent);
  EXPECT_EQ(std::distance(fs::directory_iterator(path()), {}), static_cast<std::ptrdiff_t>(Cache::kMostEntries));
  EXPECT_FALSE(Cache(path()).find("k0"));
  EXPECT_TRUE(Cache(path()).find("k" + std::to_string(Cache::kMostEntries + 2)));
  EXPECT_TRUE(Cache(path()).find("last"));
}

}  // namespace
}  // namespace crumb::linux
