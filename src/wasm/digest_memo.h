// Digests of files that were hashed before: a start of a 26 MB module would spend 15 ms on it. A digest is remembered for
// device, inode, size, mtime and ctime (ns), and only when the ctime is older than two seconds: a file that is written twice
// within a tick of the kernel's clock keeps its ctime, but then it is young.
//
// One small file for each remembered file, in the cache's own directory: whoever can write there can have other code executed,
// so it is trusted like an entry (trust.h).
//
// Whoever can mount a filesystem of his own can forge all five numbers. The caller must know that he did not.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>

#include "support/fd.h"
#include "support/sha256.h"

namespace crumb::wasm {

class DigestMemo {
 public:
  // `cache`: the directory of the cache, which must outlive this.
  explicit DigestMemo(int cache) : cache_(cache) {}

  // Of the bytes of a regular file from `offset` on: remembered, or read and then remembered where that is allowed. Throws when
  // the file cannot be read or changes meanwhile.
  Sha256Digest digest(int file, std::size_t offset, const std::string& name);

  // When the digest of such a file was last asked for, to the hour; seconds, 0: not since it is remembered.
  std::int64_t last_use(const struct stat& facts) const;
  // Throws the reason when the file of this name in the cache, a memory, cannot be believed.
  void check_file(const std::string& name) const;
  // The name of the memory of this file's digest when it is wrong; empty: there is none, or it is right. Reads the file.
  std::string lie(int file, std::size_t offset) const;

  // Removes what is remembered of it.
  void forget(const struct stat& facts) const;

 private:
  std::optional<Sha256Digest> find(const struct stat& facts, std::size_t offset) const;
  void keep(const struct stat& facts, std::size_t offset, const Sha256Digest& digest) const;
  int cache_;
};

inline constexpr char kMemoPrefix[] = "memo-";  // of the files' names

// The same without a memory.
Sha256Digest digest_of(int file, std::size_t offset, const std::string& name);

}  // namespace crumb::wasm
