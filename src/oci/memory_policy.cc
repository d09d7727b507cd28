// linux.memoryPolicy (config-linux.md, Memory policy).
#include "kernel/memory_policy.h"

#include "oci/parse.h"

namespace crumb::oci {
namespace {

using kernel::MemoryNodes;

constexpr std::uint32_t kMostNodes = 1024;  // the kernel's MAX_NUMNODES

void check_nodes(const json::Cursor& object, const kernel::MemoryPolicyMode& mode, const BitSet& nodes) {
  if (mode.nodes == MemoryNodes::some && nodes.empty()) throw object.error_at("nodes", fmt::format("{} needs some", mode.word));
  if (mode.nodes == MemoryNodes::none && !nodes.empty())
    throw object.error_at("nodes", fmt::format("{} takes none", mode.word));
}

}  // namespace

MemoryPolicy parse_memory_policy(const json::Cursor& object) {
  const kernel::MemoryPolicyMode& mode = parse_word(object.at("mode"), kernel::kMemoryPolicyModes, "mode");
  MemoryPolicy policy{.mode = mode.value};
  if (const auto flags = object.find("flags"))
    for (const json::Cursor& flag : flags->items()) policy.flags |= parse_word(flag, kernel::kMemoryPolicyFlags, "flag").value;
  if (const auto nodes = object.find("nodes")) policy.nodes = parse_bits(*nodes, kMostNodes);
  check_nodes(object, mode, policy.nodes);
  return policy;
}

}  // namespace crumb::oci
