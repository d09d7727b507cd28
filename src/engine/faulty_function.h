// Which function's code WAMR refuses to load: its message has the reason and no place.
#pragma once

#include <string>

#include "engine/descriptor.h"
#include "engine/module_file.h"

namespace crumb::engine {

// " in function 12, whose code begins at 0x1a4"; empty when the fault lies elsewhere, or the module is so large that the search
// would take long. Loads copies of the module in which only some functions have their code.
std::string faulty_function(const Mapping& module, const ModuleFacts& facts);

}  // namespace crumb::engine
