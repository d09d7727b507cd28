// What was made once and can be used again: a directory of files, each named after what it was made from.
//
// What comes out of a cache is loaded into the kernel or executed, so an entry counts only when nobody but this user can have
// written it: the directory is this user's and no other's to write, the entry a regular file of this user with mode 0600, and
// its content what its digest says it is. Whatever else is there is a miss and a warning, and is replaced when the caller makes
// a new one. Losing the cache loses nothing: a directory that cannot be made, written or trusted is no error.
//
// An entry: Header, then the content. Entries are written under another name and renamed, so two that make the same one at once
// do not disturb each other. Past kMostEntries the oldest go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/fd.h"
#include "support/sha256.h"

namespace crumb::linux {

class Cache {
 public:
  static constexpr std::size_t kMostEntries = 128;
  static constexpr std::size_t kLargestContent = 1U << 20;  // bytes

  struct Header {
    std::uint32_t magic = 0x43425243;  // "CRBC"
    std::uint32_t version = 1;
    std::uint64_t size = 0;    // of the content, bytes
    Sha256Digest digest = {};  // of the key and the content: an entry under another's name is none
  };

  // `directory`: absolute; made (0700) by store() when it is missing. "" is a cache that holds nothing.
  explicit Cache(std::string directory);

  // `key`: hexadecimal digits.
  std::optional<std::string> find(const std::string& key) const;
  void store(const std::string& key, std::string_view content);

 private:
  void open();
  void prune() const;

  std::string path_;  // "": not used
  Fd directory_;      // none: not there yet
};

}  // namespace crumb::linux
