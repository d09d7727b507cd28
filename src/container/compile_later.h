// The module that a start has found to be worth compiling in the background: its file is taken from the container's process
// while that waits (or opened anew where it lies on the host, by users who may not look into that process), and the job is
// started when the program runs. Whatever goes wrong is one warning: the container has started.
#pragma once

#include <optional>
#include <vector>

#include "container/bundle.h"
#include "container/container.h"
#include "container/launch.h"
#include "container/store.h"
#include "support/fd.h"
#include "wasm/job.h"

namespace crumb::container {

// What create leaves for start. The file's place is looked for in the root filesystem and in the sources of the bind mounts; on
// another mount it has none that the host knows.
CompileLater later(const Launch::Wanted& wanted, const Bundle& bundle, const std::vector<plan::Step>& steps);

class CompileJob {
 public:
  // No job.
  CompileJob() = default;
  // Of a container whose process waits for start.
  explicit CompileJob(const State& state);
  // Of a file that is at hand.
  CompileJob(Fd file, const std::optional<Launch::Wanted>& wanted);

  // Returns when the job is on its own; the file is closed then.
  void start(const Runtime& runtime);

 private:
  Fd file_;
  std::optional<wasm::Wanted> wanted_;
};

}  // namespace crumb::container
