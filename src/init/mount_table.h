// /proc/self/mountinfo (proc(5)), line by line.
#pragma once

#include <errno.h>

#include "init/support.h"

namespace crumb::init {

struct MountLine {
  const char* root = "";   // what of the filesystem is mounted: "/" is all of it
  const char* place = "";  // where
  const char* type = "";
};

// The whole table as text; nullptr with `error` set when it cannot be read.
char* read_mount_table(long& error);

// Takes a line off `text` and cuts it in place. False at the end.
bool next_mount(char*& text, MountLine& line);

// Whether `path` is `directory` or lies below it.
bool is_below(const char* path, const char* directory);

// f(line) for every mount until one answers -errno. 0 or -errno.
template <class F>
long for_each_mount(F f) {
  long result = 0;
  char* text = read_mount_table(result);
  for (MountLine line; text != nullptr && result >= 0 && next_mount(text, line);) result = f(line);
  return result;
}

}  // namespace crumb::init
