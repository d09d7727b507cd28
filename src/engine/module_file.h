// The module's bytes: opened, mapped and looked at before WAMR sees them, so that the usual mistakes get a message that helps.
#pragma once

#include <cstdint>

#include "engine/descriptor.h"
#include "engine/failure.h"
#include "engine/options.h"

namespace crumb::engine {

// What the module's sections say about it.
struct ModuleFacts {
  bool has_start_section = false;   // code that runs while the module is instantiated
  std::uint64_t minimum_pages = 0;  // of the memory that it defines or imports, 64 KiB each
  bool has_memory = false;
  std::uint64_t code_bytes = 0, data_bytes = 0;                 // of its sections
  const std::uint8_t *code_section = nullptr, *code = nullptr;  // that section and its contents; null: there is none
  std::uint64_t imported_functions = 0;
};

// Maps the module private and writable: WAMR may write into it. Only a regular file will do; a FIFO or a device is never
// opened.
Failure map_module(const Options& options, Mapping& mapping);

// Refuses what is not a module for this engine, and says what it is instead.
Failure examine_module(const Mapping& mapping, ModuleFacts& facts);

}  // namespace crumb::engine
