// Compiled code of modules on disk (docs/wasm.md): one file for each module and level, named by its key (code_key.h), of the
// form of code_file.h, in a directory of this user's own.
//
// What is found is executed outside the guest's sandbox. So nothing is believed that this user has not written himself: owner,
// mode, key, length and digest are checked each time, and what does not pass is as if it were not there, with one warning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/fd.h"
#include "support/sha256.h"
#include "wasm/code_file.h"

namespace crumb::wasm {

// /var/cache/crumb/aot for the machine's root; else below $XDG_CACHE_HOME or $HOME/.cache. $CRUMB_CODE_CACHE overrides both.
// Empty without any.
std::string default_code_cache(bool machine_root);

// How many bytes of entries are kept: $CRUMB_CODE_CACHE_SIZE, else 2 GiB; 0: any. Throws when it is no size.
std::uint64_t code_cache_limit();

// A file that is being written: without a name until it is complete, so that nothing is left however crumb ends.
class Draft {
 public:
  Draft(Fd file, std::string name, int directory) : file_(std::move(file)), name_(std::move(name)), directory_(directory) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  Draft(Draft&& other) noexcept
      : file_(std::move(other.file_)), name_(std::exchange(other.name_, {})), directory_(other.directory_) {}
  Draft& operator=(Draft&&) = delete;
  ~Draft();
  int file() const { return file_.get(); }

 private:
  friend class CodeCache;
  Fd file_;
  std::string name_;  // empty: none yet
  int directory_;     // the cache's
};

class CodeCache {
 public:
  // Nothing when the directory is not there. Throws when it cannot be believed.
  static std::optional<CodeCache> find(const std::string& path);
  // Makes it when it is missing.
  static CodeCache make(const std::string& path);

  int directory() const { return directory_.get(); }
  const std::string& path() const { return path_; }

  // The checked entry, of the best level that there is with frames or without, open for reading; -1 for none. Warns about each
  // that cannot be believed.
  Fd open_code(const Sha256Digest& module, bool frames = false) const;

  // Whether there is a good one of just this kind.
  bool holds(const Sha256Digest& module, CodeKind kind) const;

  // A file whose code is to be written from wire::kCodeOffset on.
  Draft draft() const;
  // Writes the header (key, code's digest and size are filled in here), syncs and names the file. Replaces an older one at
  // once. Then others are evicted if the cache is too large.
  void keep(Draft draft, CodeHeader header) const;

  struct Entry {
    std::string file;  // its name in the directory
    std::uint64_t bytes = 0;
    std::int64_t time = 0;             // of writing, seconds
    std::int64_t used = 0;             // last, seconds, to the hour; `time` when it never was
    std::optional<CodeHeader> header;  // nothing: broken, for `reason`
    std::string reason;
  };
  // By name. `read`: all of every entry, whatever is remembered of its digest.
  std::vector<Entry> entries(bool read = false) const;

  // Removes this one, and what is remembered of it.
  void remove(const Entry& entry) const;

  // Removes what no start of this crumb would use: broken entries, those of other builds, what was left half written; with
  // `all` every entry and the memory of digests. What was removed, memory not counted.
  std::vector<Entry> prune(bool all) const;

  // Removes entries until they have no more than `limit` bytes (0: any) together, those first that were not used for longest;
  // never `kept`. Also what is remembered of files that nobody asked for in a month. The number of entries and bytes.
  struct Removed {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
  };
  Removed evict(std::uint64_t limit, const std::string& kept = {}) const;

 private:
  CodeCache(std::string path, Fd directory) : path_(std::move(path)), directory_(std::move(directory)) {}
  Fd open_checked(const std::string& file, const Sha256Digest& key) const;
  CodeHeader check_file(int file, const std::string& name, bool read = false) const;
  void forget_unused(std::int64_t before) const;

  std::string path_;
  Fd directory_;
};

}  // namespace crumb::wasm
