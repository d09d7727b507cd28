// A bundle on disk (bundle.md): config.json, read once, and the root filesystem it names.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "container/container.h"
#include "oci/config.h"
#include "plan/compile.h"

namespace crumb::container {

struct Bundle {
  std::string path;    // absolute, free of links
  std::string rootfs;  // likewise
  std::string text;    // of config.json
  oci::Config config;
};

// The directory's absolute path, free of links. `place` opens the message when there is none.
std::string real_directory(const std::string& path, const std::string& place);

// Throws Error naming the bundle or the place in config.json. Opens nothing that could block: a FIFO is refused.
// `parse`: what reads the text of config.json; filter.h has another.
using Parse = std::function<oci::Config(std::string_view text, const std::string& name)>;
Bundle load_bundle(const CreateOptions& options, const Parse& parse = oci::parse_config);

// What the compiler is told of this machine, but for its cgroups: exec does not need them.
plan::Surroundings surroundings_of(const Runtime& runtime, const std::string& id, const std::string& bundle,
                                   const std::string& rootfs);

void add_handover(const Handover& handover, plan::Surroundings& surroundings);

// The Plan of the bundle's container. Throws Error for what config.json asks and cannot be had.
plan::Plan compile_bundle(const Runtime& runtime, const Bundle& bundle, const CreateOptions& options);

}  // namespace crumb::container
