#include "engine/preopens.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <climits>
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

void add_top_level(std::vector<std::string>& names) {
  const std::unique_ptr<DIR, int (*)(DIR*)> root(::opendir("/"), ::closedir);
  if (root == nullptr) return;
  while (const dirent* entry = ::readdir(root.get())) {
    const std::string_view name = entry->d_name;
    // A link counts by what it points to: /bin is one in many images.
    const bool may_be_directory = entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    if (!may_be_directory || name == "." || name == "..") continue;
    std::string path = "/";
    path.append(name);
    if (can_be_given(path.c_str())) names.push_back(std::move(path));
  }
}

}  // namespace

Failure choose_preopens(Preopens& preopens) {
  if (Failure failure = find_working_directory(preopens.directory)) return failure;
  if (!can_be_given("/")) return {EACCES, "the root directory cannot be given to a guest"};
  preopens.names = {"/"};
  if (preopens.directory == "/") return {};
  if (!can_be_given(".")) return {EACCES, "working directory " + preopens.directory + " cannot be given to a guest"};
  add_top_level(preopens.names);
  preopens.names.emplace_back(".");
  return {};
}

}  // namespace crumb::engine
