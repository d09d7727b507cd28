// The system-call seam: programs built with -DCRUMB_SEAM=ON (presets dev and asan, never what is installed) obey rules in an
// environment variable, CRUMB_SEAM for crumb, CRUMB_SEAM_INIT for crumb-init and CRUMB_SEAM_JOB for the job that compiles a
// module in the background (crumb hands them on).
//
// Rules, separated by commas:
//   CALL=ERRNO       every CALL fails with ERRNO                 mount_setattr=ENOSYS
//   CALL#N=ERRNO     only the Nth CALL of the process (from 1)   mkdirat#2=ENOSPC
//   kill@N           SIGKILL to oneself instead of the Nth seam call of the process, any call counted (from 1)
//   count=FD         at exit_group and execveat of the image, write the number of seam calls so far to FD as a decimal line
// An unknown call, errno or form ends the process with status 99 and a line on stderr: a rule that is not obeyed proves
// nothing.
#pragma once

namespace crumb::kernel {

// Reads the rules. Programs with the seam call it first thing in main; without CRUMB_SEAM it does not exist.
void seam_start(const char* rules);

// For a call that only the libc can make: counts it, and returns the -errno that a rule has for it, or 0.
long seam_check(long number);

}  // namespace crumb::kernel
