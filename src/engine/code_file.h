// Code that crumb-aot compiled, from crumb's cache: the only native code that ever runs here besides the engine's own. crumb
// has checked where it comes from; what is checked here is that it can be mapped.
#pragma once

#include "engine/descriptor.h"
#include "engine/failure.h"

namespace crumb::engine {

// Maps the code private, writable and below 2 GiB, as WAMR's loader wants it, and closes the descriptor. The pages stay shared
// with other containers until they are written, which the loader does to few or none.
Failure map_code(int descriptor, Mapping& mapping);

// After loading: from now on it can be executed, and no longer written.
Failure make_executable(const Mapping& mapping);

}  // namespace crumb::engine
