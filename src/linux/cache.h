// What was made once and can be used again: a directory of files, each of which begins with what it was made from, its key.
//
// What comes out of a cache is loaded into the kernel or executed, so an entry counts only when nobody but this user can have
// written it: the directory is this user's and no other's to write, the entry a regular file of this user with mode 0600, and
// its key the one that is looked for, all of it whole by its checksum. Whatever else is there is a miss and a warning, and is
// replaced when the caller makes a new one. Losing the cache loses nothing: a directory that cannot be made, written or trusted
// is no error.
//
// An entry: Header, key, content. Its name is the key's checksum: of two keys that have the same one, the last is kept. Entries
// are written under another name and renamed, so two that make the same one at once do not disturb each other. Past
// kMostEntries the oldest go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/fd.h"

namespace crumb::linux {

class Cache {
 public:
  static constexpr std::size_t kMostEntries = 128;
  static constexpr std::size_t kLargest = 1U << 20;  // bytes of a key and its content

  struct Header {
    std::uint32_t magic = 0x43425243;  // "CRBC"
    std::uint32_t version = 2;
    std::uint64_t key_size = 0, size = 0;  // of the content; bytes
    std::uint64_t checksum = 0;            // of key and content
  };

  // `directory`: absolute; made (0700) by store() when it is missing. "" is a cache that holds nothing.
  explicit Cache(std::string directory);

  std::optional<std::string> find(std::string_view key) const;
  void store(std::string_view key, std::string_view content);

  // The name of a key's entry.
  static std::string name_of(std::string_view key);

 private:
  void open();
  void prune() const;

  std::string path_;  // "": not used
  Fd directory_;      // none: not there yet
};

}  // namespace crumb::linux
