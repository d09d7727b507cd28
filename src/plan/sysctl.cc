// linux.sysctl: only what belongs to a namespace, and only when that namespace is not the host's.
#include <sched.h>

#include "plan/parts.h"

namespace crumb::plan {
namespace {

// Either "." separates and "/" stands for a dot in a name, or the reverse; the first one that is there decides (sysctl(8)).
std::string path_of(std::string_view name) {
  std::string path(name);
  const std::size_t first = path.find_first_of("./");
  if (first == std::string::npos || path[first] == '/') return path;
  for (char& c : path) {
    if (c == '.')
      c = '/';
    else if (c == '/')
      c = '.';
  }
  return path;
}

bool is_plain(std::string_view path) {
  while (true) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    if (component.empty() || component == "." || component == "..") return false;
    if (end == path.size()) return true;
    path.remove_prefix(end + 1);
  }
}

struct Owner {
  std::uint64_t type = 0;
  const char* word = "";
};

// The namespace that a setting belongs to; none for those of the whole machine.
Owner owner_of(std::string_view path) {
  constexpr std::string_view kIpc[] = {"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
                                       "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced"};
  if (path.starts_with("fs/mqueue/") || std::find(std::begin(kIpc), std::end(kIpc), path) != std::end(kIpc))
    return {CLONE_NEWIPC, "ipc"};
  if (path.starts_with("net/")) return {CLONE_NEWNET, "network"};
  if (path == "kernel/domainname" || path == "kernel/hostname") return {CLONE_NEWUTS, "uts"};
  if (path.starts_with("user/")) return {CLONE_NEWUSER, "user"};
  return {};
}

void check_sysctl(const Input& input, const std::string& path, const std::string& value, const std::string& place) {
  if (!is_plain(path)) throw input.error(place, "is not the name of a kernel setting");
  const Owner owner = owner_of(path);
  if (owner.type == 0) throw input.error(place, "does not belong to a namespace: it is the whole machine's");
  if (!input.has_namespace(owner.type))
    throw input.error(place, fmt::format("needs a \"{}\" namespace in linux.namespaces", owner.word));
  if (!input.has_foreign_namespace(owner.type))
    throw input.error(place, fmt::format("belongs to the {} namespace, and the container shares the host's", owner.word));
  if (path == "kernel/hostname") throw input.error(place, "is what \"hostname\" is for");
  if (path == "kernel/domainname" && !input.config.domainname.empty() && value != input.config.domainname)
    throw input.error(place, "contradicts \"domainname\"");
}

}  // namespace

void add_sysctls(const Input& input, std::vector<Step>& steps) {
  for (const auto& [name, value] : input.config.linux_.sysctl) {
    const std::string path = path_of(name);
    check_sysctl(input, path, value, fmt::format("linux.sysctl[\"{}\"]", name));
    steps.emplace_back(Sysctl{.path = path, .value = value});
  }
}

}  // namespace crumb::plan
