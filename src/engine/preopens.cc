#include "engine/preopens.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/descriptor.h"
#include "engine/guard.h"

namespace crumb::engine {
namespace {

Failure find_working_directory(std::string& directory) {
  char buffer[PATH_MAX];
  // The kernel says "(unreachable)/..." for a directory outside the root, of which C libraries make ENOENT or leave it.
  if (::getcwd(buffer, sizeof(buffer)) == nullptr || buffer[0] != '/')
    return {EACCES, "working directory: it was removed or lies outside the root"};
  directory = buffer;
  return {};
}

// A directory that cannot be opened is not given: WAMR would refuse to start over it.
bool can_be_given(const char* path) {
  const Descriptor directory(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && !on_forbidden_filesystem(directory.get());
}

// With the rights of "/", but for those that are granted by themselves.
void add_top_level(const Grant& root, std::vector<Preopen>& list) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/"), ::closedir);
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    // A link counts by what it points to: /bin is one in many images.
    const bool may_be_directory = entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    if (!may_be_directory || name == "." || name == "..") continue;
    std::string path = "/";
    path.append(name);
    const bool is_there = std::any_of(list.begin(), list.end(), [&](const Preopen& other) { return other.name == path; });
    if (!is_there && can_be_given(path.c_str())) list.push_back({std::move(path), root.writable});
  }
}

Failure add_granted(const std::vector<Grant>& grants, std::vector<Preopen>& list) {
  for (const auto& [path, writable, name] : grants) {
    errno = 0;
    if (!can_be_given(path.c_str())) {
      const char* const reason = errno != 0 ? std::strerror(errno) : "it belongs to the kernel's own filesystems";
      return {EACCES, "directory " + (name.empty() ? path : name) + " cannot be given to the guest: " + reason};
    }
    list.push_back(name.empty() ? Preopen{path, writable} : Preopen{name, writable, path});
  }
  return {};
}

bool lies_in(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

// The deepest that holds the directory; null: none does.
const Grant* grant_of(const std::string& directory, const std::vector<Grant>& grants) {
  const Grant* deepest = nullptr;
  for (const Grant& grant : grants)
    if (lies_in(directory, grant.path) && (deepest == nullptr || grant.path.size() > deepest->path.size())) deepest = &grant;
  return deepest;
}

}  // namespace

Failure choose_preopens(const std::vector<Grant>& grants, Preopens& preopens) {
  if (grants.empty()) return {};
  if (!grants.front().name.empty()) return add_granted(grants, preopens.list);
  if (Failure failure = find_working_directory(preopens.directory)) return failure;
  if (Failure failure = add_granted(grants, preopens.list)) return failure;
  preopens.root = grants.front().path == "/";
  const Grant* const grant = grant_of(preopens.directory, grants);
  if (preopens.directory == "/" || grant == nullptr) return {};
  if (!can_be_given(".")) return {EACCES, "working directory " + preopens.directory + " cannot be given to a guest"};
  if (preopens.root) add_top_level(grants.front(), preopens.list);
  preopens.list.push_back({".", grant->writable});
  return {};
}

}  // namespace crumb::engine
