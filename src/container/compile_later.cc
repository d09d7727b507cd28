#include "container/compile_later.h"

#include <fcntl.h>

#include <filesystem>
#include <ranges>
#include <string>
#include <utility>
#include <variant>

#include "kernel/call.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

void warn(const std::string& name, const Error& error) {
  log::warning(fmt::format("\"{}\" is not compiled in the background: {}", name, error.what()));
}

struct Place {
  std::string root, path;
};

// Without an effect on what lies there; not a place: an Fd that holds nothing.
Fd look(const Place& place) {
  Fd root(kernel::openat(AT_FDCWD, place.root.c_str(), O_PATH | O_CLOEXEC));
  if (!root || place.path.empty()) return root;
  const open_how how{.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  return Fd(kernel::openat2(root.get(), place.path.c_str(), how));
}

bool is_same_file(int file, int other) {
  struct stat one{}, two{};
  return kernel::fstat(file, &one) >= 0 && kernel::fstat(other, &two) >= 0 && one.st_dev == two.st_dev &&
         one.st_ino == two.st_ino;
}

// Where a path of the container may lead: the last one that holds the file is meant.
std::vector<Place> places(const std::string& path, const std::string& rootfs, const std::vector<plan::Step>& steps) {
  std::vector<Place> found{{rootfs, path}};
  for (const plan::Step& step : steps) {
    const auto* const mount = std::get_if<plan::Mount>(&step);
    if (mount == nullptr || !(mount->flags & wire::kBind) || !path.starts_with(mount->target)) continue;
    std::string rest = path.substr(mount->target.size());
    if (rest.empty() || rest.starts_with('/')) found.push_back({mount->source, std::move(rest)});
  }
  return found;
}

// What lies at the module's place now. It may be another file by now, which is then compiled in its place: but never anything
// that opening would have an effect on.
Fd open_again(const CompileLater& later) {
  if (later.root.empty()) throw fail("the file lies on a mount of the container, and its process may not be looked into");
  const Fd found = look({later.root, later.path});
  struct stat facts{};
  if (!found) throw fail("{}{}: it is not there any more", later.root, later.path);
  check(kernel::fstat(found.get(), &facts), "{}{}", later.root, later.path);
  if (!S_ISREG(facts.st_mode)) throw fail("{}{}: not a regular file", later.root, later.path);
  const std::string path = fmt::format("/proc/self/fd/{}", found.get());
  return Fd(check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), "{}{}", later.root, later.path));
}

Fd open_module(const State& state) {
  try {
    return linux::take_descriptor(state.pid, static_cast<std::uint64_t>(state.compile->descriptor), "the module");
  } catch (const Error&) {
    return open_again(*state.compile);
  }
}

// Without `.` and `..`; links stay as they are.
std::string absolute(const std::string& name, const Bundle& bundle) {
  const std::string& directory = bundle.config.process ? bundle.config.process->cwd : "/";
  return (std::filesystem::path(directory) / name).lexically_normal();
}

}  // namespace

CompileLater later(const Launch::Wanted& wanted, const Bundle& bundle, const std::vector<plan::Step>& steps) {
  CompileLater later{hex(wanted.module.module), wanted.module.name, wanted.module.frames, wanted.descriptor};
  for (Place& place : places(absolute(wanted.module.name, bundle), bundle.rootfs, steps) | std::views::reverse) {
    if (!is_same_file(look(place).get(), wanted.file.get())) continue;
    later.root = std::move(place.root);
    later.path = std::move(place.path);
    break;
  }
  return later;
}

CompileJob::CompileJob(const State& state) {
  if (!state.compile) return;
  const CompileLater& later = *state.compile;
  try {
    const std::optional<Sha256Digest> module = unhex(later.module);
    if (!module) throw fail("state.json: {} is no digest", later.module);
    file_ = open_module(state);
    wanted_ = wasm::Wanted{*module, later.frames, later.name};
  } catch (const Error& error) {
    warn(later.name, error);
  }
}

CompileJob::CompileJob(Fd file, const std::optional<Launch::Wanted>& wanted) : file_(std::move(file)) {
  if (wanted) wanted_ = wanted->module;
}

void CompileJob::start(const Runtime& runtime) {
  const Fd file = std::move(file_);
  if (!wanted_) return;
  try {
    wasm::start_job(file.get(), *wanted_, runtime.code_cache);
  } catch (const Error& error) {
    warn(wanted_->name, error);
  }
}

}  // namespace crumb::container
