// Files as whole things, through kernel:: so that tests can make each call fail. Errors name the file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "support/fd.h"

namespace crumb {

inline constexpr std::size_t kLargestFile = 16U << 20;  // bytes; what a config.json or a file of the kernel may hold

// From the descriptor's offset to the end. Throws when there is more than `limit`. `name` is for messages.
std::string read_all(int fd, const std::string& name, std::size_t limit = kLargestFile);

// A regular file or a file of the kernel's; `directory` may be AT_FDCWD. Never waits on a FIFO.
std::string read_file(int directory, const std::string& path, std::size_t limit = kLargestFile);

std::string read_file(const std::string& path);

void write_all(int fd, std::string_view bytes, const std::string& name);

// One write(2) into an existing file, as the kernel's files want it.
void write_kernel_file(int directory, const std::string& path, std::string_view bytes);

// Writes under a temporary name and renames: readers see all of it or the old file. No fsync. Nothing is left on failure.
void replace_file(int directory, const std::string& path, std::string_view bytes, unsigned mode = 0600);

// mkdir -p of an absolute path.
void make_directories(const std::string& path, unsigned mode);

// The absolute path without links; throws when it does not lead anywhere.
std::string real_path(const std::string& path);

std::string read_link(const std::string& path);

}  // namespace crumb
