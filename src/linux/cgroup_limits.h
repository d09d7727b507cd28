// Limits on their way into the files of a container's leaves.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"
#include "support/error.h"
#include "support/fd.h"

namespace crumb::linux {

// One write of a word into a file of a cgroup: its size or -errno.
long write_cgroup_word(int file, std::string_view word);

// The lines that put a keyed file ("8:0 rbps=1048576 wbps=max", a line for each device) or a file of one line back to `old`,
// its content before `value` was written. Pure; for tests.
std::vector<std::string> lines_to_restore(const std::string& file, const std::string& value, const std::string& old);

class LimitWriter {
 public:
  // Says why a leaf lacks a file, for messages.
  using WhyMissing = std::function<std::string(const std::string& file)>;

  LimitWriter(const plan::Host& host, WhyMissing why_missing) : host_(host), why_missing_(std::move(why_missing)) {}

  // restore() will have something to put back.
  void remember() { remembers_ = true; }

  // Throws support Error that names the place, the cgroup, the value and the file.
  void write_all();

  // Best effort: the newest first.
  void restore() const;

 private:
  struct Old {
    std::string path, file, value, content;
  };

  // The leaf's file for writing, or -errno. It stays open until another one is asked for: device rules go to one file.
  long open(const std::string& path);

  // False when the kernel refuses the value, which may be because of the others.
  bool write(const plan::CgroupWrite& write, bool last_word);
  void keep_old(const std::string& path, const std::string& file, const std::string& value);
  Error refused(const plan::CgroupWrite& write, const std::string& file, const std::string& value, long result) const;

  const plan::Host& host_;
  WhyMissing why_missing_;
  std::string open_path_;
  Fd open_file_;
  bool remembers_ = false;
  std::vector<Old> old_;
};

}  // namespace crumb::linux
