// crumb update: other limits for a container. The flags are only another way to write the JSON that --resources takes.
#include <memory>

#include "cli/command.h"
#include "support/error.h"
#include "support/file.h"
#include "support/given_file.h"
#include "support/json.h"
#include "support/quantities.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

enum class Kind { number, size, text };

struct Flag {
  const char* name;
  Kind kind;
  const char* object;  // in linux.resources
  const char* member;
  const char* metavar;
  const char* help;
};

constexpr Flag kFlags[] = {
    {"memory", Kind::size, "memory", "limit", "SIZE", "limit of memory"},
    {"memory-swap", Kind::size, "memory", "swap", "SIZE", "limit of memory and swap together"},
    {"memory-reservation", Kind::size, "memory", "reservation", "SIZE", "memory that is left to it when it gets scarce"},
    {"cpu-share", Kind::number, "cpu", "shares", "N", "weight of its CPU time, 2 to 262144"},
    {"cpu-quota", Kind::number, "cpu", "quota", "TIME", "CPU time in each period"},
    {"cpu-period", Kind::number, "cpu", "period", "TIME", "the period"},
    {"cpu-burst", Kind::number, "cpu", "burst", "TIME", "CPU time that may be saved up for later"},
    {"cpu-rt-runtime", Kind::number, "cpu", "realtimeRuntime", "TIME",
     "CPU time for realtime processes in each of their periods"},
    {"cpu-rt-period", Kind::number, "cpu", "realtimePeriod", "TIME", "their period"},
    {"cpu-idle", Kind::number, "cpu", "idle", "0|1", "1: run only when nothing else does"},
    {"cpuset-cpus", Kind::text, "cpu", "cpus", "LIST", "CPUs to run on: 0-2,4"},
    {"cpuset-mems", Kind::text, "cpu", "mems", "LIST", "memory nodes to use"},
    {"blkio-weight", Kind::number, "blockIO", "weight", "N", "weight of its block I/O, 10 to 1000"},
    {"pids-limit", Kind::number, "pids", "limit", "N", "the most processes, -1 for no limit"},
    {"kernel-memory", Kind::size, "memory", "kernel", "SIZE", "ignored: Linux has no such limit any more"},
    {"kernel-memory-tcp", Kind::size, "memory", "kernelTCP", "SIZE",
     "limit of TCP's buffers, on cgroup v1; ignored on v2, which has none"},
};

struct Given {
  std::string id, resources;
  std::string values[std::size(kFlags)];
  container::Schemas schemas;
};

json::value value_of(const Flag& flag, const std::string& text) {
  if (flag.kind == Kind::text) return json::value(boost::json::string_view(text));
  std::optional<std::int64_t> number;
  if (flag.kind == Kind::size && text != "-1")
    number = parse_size(text);
  else
    number = parse_integer(text);
  if (!number)
    throw fail("update: option --{}: {} is not a {}", flag.name, quote(text), flag.kind == Kind::size ? "size" : "number");
  return json::value(*number);
}

std::string resources_of(const Given& given) {
  json::object resources;
  for (std::size_t i = 0; i < std::size(kFlags); ++i) {
    if (given.values[i].empty()) continue;
    json::value& object = resources[kFlags[i].object];
    if (!object.is_object()) object.emplace_object();
    object.as_object()[kFlags[i].member] = value_of(kFlags[i], given.values[i]);
  }
  return json::serialize(resources);
}

}  // namespace

Action define_update(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("resources,r", given->resources, "FILE", "take all from this file; - is standard input");
  for (std::size_t i = 0; i < std::size(kFlags); ++i)
    options.text(kFlags[i].name, given->values[i], kFlags[i].metavar, kFlags[i].help);
  options.text("l3-cache-schema", given->schemas.l3_cache, "SCHEMA", "Intel RDT: share of the L3 caches: L3:0=7f0;1=1f");
  options.text("mem-bw-schema", given->schemas.memory_bandwidth, "SCHEMA", "Intel RDT: share of the memory bandwidth: MB:0=20");
  options.operand("ID", given->id, true);
  return [given](const container::Runtime& runtime) {
    if (given->resources.empty())
      container::update(runtime, given->id, resources_of(*given), "update", given->schemas);
    else if (given->resources == "-")
      container::update(runtime, given->id, read_all(0, "standard input"), "standard input", given->schemas);
    else
      container::update(runtime, given->id, read_given_file(given->resources), given->resources, given->schemas);
    return 0;
  };
}

}  // namespace crumb::cli
