// The Plan in words: what `crumb plan` prints, what golden tests compare, and how a failed step is named.
#pragma once

#include <string>

#include "plan/plan.h"

namespace crumb::plan {

// One line per action, host's part first, then the steps in order, then what happens if the program is a module.
std::string describe(const Plan& plan);

// One step as part of a message: `mount "proc" on "/proc"`, `hostname "web"`, `working directory "/srv"`.
std::string describe(const Step& step);

// The message of a step that failed with errno `error` while working on `operand` (may be empty): `mount "proc" on "/proc":
// Operation not permitted`. The texts that podman and containerd match (docs/callers) are made here: a program that is not
// found is `exec: "x": executable file not found in $PATH` or `exec: "/x": no such file or directory`, one that cannot be
// executed `exec: "/x": permission denied`; no other message holds these phrases.
std::string failure(const Step& step, int error, const std::string& operand);

// The exit code of crumb for that failure: 127 not found, 126 not executable, else 1.
int failure_exit_code(const Step& step, int error);

}  // namespace crumb::plan
