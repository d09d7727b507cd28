// What the kernel's security modules are told: AppArmor's profile, SELinux's labels of the process, its keyring and its mounts.
#include "plan/parts.h"

namespace crumb::plan {
namespace {

constexpr char kContextType[] = "run.oci.mount_context_type";

// mount(8), SELinux; podman and buildah choose by this annotation.
std::string context_type(const Input& input) {
  const auto annotation = input.config.annotations.find(kContextType);
  if (annotation == input.config.annotations.end()) return "context";
  constexpr std::string_view kTypes[] = {"context", "fscontext", "defcontext", "rootcontext"};
  if (std::find(std::begin(kTypes), std::end(kTypes), annotation->second) == std::end(kTypes))
    throw input.error(fmt::format("annotations[\"{}\"]", kContextType),
                      fmt::format("\"{}\" is none of context, fscontext, defcontext, rootcontext", annotation->second));
  return annotation->second;
}

}  // namespace

void check_labels(const oci::Process& process, const Surroundings& surroundings, std::string_view place) {
  if (!process.apparmor_profile.empty() && !surroundings.apparmor)
    throw fail("{}.apparmorProfile: \"{}\" cannot be in force: AppArmor is not enabled on this kernel", place,
               process.apparmor_profile);
  if (!process.selinux_label.empty() && !surroundings.selinux)
    throw fail("{}.selinuxLabel: \"{}\" cannot be in force: SELinux is not enabled on this kernel", place,
               process.selinux_label);
}

std::string mount_label(const Input& input) {
  const std::string& label = input.config.linux_.mount_label;
  const std::string type = context_type(input);
  if (label.empty()) return "";
  if (!input.surroundings.selinux)
    throw input.error("linux.mountLabel",
                      fmt::format("\"{}\" cannot be in force: SELinux is not enabled on this kernel", label));
  return type + "=" + label;
}

void add_keyring(const oci::Process& process, const Surroundings& surroundings, std::uint64_t permissions,
                 std::vector<Step>& steps) {
  if (!surroundings.keyring) return;
  steps.emplace_back(Keyring{.name = "_ses." + surroundings.id, .label = process.selinux_label, .add = permissions});
}

void add_program_labels(const oci::Process& process, std::vector<Step>& steps) {
  if (!process.apparmor_profile.empty()) steps.emplace_back(Apparmor{.profile = process.apparmor_profile});
  if (!process.selinux_label.empty()) steps.emplace_back(Selinux{.label = process.selinux_label});
}

}  // namespace crumb::plan
