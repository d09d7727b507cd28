#include "wasm/digest_memo.h"

#include <fcntl.h>
#include <time.h>

#include <cstring>
#include <vector>

#include "kernel/call.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "wasm/trust.h"

namespace crumb::wasm {
namespace {

constexpr std::uint32_t kMagic = 0x314d5243;  // "CRM1"
constexpr std::int64_t kOldEnough = 2;        // seconds
constexpr std::int64_t kUseStep = 3600;       // seconds; how exactly it is known when a digest was last asked for

// What is on disk, in the machine's byte order.
struct Record {
  std::uint32_t magic = kMagic;
  std::uint32_t offset = 0;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t mtime = 0, mtime_ns = 0, ctime = 0, ctime_ns = 0;
  std::uint8_t digest[32] = {};
};
constexpr std::size_t kIdentity = offsetof(Record, digest);

Record record_of(const struct stat& facts, std::size_t offset) {
  Record record;
  record.offset = static_cast<std::uint32_t>(offset);
  record.device = facts.st_dev;
  record.inode = facts.st_ino;
  record.size = static_cast<std::uint64_t>(facts.st_size);
  record.mtime = facts.st_mtim.tv_sec;
  record.mtime_ns = facts.st_mtim.tv_nsec;
  record.ctime = facts.st_ctim.tv_sec;
  record.ctime_ns = facts.st_ctim.tv_nsec;
  return record;
}

bool same_file(const Record& one, const Record& other) { return std::memcmp(&one, &other, kIdentity) == 0; }

std::string file_name(const struct stat& facts) { return fmt::format("{}{:x}-{:x}", kMemoPrefix, facts.st_dev, facts.st_ino); }

std::int64_t seconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec;
}

// A ctime in the future is never old.
bool old_enough(const struct stat& facts) { return seconds_now() - facts.st_ctim.tv_sec > kOldEnough; }

// The memory's own mtime is when it was last of use: an entry's times are part of what is remembered, and stay.
void note_use(int memo, const struct stat& facts) {
  if (seconds_now() - facts.st_mtim.tv_sec > kUseStep) kernel::syscall(SYS_utimensat, memo, nullptr, nullptr, 0);
}

struct stat facts_of(int file, const std::string& name) {
  struct stat facts{};
  check(kernel::fstat(file, &facts), "{}", name);
  return facts;
}

}  // namespace

Sha256Digest digest_of(int file, std::size_t offset, const std::string& name) {
  constexpr std::size_t kPart = 256U << 10;
  std::vector<char> buffer(kPart);
  Sha256 hash;
  for (auto at = static_cast<long>(offset);;) {
    const long count = kernel::pread64(file, buffer.data(), buffer.size(), at);
    if (count == -EINTR) continue;
    if (check(count, "{}", name) == 0) return hash.finish();
    hash.add({buffer.data(), static_cast<std::size_t>(count)});
    at += count;
  }
}

void DigestMemo::check_file(const std::string& name) const {
  const long opened = kernel::openat(cache_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (opened == -ELOOP) throw fail("it is a symbolic link");
  const Fd file(check(opened, "open it"));
  require_own_file(facts_of(file.get(), "look at it"));
  Record record;
  if (kernel::pread64(file.get(), &record, sizeof record, 0) != sizeof record || record.magic != kMagic)
    throw fail("it is no memory of a digest");
  if (name != fmt::format("{}{:x}-{:x}", kMemoPrefix, record.device, record.inode)) throw fail("it is not called as its file");
}

std::string DigestMemo::lie(int file, std::size_t offset) const {
  const struct stat facts = facts_of(file, "look at it");
  std::optional<Sha256Digest> known;
  try {
    known = find(facts, offset);
  } catch (const Error&) {
    return {};  // not believed anyway
  }
  return known && *known != digest_of(file, offset, "read it") ? file_name(facts) : "";
}

std::optional<Sha256Digest> DigestMemo::find(const struct stat& facts, std::size_t offset) const {
  const Fd file(kernel::openat(cache_, file_name(facts).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return {};
  struct stat own{};
  check(kernel::fstat(file.get(), &own), "memo");
  require_own_file(own);
  Record record;
  if (kernel::pread64(file.get(), &record, sizeof record, 0) != sizeof record || !same_file(record, record_of(facts, offset)))
    return {};
  note_use(file.get(), own);
  Sha256Digest digest;
  std::memcpy(digest.data(), record.digest, digest.size());
  return digest;
}

void DigestMemo::keep(const struct stat& facts, std::size_t offset, const Sha256Digest& digest) const {
  Record record = record_of(facts, offset);
  std::memcpy(record.digest, digest.data(), digest.size());
  try {
    replace_file(cache_, file_name(facts), {reinterpret_cast<const char*>(&record), sizeof record});
  } catch (const Error& error) {
    log::debug(fmt::format("wasm cache: {}", error.what()));  // a full or read-only disk: hashed again next time
  }
}

std::int64_t DigestMemo::last_use(const struct stat& facts) const {
  struct stat own{};
  const bool known = kernel::fstatat(cache_, file_name(facts).c_str(), &own, AT_SYMLINK_NOFOLLOW) == 0;
  return known ? own.st_mtim.tv_sec : 0;
}

void DigestMemo::forget(const struct stat& facts) const { kernel::unlinkat(cache_, file_name(facts).c_str(), 0); }

Sha256Digest DigestMemo::digest(int file, std::size_t offset, const std::string& name) {
  const struct stat before = facts_of(file, name);
  if (const std::optional<Sha256Digest> known = find(before, offset)) return *known;
  const bool may_be_kept = old_enough(before);
  const Sha256Digest digest = digest_of(file, offset, name);
  if (!same_file(record_of(before, offset), record_of(facts_of(file, name), offset)))
    throw fail("{}: it changes while it is read", name);
  if (may_be_kept) keep(before, offset, digest);
  return digest;
}

}  // namespace crumb::wasm
