// Compiled code of modules on disk (docs/wasm.md): one file for each module and level, named by its key (code_key.h), of the
// form of code_file.h, in a directory of this user's own. An entry may also say that there is no code: a refusal, so that
// nobody tries again at each start.
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

inline constexpr std::uint64_t kLargestModule = 512U << 20;  // bytes; larger ones are neither looked up nor compiled

inline constexpr char kLockName[] = "lock";  // compile_lock.h

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

  // What there is of just this kind, checked.
  enum class Known { nothing, code, refusal };
  Known known(const Sha256Digest& module, CodeKind kind, std::string* refusal = nullptr) const;
  bool holds(const Sha256Digest& module, CodeKind kind) const { return known(module, kind) == Known::code; }

  // A file whose code is to be written from wire::kCodeOffset on.
  Draft draft() const;
  // Writes the header (key, code's digest and size are filled in here), syncs and names the file. Replaces an older one at
  // once. Then others are evicted if the cache is too large.
  void keep(Draft draft, CodeHeader header) const;

  // Keeps why there is no code (header.refusal, not empty), where there is none yet.
  void refuse(CodeHeader header) const;

  // The content of a file, open for reading, in a file of the cache's filesystem without a name. Throws when it has more than
  // kLargestModule bytes.
  Fd copy(int file, const std::string& name) const;

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

  // What is wrong with the other files of the cache: memories of digests that others could have written or that lie about an
  // entry, the lock. Reads every entry.
  struct Flaw {
    std::string file, reason;
  };
  std::vector<Flaw> flaws() const;
  void remove(const Flaw& flaw) const;

  // Removes what no start of this crumb would use: broken entries, those of other builds, what was left half written; with
  // `all` every entry, the memory of digests and the lock that nobody holds. What was removed, only entries counted.
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
  struct Opened {
    Fd file;  // -1: there is none that can be believed
    CodeHeader header;
  };
  Opened open_checked(const Sha256Digest& key) const;
  void publish(Draft draft, const CodeHeader& header) const;
  void name_draft(Draft& draft, const std::string& self) const;
  CodeHeader check_file(int file, const std::string& name, bool read = false) const;
  void forget_unused(std::int64_t before) const;

  std::string path_;
  Fd directory_;
};

}  // namespace crumb::wasm
