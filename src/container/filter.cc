#include "container/filter.h"

#include "linux/seccomp_filter.h"

namespace crumb::container {
namespace {

// crun's: a profile that names calls unknown to libseccomp is an error, unless the annotation says "0".
bool is_strict(const oci::Config& config) {
  const auto annotation = config.annotations.find("run.oci.seccomp_fail_unknown_syscall");
  return annotation != config.annotations.end() && annotation->second != "0";
}

}  // namespace

void add_filter(const Runtime& runtime, const oci::Config& config, plan::Plan& plan) {
  if (!plan.seccomp) return;
  const linux::SeccompCompiler compiler{runtime.seccomp_path, runtime.seccomp_cache, is_strict(config)};
  for (plan::Step& step : plan.steps)
    if (auto* seccomp = std::get_if<plan::Seccomp>(&step))
      seccomp->program = linux::seccomp_filter(*plan.seccomp, compiler, config.name);
}

}  // namespace crumb::container
