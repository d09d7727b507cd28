// Modules that were built for something else than WASI: what their imports tell of how they were made, and how to make them for
// crumb instead.
#pragma once

#include <string>
#include <string_view>

namespace crumb::engine {

// ": built by ...; do ..." for an import that nobody provides; empty when it tells nothing.
std::string import_hint(std::string_view module, std::string_view name);

}  // namespace crumb::engine
