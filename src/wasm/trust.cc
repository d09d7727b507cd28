#include "wasm/trust.h"

#include <unistd.h>

#include "support/error.h"

namespace crumb::wasm {
namespace {

void require_own(const struct stat& facts) {
  constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
  if (facts.st_uid != ::geteuid()) throw fail("it belongs to user {}, not to {}", facts.st_uid, ::geteuid());
  if (facts.st_mode & kWritableByOthers) throw fail("others can write to it (mode {:o})", facts.st_mode & 07777);
}

}  // namespace

void require_own_directory(const struct stat& facts) {
  if (!S_ISDIR(facts.st_mode)) throw fail("it is not a directory");
  require_own(facts);
}

void require_own_file(const struct stat& facts) {
  if (!S_ISREG(facts.st_mode)) throw fail("it is not a regular file");
  require_own(facts);
}

}  // namespace crumb::wasm
