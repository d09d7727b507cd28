#include "container/filter.h"

#include "support/json_cut.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

// crun's: a profile that names calls unknown to libseccomp is an error, unless the annotation says "0".
bool is_strict(const oci::Config& config) {
  const auto annotation = config.annotations.find("run.oci.seccomp_fail_unknown_syscall");
  return annotation != config.annotations.end() && annotation->second != "0";
}

}  // namespace

oci::Config Filter::parse(std::string_view text, const std::string& name) {
  if (const std::optional<json::Cut> cut = json::cut(text, {"linux", "seccomp"})) {
    oci::Config config = oci::parse_config(cut->rest, name);
    known_ = filter_.find(cut->object, is_strict(config), name);
    if (known_) {
      config.linux_.seccomp.emplace().flags = known_->flags;
      return config;
    }
  }
  return oci::parse_config(text, name);
}

void Filter::add(const oci::Config& config, plan::Plan& plan) {
  if (!plan.seccomp) return;
  const trace::Span span("seccomp filter");
  for (plan::Step& step : plan.steps)
    if (auto* seccomp = std::get_if<plan::Seccomp>(&step))
      seccomp->program = known_ ? known_->program : filter_.make(*plan.seccomp, is_strict(config), config.name);
}

}  // namespace crumb::container
