#include "linux/cgroup_limits.h"

#include <fcntl.h>

#include <cerrno>
#include <ranges>

#include "linux/cgroup.h"
#include "linux/cgroup_tree.h"
#include "linux/device_filter.h"
#include "linux/user_namespace.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/lines.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

// "8:0" of "8:0 1048576"; "" when the value is not about one device.
std::string key_of(const std::string& value) {
  const std::string first = value.substr(0, value.find(' '));
  return first != value && first.find(':') != std::string::npos ? first : "";
}

// What a file that is written here says before anything is written there.
std::string nothing_for(const std::string& file, const std::string& key) {
  if (file == "io.max") return key + " rbps=max wbps=max riops=max wiops=max";
  return key + (file.starts_with("io.") ? " default" : " 0");
}

// A limit below what is in use is refused as "busy".
std::string use_of_memory(const std::string& directory, const std::string& file) {
  std::string usage = file;
  const std::size_t limit = usage.find("limit_in_bytes");
  if (limit == std::string::npos || file == "memory.soft_limit_in_bytes") return "";
  usage.replace(limit, std::string::npos, "usage_in_bytes");
  try {
    return fmt::format(" ({} bytes are in use)", first_line(read_file(directory + "/" + usage)));
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

// v1 answers EINTR when a signal arrives while it makes room for a new limit.
long write_cgroup_word(int file, std::string_view word) {
  long result = 0;
  do result = kernel::write(file, word.data(), word.size());
  while (result == -EINTR);
  return result;
}

std::vector<std::string> lines_to_restore(const std::string& file, const std::string& value, const std::string& old) {
  const std::string key = key_of(value);
  if (key.empty()) {
    const std::string line = first_line(old);
    return line.empty() ? std::vector<std::string>() : std::vector{line};
  }
  for (const std::string_view line : split(old, '\n'))
    if (line.starts_with(key + " ")) return {std::string(line)};
  return {nothing_for(file, key)};
}

Error LimitWriter::refused(const plan::CgroupWrite& write, const std::string& file, const std::string& value,
                           long result) const {
  const plan::CgroupLeaf& leaf = host_.cgroup_leaves.at(write.leaf);
  const std::string hint = result == -EBUSY ? use_of_memory(cgroup_directory(leaf), file) : "";
  return fail("{}: {}: {}: write {} to {}: {}{}", host_.document, write.place, cgroup_name(leaf), quote(value), file,
              errno_text(static_cast<int>(-result)), hint);
}

void LimitWriter::keep_old(const std::string& path, const std::string& file, const std::string& value) {
  if (!remembers_) return;
  try {
    old_.push_back({path, file, value, read_file(path)});
  } catch (const Error&) {
    // Nothing can be read from it: devices.allow and the like.
  }
}

long LimitWriter::open(const std::string& path) {
  if (open_file_ && open_path_ == path) return open_file_.get();
  open_path_ = path;
  return take(kernel::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC), open_file_);
}

bool LimitWriter::write(const plan::CgroupWrite& write, bool last_word) {
  const plan::CgroupLeaf& leaf = host_.cgroup_leaves.at(write.leaf);
  const std::string directory = cgroup_directory(leaf);
  std::string file = write.file, value = write.value;
  if (file.find('/') != std::string::npos)
    throw fail("{}: {}: {}: not a file of a cgroup", host_.document, write.place, quote(file));

  long opened = open(directory + "/" + file);
  if (opened == -ENOENT && !write.other_file.empty()) {
    file = write.other_file, value = write.other_value;
    opened = open(directory + "/" + file);
  }
  if (opened == -ENOENT && write.optional) return true;
  if (opened == -ENOENT) throw fail("{}: {}: {}: {}", host_.document, write.place, cgroup_name(leaf), why_missing_(write.file));
  check(opened, "{}: {}: {}: {}", host_.document, write.place, cgroup_name(leaf), file);

  keep_old(directory + "/" + file, file, value);
  const long result = write_cgroup_word(open_file_.get(), value);
  if (result == -EINVAL && !last_word) return false;
  // Devices belong to the initial user namespace; whoever is in another one cannot make nodes anyway.
  if (result == -EPERM && file.starts_with("devices.") && in_user_namespace()) return true;
  if (result < 0) throw refused(write, file, value, result);
  return true;
}

void LimitWriter::write_all() {
  std::vector<const plan::CgroupWrite*> again;
  for (const plan::CgroupWrite& entry : host_.cgroup_writes)
    if (!write(entry, !entry.order_matters)) again.push_back(&entry);
  for (const plan::CgroupWrite* entry : again) write(*entry, true);
}

void LimitWriter::restore() const {
  for (const Old& old : std::views::reverse(old_)) {
    const Fd file(kernel::openat(AT_FDCWD, old.path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) continue;
    for (const std::string& line : lines_to_restore(old.file, old.value, old.content))
      if (const long result = write_cgroup_word(file.get(), line); result < 0)
        log::debug(fmt::format("{}: write {} again: {}", old.path, quote(line), errno_text(static_cast<int>(-result))));
  }
}

void update_cgroups(const plan::Host& host, const std::function<void()>& between) {
  LimitWriter writer(host, [](const std::string& file) { return fmt::format("it has no {}", file); });
  writer.remember();
  try {
    writer.write_all();
    if (between) {
      between();
      writer.write_all();
    }
    attach_device_filter(host);
  } catch (const Error&) {
    writer.restore();
    throw;
  }
}

}  // namespace crumb::linux
