// The hooks that run in crumb's own namespaces (config.md, POSIX-platform Hooks; runtime.md, Lifecycle): prestart,
// createRuntime, poststart, poststop. Each is called with the container's state on its stdin, exactly its own environment and
// the bundle as its working directory, and waited for. What it writes goes where crun's annotations run.oci.hooks.stdout and
// run.oci.hooks.stderr say; its end stands in the message when it fails.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "oci/config.h"
#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::container {

class Hooks {
 public:
  Hooks(const oci::Config& config, std::string id, std::string bundle);

  // At the point `mounted`: prestart, then createRuntime. `pid`: the container's process, a child of crumb that nobody has
  // reaped; a hook is killed when that ends. The first that fails throws.
  void creating(int pid) const;

  // When the program runs: poststart. The first that fails throws.
  void started(int pid) const;

  // When the container is destroyed: poststop. All run; each that fails is a warning.
  void stopped() const noexcept;

 private:
  void run(std::string_view kind, std::size_t index, const oci::Hook& hook, const std::string& state, int needed) const;
  void run_all(std::string_view kind, const std::vector<oci::Hook>& hooks, const char* status, int pid, int needed) const;
  std::string state(const char* status, int pid) const;

  oci::Hooks hooks_;
  std::map<std::string, std::string> annotations_;
  std::string name_, id_, bundle_;
};

// Where the annotations want the output of hooks; none: nowhere.
struct HookOutput {
  Fd out, err;
};
HookOutput open_hook_output(const std::map<std::string, std::string>& annotations, const std::string& document);

// Tells the steps of hooks where their output goes.
void set_hook_output(plan::Plan& plan, const HookOutput& output);

}  // namespace crumb::container
