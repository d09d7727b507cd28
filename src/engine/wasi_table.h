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

struct fd_table* crumb_descriptors(wasm_exec_env_t environment);

#ifdef __cplusplus
}
#endif
