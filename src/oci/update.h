// What `update` changes in a config.json beyond linux.resources (oci/resources.h).
#pragma once

#include <string>
#include <string_view>

namespace crumb::oci {

// `config`, a valid config.json whose container has linux.intelRdt, with these lines in it; an empty one changes nothing.
std::string with_schemas(std::string_view config, const std::string& l3_cache, const std::string& memory_bandwidth);

}  // namespace crumb::oci
