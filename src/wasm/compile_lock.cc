#include "wasm/compile_lock.h"

#include <fcntl.h>

#include <cstdint>
#include <cstring>

#include "kernel/call.h"
#include "support/error.h"
#include "wasm/code_cache.h"
#include "wasm/trust.h"

namespace crumb::wasm {
namespace {

constexpr off_t kTurn = 0;

// Bytes 1, 2, ... belong to keys: two for each, and no two keys that anybody will meet to the same.
off_t byte_of(const Sha256Digest& key, CompileLock::Holder holder) {
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 61) - 1;
  std::uint64_t number = 0;
  std::memcpy(&number, key.data(), sizeof number);
  return static_cast<off_t>(1 + 2 * (number & kMost) + (holder == CompileLock::Holder::start ? 1 : 0));
}

// length 0: to the end. False when somebody else holds a part of it.
bool hold(int file, off_t start, off_t length) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  const long result = kernel::fcntl(file, F_OFD_SETLK, reinterpret_cast<long>(&lock));
  if (result == -EAGAIN || result == -EACCES) return false;
  check(result, "wasm cache: {}", kLockName);
  return true;
}

// Whether the name still leads to it.
bool is_current(int directory, int file) {
  struct stat named{}, held{};
  check(kernel::fstat(file, &held), "wasm cache: {}", kLockName);
  return kernel::fstatat(directory, kLockName, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == held.st_ino &&
         named.st_dev == held.st_dev;
}

}  // namespace

Fd open_lock(int directory) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const long opened = kernel::openat(directory, kLockName, kFlags, 0600);
  if (opened == -ELOOP) throw fail("it is a symbolic link");
  Fd file(check(opened, "open it"));
  struct stat facts{};
  check(kernel::fstat(file.get(), &facts), "look at it");
  require_own_file(facts);
  if (facts.st_size != 0) throw fail("it is not empty");
  return file;
}

std::optional<CompileLock> CompileLock::take(int directory, const Sha256Digest& key, Holder holder) {
  for (;;) {
    Fd file;
    try {
      file = open_lock(directory);
    } catch (const Error& error) {
      throw fail("wasm cache: {}: {}", kLockName, error.what());
    }
    if (!hold(file.get(), byte_of(key, holder), 1)) return std::nullopt;
    if (is_current(directory, file.get())) return CompileLock(std::move(file));
  }
}

bool take_turn(int lock) { return hold(lock, kTurn, 1); }

void remove_idle_lock(int directory) {
  const Fd file(kernel::openat(directory, kLockName, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (file && hold(file.get(), 0, 0)) kernel::unlinkat(directory, kLockName, 0);
}

}  // namespace crumb::wasm
