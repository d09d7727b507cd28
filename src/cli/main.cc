#include <cstdlib>

#include "cli/cli.h"
#include "kernel/call.h"
#include "kernel/seam.h"

int main(int count, char** arguments) {
#ifdef CRUMB_SEAM
  crumb::kernel::seam_start(std::getenv("CRUMB_SEAM"));
#endif
  const int code = crumb::cli::main({arguments + (count > 0 ? 1 : 0), arguments + count});  // argv may be empty
#ifdef CRUMB_SEAM
  crumb::kernel::exit_group(code);  // counted
#endif
  return code;
}
