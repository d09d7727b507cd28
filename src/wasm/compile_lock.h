// Of several that want to compile the same, one does. Each kind of code of each module is one byte of the cache's file `lock`,
// held by an open file description (fcntl(2), F_OFD_SETLK): whoever is killed holds nothing any more, and nothing stays behind.
#pragma once

#include <optional>

#include "support/fd.h"
#include "support/sha256.h"

namespace crumb::wasm {

class CompileLock {
 public:
  // A start that waits for its code does not wait for a job in the background, which takes its time.
  enum class Holder { job, start };

  // `directory`: the cache's. `key`: of what is compiled. Nothing when another holds it. Throws when the file cannot be
  // believed, or its filesystem has no such locks.
  static std::optional<CompileLock> take(int directory, const Sha256Digest& key, Holder holder);

  // Who inherits this descriptor holds the lock as well.
  int file() const { return file_.get(); }

 private:
  explicit CompileLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

// Jobs take turns: true when it is that of who holds this lock's descriptor, until the descriptor is closed.
bool take_turn(int lock);

// The file; made when it is missing. Throws the reason when it cannot be believed.
Fd open_lock(int directory);

// Removes the file unless somebody holds a lock of it.
void remove_idle_lock(int directory);

}  // namespace crumb::wasm
