// Compiling in the background: after a start that found no code, one job for each module compiles it, for later starts
// (docs/wasm.md, "In the background"). The job is a process of crumb (`crumb wasm compile-job`) that has nothing of the one
// that started it: not its session, descriptors, environment or cgroups, nor the file of the module, which it has a copy of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/sha256.h"
#include "wasm/code_cache.h"
#include "wasm/code_key.h"

namespace crumb::wasm {

// What a start has found to be wanted.
struct Wanted {
  Sha256Digest module{};
  bool frames = false;
  std::string name;  // of the module, for people
};

// The levels that a job makes, in their order. `size`: of the module, bytes. Those of small modules take no time worth a first
// tier.
std::vector<unsigned> tiers(std::uint64_t size);

// Those that are still to be made: none where there is code of the best level, and none of which the cache knows a refusal.
std::vector<unsigned> missing_tiers(const CodeCache& cache, const Sha256Digest& module, bool frames, std::uint64_t size);

// Starts a job, unless there is one for this module, or nothing to do; returns when it is on its own. `file`: of the module,
// only looked at. Throws Error when it cannot be started. `cache`: its path.
void start_job(int file, const Wanted& wanted, const std::string& cache);

// The job itself, in the process that start_job has started: standard input is the module, standard output its lock. Returns
// crumb's exit code.
int run_job(const std::string& cache, const std::string& name, bool frames);

// Removes what jobs left behind that were killed at once with all their processes: empty cgroups.
void clear_up_after_jobs();

}  // namespace crumb::wasm
