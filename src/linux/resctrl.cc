#include "linux/resctrl.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "kernel/call.h"
#include "linux/mountinfo.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/lines.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

// Leading zeros and the case of digits do not matter.
std::string value_of(std::string_view text) {
  text = trimmed(text);
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  std::string value(text);
  for (char& digit : value) digit = digit >= 'A' && digit <= 'Z' ? static_cast<char>(digit | 0x20) : digit;
  return value;
}

// "0=7f0;1=1f" by domain.
std::map<std::string, std::string> domains(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const std::string_view part : split(text, ';')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) values[value_of(part.substr(0, equals))] = value_of(part.substr(equals + 1));
  }
  return values;
}

long write_line(const std::string& path, const std::string& line) {
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC);
  const Fd file(opened);
  return file ? kernel::write(file.get(), line.data(), line.size()) : opened;
}

// What the filesystem says about the last command; "" when it says nothing.
std::string last_status(const std::string& mountpoint) {
  try {
    const std::string text = read_file(mountpoint + "/info/last_cmd_status");
    const std::string line = first_line(text);
    return line.empty() || line == "ok" ? "" : fmt::format(" ({})", line);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::string find_resctrl() {
  std::string found;
  for_each_mount(read_file("/proc/self/mountinfo"), [&](const MountLine& mount) {
    if (found.empty() && mount.type == "resctrl") found = mount.mountpoint;
  });
  return found;
}

bool has_schema(std::string_view schemata, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::map<std::string, std::string> wanted = domains(line.substr(colon + 1));
  for (const std::string_view there : split(schemata, '\n')) {
    const std::size_t end = there.find(':');
    if (end == std::string_view::npos || trimmed(there.substr(0, end)) != trimmed(line.substr(0, colon))) continue;
    const std::map<std::string, std::string> values = domains(there.substr(end + 1));
    return std::ranges::all_of(wanted, [&](const auto& domain) {
      const auto value = values.find(domain.first);
      return value != values.end() && value->second == domain.second;
    });
  }
  return false;
}

NewRdtGroup::NewRdtGroup(const plan::RdtGroup* group, std::string document) : group_(group), document_(std::move(document)) {}

NewRdtGroup::~NewRdtGroup() {
  if (!group_) return;
  if (made_monitor_) kernel::unlinkat(AT_FDCWD, group_->monitor.c_str(), AT_REMOVEDIR);
  if (made_class_) kernel::unlinkat(AT_FDCWD, group_->directory.c_str(), AT_REMOVEDIR);
}

Error NewRdtGroup::refused(long result, const std::string& what) const {
  return fail("{}: linux.intelRdt: {}: {}{}", document_, what, errno_text(static_cast<int>(-result)),
              last_status(group_->mountpoint));
}

void NewRdtGroup::make() {
  if (!group_) return;
  make_class();
  write_schemata();
  make_monitor();
}

void NewRdtGroup::make_class() {
  const bool there = has_class(*group_);
  if (group_->must_exist && !there)
    throw fail("{}: linux.intelRdt.closID: {} does not exist, and without a schema it is not made", document_,
               group_->directory);
  if (there) return;
  const long result = kernel::mkdirat(AT_FDCWD, group_->directory.c_str(), 0755);
  if (result < 0) throw refused(result, "make " + group_->directory);
  made_class_ = true;
}

void NewRdtGroup::write_schemata() const {
  const std::string path = group_->directory + "/schemata";
  for (std::size_t i = 0; i < group_->schemata.size(); ++i) {
    const std::string& line = group_->schemata[i];
    if (!made_class_ && i < group_->compared && !has_schema(read_file(path), line))
      throw fail("{}: linux.intelRdt: {} exists, and {} has not \"{}\"", document_, group_->directory, path, line);
    if (const long result = write_line(path, line + "\n"); result < 0)
      throw refused(result, fmt::format("write \"{}\" to {}", line, path));
  }
}

void NewRdtGroup::make_monitor() {
  if (group_->monitor.empty()) return;
  const long result = kernel::mkdirat(AT_FDCWD, group_->monitor.c_str(), 0755);
  if (result == -EEXIST) return;
  if (result < 0) throw refused(result, "make " + group_->monitor);
  made_monitor_ = true;
}

bool has_class(const plan::RdtGroup& group) {
  struct stat facts{};
  return kernel::fstatat(AT_FDCWD, group.directory.c_str(), &facts, 0) >= 0 && S_ISDIR(facts.st_mode);
}

void join_rdt(const plan::RdtGroup& group, int pid) {
  for (const std::string& directory : {group.directory, group.monitor}) {
    if (directory.empty()) continue;
    const std::string path = directory + "/tasks";
    const long result = write_line(path, std::to_string(pid));
    if (result < 0)
      throw fail("linux.intelRdt: process {} cannot join {}: {}{}", pid, path, errno_text(static_cast<int>(-result)),
                 last_status(group.mountpoint));
  }
}

RdtUpdate::RdtUpdate(const plan::RdtGroup& group, const std::vector<std::string>& lines, const std::string& document)
    : path_(group.directory + "/schemata"), old_(read_file(path_)) {
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    const long result = write_line(path_, line + "\n");
    if (result >= 0) continue;
    restore();
    throw fail("{}: write \"{}\" to {}: {}{}", document, line, path_, errno_text(static_cast<int>(-result)),
               last_status(group.mountpoint));
  }
}

RdtUpdate::~RdtUpdate() { restore(); }

void RdtUpdate::restore() const {
  for (const std::string_view line : split(old_, '\n'))
    if (!trimmed(line).empty()) write_line(path_, std::string(trimmed(line)) + "\n");
}

void remove_rdt(const plan::RdtGroup& group, bool made) {
  const std::string& directory = made ? group.directory : group.monitor;
  if (directory.empty()) return;
  const long result = kernel::unlinkat(AT_FDCWD, directory.c_str(), AT_REMOVEDIR);
  if (result != -ENOENT) check(result, "linux.intelRdt: remove {}", directory);
}

}  // namespace crumb::linux
