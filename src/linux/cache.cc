#include "linux/cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <vector>

#include "kernel/call.h"
#include "linux/directory.h"
#include "support/checksum.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"

namespace crumb::linux {
namespace {

constexpr unsigned kDirectoryMode = 0700, kEntryMode = 0600;
constexpr unsigned kPermissions = 07777;

// A key with its checksum, which is the entry's name and part of what the entry is checked by.
struct Key {
  explicit Key(std::string_view text) : bytes(text), sum(checksum(text)) {}
  std::string name() const { return fmt::format("{:016x}", sum); }
  std::string_view bytes;
  std::uint64_t sum;
};

Cache::Header header_of(const Key& key, std::string_view content) {
  Cache::Header header;
  header.key_size = key.bytes.size();
  header.size = content.size();
  header.checksum = checksum(content, key.sum);
  return header;
}

std::string_view bytes_of(const Cache::Header& header) { return {reinterpret_cast<const char*>(&header), sizeof header}; }

// Why the file cannot be an entry; nullptr when it can.
const char* flaw_of_file(const struct stat& facts) {
  if (!S_ISREG(facts.st_mode)) return "it is no regular file";
  if (facts.st_uid != geteuid()) return "it belongs to somebody else";
  if ((facts.st_mode & kPermissions) != kEntryMode) return "its mode is not 0600";
  if (static_cast<std::size_t>(facts.st_size) > sizeof(Cache::Header) + Cache::kLargest) return "it is too large";
  return nullptr;
}

// By words: not every libc's memcmp does that.
bool same(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  std::uint64_t left = 0, right = 0;
  while (one.size() >= sizeof left && left == right) {
    std::memcpy(&left, one.data(), sizeof left);
    std::memcpy(&right, other.data(), sizeof right);
    one.remove_prefix(sizeof left);
    other.remove_prefix(sizeof right);
  }
  return left == right && one == other;
}

// The content of an entry's bytes; nothing when they are not what was stored under that key.
std::optional<std::string> content_of(const Key& key, std::string_view bytes) {
  constexpr std::size_t kHeader = sizeof(Cache::Header);
  const std::size_t size = key.bytes.size();
  if (bytes.size() < kHeader + size || !same(bytes.substr(kHeader, size), key.bytes)) return std::nullopt;
  const std::string_view content = bytes.substr(kHeader + size);
  const Cache::Header expected = header_of(key, content);
  if (bytes_of(expected) != bytes.substr(0, kHeader)) return std::nullopt;
  return std::string(content);
}

}  // namespace

Cache::Cache(std::string directory) : path_(std::move(directory)) {
  if (!path_.empty()) open();
}

// A directory that others may write to could hold entries that they have renamed into it.
void Cache::open() {
  const auto refuse = [&](std::string_view reason) {
    log::warning(fmt::format("cache {} is not used: {}", path_, reason));
    path_.clear();
    directory_.reset();
  };
  const long opened =
      take(kernel::openat(AT_FDCWD, path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), directory_);
  if (opened == -ENOENT) return;
  if (opened < 0) return refuse(errno_text(static_cast<int>(-opened)));
  struct stat facts{};
  if (const long result = kernel::fstat(directory_.get(), &facts); result < 0)
    return refuse(errno_text(static_cast<int>(-result)));
  if (facts.st_uid != geteuid()) return refuse("it belongs to somebody else");
  if ((facts.st_mode & kPermissions & ~kDirectoryMode) != 0) refuse("its mode is not 0700");
}

std::string Cache::name_of(std::string_view key) { return Key(key).name(); }

std::optional<std::string> Cache::find(std::string_view key) const {
  if (!directory_) return std::nullopt;
  const Key whole(key);
  const std::string entry = whole.name(), name = path_ + "/" + entry;
  const auto refuse = [&](std::string_view reason) {
    log::warning(fmt::format("cache entry {} is not used: {}", name, reason));
    return std::nullopt;
  };
  // What is no entry must neither be followed nor waited for.
  Fd file;
  const long opened =
      take(kernel::openat(directory_.get(), entry.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), file);
  if (opened == -ENOENT) return std::nullopt;
  if (opened < 0) return refuse(errno_text(static_cast<int>(-opened)));
  struct stat facts{};
  if (const long result = kernel::fstat(file.get(), &facts); result < 0) return refuse(errno_text(static_cast<int>(-result)));
  if (const char* flaw = flaw_of_file(facts)) return refuse(flaw);
  try {
    std::optional<std::string> content = content_of(whole, read_all(file.get(), name, sizeof(Header) + kLargest));
    return content ? content : refuse("it is damaged");
  } catch (const Error& error) {
    return refuse(error.what());
  }
}

void Cache::store(std::string_view key, std::string_view content) {
  if (path_.empty() || key.size() + content.size() > kLargest) return;
  const Key whole(key);
  try {
    if (!directory_) make_directories(path_, kDirectoryMode), open();
    if (!directory_) return;
    std::string bytes(bytes_of(header_of(whole, content)));
    replace_file(directory_.get(), whole.name(), bytes.append(key).append(content), kEntryMode);
    prune();
  } catch (const Error& error) {
    log::debug(fmt::format("cache {}: nothing is kept: {}", path_, error.what()));
  }
}

void Cache::prune() const {
  std::vector<std::pair<timespec, std::string>> found;
  for (const Entry& entry : entries(directory_.get(), path_)) {
    struct stat facts{};
    if (kernel::fstatat(directory_.get(), entry.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
      found.emplace_back(facts.st_mtim, entry.name);
  }
  if (found.size() <= kMostEntries) return;
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return std::tie(a.first.tv_sec, a.first.tv_nsec) < std::tie(b.first.tv_sec, b.first.tv_nsec);
  });
  found.resize(found.size() - kMostEntries);
  for (const auto& [time, name] : found) kernel::unlinkat(directory_.get(), name.c_str(), 0);
}

}  // namespace crumb::linux
