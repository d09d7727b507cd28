#include "cli/version.h"

#include <fmt/format.h>

#include "build_facts.h"
#include "oci/config.h"

namespace crumb::cli {

// containerd and podman read the first line, moby also `commit:` and `spec:`.
std::string version_text() {
  std::string text = fmt::format("crumb version {}\ncommit: {}\nspec: {}\n", CRUMB_VERSION, build::kCommit, oci::kSpecVersion);
  text += fmt::format("libseccomp: {}\n", build::kLibseccomp);
  if (*build::kWamr) text += fmt::format("wamr: {}\n", build::kWamr);
  return text;
}

}  // namespace crumb::cli
