// What checkpoint and restore share: the directories of a checkpoint, what criu is told alike, and the words when it fails.
#pragma once

#include <string>
#include <vector>

#include "container/bundle.h"
#include "container/container.h"
#include "linux/criu.h"
#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::container {

// Of the images: where 0, 1 and 2 of the container's process led when it was made, a JSON array. runc's and crun's name.
inline constexpr char kDescriptorsFile[] = "descriptors.json";

// Open for as long as criu, which finds them by their numbers, needs them.
class CheckpointDirectories {
 public:
  // `make`: missing ones are made.
  CheckpointDirectories(const CriuFlags& flags, bool make);

  int images() const { return images_.get(); }
  const std::string& images_path() const { return images_path_; }
  void tell(linux::criu::Options& options) const;

  // "/var/lib/checkpoint/dump.log"
  std::string log_path(const std::string& log_file) const { return log_directory_ + "/" + log_file; }

 private:
  std::string images_path_, log_directory_;
  Fd images_, work_;
};

// The path of a criu that is new enough. Throws `COMMAND: criu ...` where there is none.
std::string find_criu(const std::string& command);

// All that the flags and the container's config say, and what crumb always wants.
linux::criu::Options criu_options(const CriuFlags& flags, const Bundle& bundle);

// A target with the links in it resolved inside the root, as criu sees it in the list of mounts. What is not there stays as it
// is.
std::string resolved_target(int rootfs, const std::string& rootfs_path, const std::string& target);

// "extRootNetNS": what images call a namespace of which they hold nothing. Empty for types that criu cannot do that with.
std::string external_namespace(std::uint64_t type);

// Throws what an answer of failure says, with the log's last line about an error.
void require_success(const linux::criu::Answer& answer, const std::string& id, const char* what, const std::string& log);

// The same for a criu that gave none.
Error criu_failure(const std::string& reason, const std::string& id, const char* what, const std::string& log);

}  // namespace crumb::container
