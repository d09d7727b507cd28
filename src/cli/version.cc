#include "cli/version.h"

#include <string_view>

#include <fmt/format.h>

#include "build_facts.h"
#include "oci/config.h"

namespace crumb::cli {

namespace {

#ifdef __GLIBC__
constexpr std::string_view kLibc = "glibc";
#else
constexpr std::string_view kLibc = "musl";  // which has no macro of its own
#endif

}  // namespace

// containerd and podman read the first line, moby also `commit:` and `spec:`.
std::string version_text() {
  std::string text = fmt::format("crumb version {}\ncommit: {}\nspec: {}\n", CRUMB_VERSION, build::kCommit, oci::kSpecVersion);
  text += fmt::format("libc: {}\nlibseccomp: {}\n", kLibc, build::kLibseccomp);
  if (*build::kWamr) text += fmt::format("wamr: {}\n", build::kWamr);
  return text;
}

}  // namespace crumb::cli
