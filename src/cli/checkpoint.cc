// crumb checkpoint: a running container becomes files.
#include <memory>

#include "cli/command.h"
#include "cli/criu_options.h"
#include "cli/numbers.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

struct Given {
  container::CheckpointOptions checkpoint;
  std::string status_fd;
};

void take_status_fd(Given& given) {
  if (given.status_fd.empty() || given.status_fd == "-1") return;  // runc's word for none
  given.checkpoint.status_fd = parse_number(given.status_fd);
  if (!given.checkpoint.status_fd) throw fail("checkpoint: option --status-fd: {} is not a descriptor", quote(given.status_fd));
}

}  // namespace

Action define_checkpoint(Options& options) {
  const auto given = std::make_shared<Given>();
  container::CheckpointOptions& target = given->checkpoint;
  options.flag("leave-running", target.leave_running, "let the container go on");
  options.flag("pre-dump", target.pre_dump, "save the memory only and let the container go on");
  options.text("parent-path", target.parent_path, "DIR", "images of an earlier --pre-dump, relative to those of this one");
  add_criu_options(options, target.criu);
  options.flag("tcp-skip-in-flight", target.tcp_skip_in_flight, "leave out TCP connections that are being made");
  options.flag("link-remap", target.link_remap, "give open files that were unlinked a name again");
  options.text("page-server", target.page_server, "ADDRESS:PORT", "send the memory to a criu page-server");
  options.text("status-fd", given->status_fd, "FD",
               "with --lazy-pages: write a NUL to this descriptor when they can be fetched");
  options.operand("ID", target.id, true);
  return [given](const container::Runtime& runtime) {
    take_status_fd(*given);
    container::checkpoint(runtime, given->checkpoint);
    return 0;
  };
}

}  // namespace crumb::cli
