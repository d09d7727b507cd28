#include "cli/criu_options.h"

namespace crumb::cli {

void add_criu_options(Options& options, container::CriuFlags& target) {
  options.text("image-path", target.image_path, "DIR", "where the images are (default: checkpoint)");
  options.text("work-path", target.work_path, "DIR", "for criu's log and the like (default: where the images are)");
  options.flag("tcp-established", target.tcp_established, "allow open TCP connections");
  options.flag("tcp-close", target.tcp_close, "leave TCP connections out, closed");
  options.flag("ext-unix-sk", target.ext_unix_sk, "allow Unix sockets whose other end is outside");
  options.flag("shell-job", target.shell_job, "allow a process whose session or terminal is the caller's");
  options.flag("file-locks", target.file_locks, "allow file locks");
  options.flag("auto-dedup", target.auto_dedup, "free pages in images that a later image holds");
  options.flag("lazy-pages", target.lazy_pages, "move memory when it is used, by userfaultfd");
  options.text("manage-cgroups-mode", target.cgroups_mode, "MODE", "what becomes of cgroups: soft, full, strict or ignore");
  options.texts("empty-ns", target.empty_namespaces, "TYPE", "accepted for runc's callers: the network is always left empty");
}

}  // namespace crumb::cli
