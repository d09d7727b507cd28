#include <charconv>

#include "container/container.h"
#include "container/scope.h"
#include "container/status.h"
#include "container/store.h"
#include "linux/cgroup.h"
#include "linux/cgroup_stats.h"
#include "linux/resctrl.h"
#include "oci/update.h"
#include "plan/compile.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

// v1 refuses by itself what v2 would enforce by killing.
void check_use(const oci::Memory& changed, const oci::Memory& all, const std::vector<plan::CgroupLeaf>& leaves,
               const std::string& document) {
  if (!all.check_before_update) return;
  const std::uint64_t used = linux::cgroup_stats(leaves).memory.usage.usage;
  const auto check_limit = [&](const std::optional<std::int64_t>& limit, const char* place) {
    if (limit && *limit >= 0 && static_cast<std::uint64_t>(*limit) <= used)
      throw fail("{}: {}: {} is not above the {} bytes that are in use", document, place, *limit, used);
  };
  check_limit(changed.limit, "memory.limit");
  check_limit(changed.swap, "memory.swap");
}

}  // namespace

void update(const Runtime& runtime, const std::string& id, const std::string& resources, const std::string& name,
            const Schemas& schemas) {
  const oci::Resources changed = oci::parse_resources(resources, name);
  std::optional<Entry> entry = Store(runtime.root, false).find(id);
  if (!entry) throw fail("container \"{}\" does not exist", id);
  const std::optional<State> state = entry->read();
  if (!state || status_of(*entry, *state) == Status::stopped) throw Error("container not running");
  if (plan::limits_kernel_memory(changed.memory, plan::are_unified(state->cgroups))) log::warning(plan::kKernelMemoryIgnored);

  if (!schemas.empty() && !state->rdt) throw fail("{}: Intel RDT: the container's config.json has no linux.intelRdt", name);

  std::string config = oci::with_resources(entry->read_config(), resources);
  if (!schemas.empty()) config = oci::with_schemas(config, schemas.l3_cache, schemas.memory_bandwidth);
  const oci::Resources all = oci::parse_config(config).linux_.resources;
  const plan::Host host = plan::compile_update(changed, all, state->cgroups, name, state->unit);
  check_use(changed.memory, all.memory, state->cgroups, name);
  std::optional<linux::RdtUpdate> rdt;
  if (!schemas.empty()) rdt.emplace(*state->rdt, std::vector{schemas.l3_cache, schemas.memory_bandwidth}, name);
  linux::update_cgroups(host, host.scope ? [&] { set_scope(runtime, host); } : std::function<void()>());
  if (rdt) rdt->keep();
  // Last: what cannot be had is not remembered.
  entry->write_config(config);
}

}  // namespace crumb::container
