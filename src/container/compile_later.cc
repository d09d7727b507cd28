#include "container/compile_later.h"

#include <fcntl.h>

#include <utility>

#include "kernel/call.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

void warn(const std::string& name, const Error& error) {
  log::warning(fmt::format("\"{}\" is not compiled in the background: {}", name, error.what()));
}

// What lies under the module's name now. It may be another file by now, which is then compiled in its place: but never anything
// that opening would have an effect on.
Fd open_in(const std::string& rootfs, const std::string& name) {
  const Fd root(check(kernel::openat(AT_FDCWD, rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "{}", rootfs));
  const open_how how{.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  const Fd found(check(kernel::openat2(root.get(), name.c_str(), how), "open it in {}", rootfs));
  struct stat facts{};
  check(kernel::fstat(found.get(), &facts), "look at it");
  if (!S_ISREG(facts.st_mode)) throw fail("not a regular file");
  const std::string path = fmt::format("/proc/self/fd/{}", found.get());
  return Fd(check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), "read it"));
}

Fd open_module(const State& state) {
  try {
    return linux::take_descriptor(state.pid, static_cast<std::uint64_t>(state.compile->descriptor), "the module");
  } catch (const Error&) {
    return open_in(state.rootfs, state.compile->name);
  }
}

}  // namespace

std::optional<CompileLater> later(const std::optional<Launch::Wanted>& wanted) {
  if (!wanted) return std::nullopt;
  return CompileLater{hex(wanted->module.module), wanted->module.name, wanted->module.frames, wanted->descriptor};
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
