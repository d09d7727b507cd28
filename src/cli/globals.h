// The options that stand before the subcommand.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "container/container.h"

namespace crumb::cli {

class Globals {
 public:
  Globals();

  // Throws Error. Opens the log first, so that what is wrong with the rest of the line is written there too.
  void parse(const std::vector<std::string>& arguments);
  // --trace, absolute; empty: none
  std::string trace() const;

  const Options& options() const { return options_; }
  bool version_wanted() const { return version_; }
  // The subcommand's name and all after it; empty when there is none.
  const std::vector<std::string>& rest() const { return rest_; }

  container::Runtime runtime() const;

 private:
  void open_log() const;
  container::CgroupManager manager() const;

  Options options_;
  std::string root_, seccomp_cache_, trace_, log_, log_format_ = "text", cgroup_manager_, rootless_ = "auto", command_;
  bool debug_ = false, version_ = false, systemd_cgroup_ = false;
  std::vector<std::string> rest_;
};

// Where containers are kept when --root does not say: /run/crumb, for other users than the machine's root
// $XDG_RUNTIME_DIR/crumb.
std::string default_root(bool machine_root, const char* xdg_runtime_dir);

// Where compiled seccomp filters are kept likewise; "" for other users without that variable: nowhere.
std::string default_seccomp_cache(bool machine_root, const char* xdg_runtime_dir);

}  // namespace crumb::cli
