// What a WebAssembly guest is given: by default no more than a native program in the same container would have, and what
// annotations below run.crumb.wasm. make of that (docs/wasm.md). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/config.h"
#include "plan/plan.h"

namespace crumb::plan {

// In create and exec alike. own_network: the container does not share the host's network. listen_fds: sockets that are handed
// over; preserve_fds: them and the descriptors behind them that the program keeps. Throws Error `config.json:
// annotations["run.crumb.wasm.KEY"]: reason`.
WasmPolicy wasm_policy(const oci::Config& config, bool own_network, std::uint32_t listen_fds, std::uint32_t preserve_fds);

// A policy without directories, sockets and limits, for who gives them one by one.
WasmPolicy bare_wasm_policy();

// Sets what the annotation run.crumb.wasm.KEY sets; a known key. Throws Error `PLACE: "VALUE" reason`.
void set_wasm_policy(WasmPolicy& policy, std::string_view key, const std::string& value, const std::string& place);

// When all is set: `compile` and `mode` made to fit each other. Throws Error `PLACE: reason` when code is to be made that would
// never run. `place`: of the setting `compile`.
void settle_compile(WasmPolicy& policy, const std::string& place);

// One warning about all annotations below run.crumb.wasm. that mean nothing to crumb, with those that do.
void add_unknown_annotations(const oci::Config& config, std::vector<std::string>& warnings);

// The smallest limits on the way from the root to the container's cgroup.
struct CgroupBounds {
  std::optional<std::uint64_t> memory;     // bytes
  std::optional<std::uint64_t> processes;  // threads count, too
};

// The same policy where these are in force as well: neither memory nor threads that the kernel would not let it have.
WasmPolicy within(WasmPolicy policy, const CgroupBounds& bounds);

// The annotation, if there is one, by which other runtimes know that a container's program is a module, whatever it is:
// run.oci.handler=wasm, module.wasm.image/variant=compat. "KEY=VALUE"; empty: none, or one of those that leave it open.
std::string module_annotation(const oci::Config& config);

}  // namespace crumb::plan
