// The only view into WAMR's structures (wasi_table.c); everything else uses its public interface.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm_export.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fd_table;

// Gives the guest an open descriptor of ours under `number`, which must be free. Ownership passes to WAMR.
bool crumb_give_descriptor(wasm_module_inst_t instance, int32_t number, int descriptor);

// Copies the name of the preopened directory that has this number now (a guest may close or renumber it), with its NUL.
// False: there is none, or the name does not fit.
bool crumb_preopen_name(wasm_exec_env_t environment, int32_t number, char* name, size_t size);

// The next directory that WAMR preopens, in their order, is only to be read unless it is `writable`: neither it nor anything
// below can be changed through it. Before instantiation, once for each.
void crumb_expect_preopen(bool writable);

// sock_addr_resolve of WAMR's WASI, with the checks that the native's signature does not make.
uint16_t crumb_resolve(wasm_exec_env_t environment, const char* host, const char* service, void* hints, void* results,
                       uint32_t most, uint32_t* found);

// A function that was being executed when the guest trapped.
struct crumb_frame {
  const char* name;   // of the name section, or exported; null: none
  uint32_t function;  // its index
  uint32_t offset;  // in the module's file: of the instruction when it is `exact`, else of the function's first one; 0: unknown
  bool exact;
};

// The frames of the last trap in this instance, innermost first, at most `most`; 0: there are none, as for other threads.
size_t crumb_frames(wasm_module_inst_t instance, struct crumb_frame* frames, size_t most);

// How WAMR writes the signature of a function that it provides under these names, "(iI*~)i"; null: it provides none.
const char* crumb_signature(const char* module, const char* name);

// What WebAssembly beyond version 1.0 it can do, by the names of the section target_features, with blanks between them.
extern const char crumb_features[];

struct fd_table* crumb_descriptors(wasm_exec_env_t environment);

#ifdef __cplusplus
}
#endif
