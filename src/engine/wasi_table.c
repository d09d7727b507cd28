#include "engine/wasi_table.h"

#include <string.h>

#include "posix.h"
#include "wasm_runtime_common.h"
#include "wasmtime_ssp.h"

static WASIContext* context_of(wasm_exec_env_t environment) {
  return wasm_runtime_get_wasi_ctx(wasm_runtime_get_module_inst(environment));
}

bool crumb_give_descriptor(wasm_module_inst_t instance, uint32_t number, int descriptor) {
  WASIContext* context = wasm_runtime_get_wasi_ctx(instance);
  return context != NULL && fd_table_insert_existing(context->curfds, number, descriptor, false);
}

bool crumb_preopen_name(wasm_exec_env_t environment, uint32_t number, char* name, size_t size) {
  WASIContext* context = context_of(environment);
  __wasi_prestat_t prestat;
  if (context == NULL || wasmtime_ssp_fd_prestat_get(context->prestats, number, &prestat) != 0) return false;
  const size_t length = prestat.u.dir.pr_name_len;
  if (length >= size || wasmtime_ssp_fd_prestat_dir_name(context->prestats, number, name, length) != 0) return false;
  name[length] = '\0';
  return true;
}

struct fd_table* crumb_descriptors(wasm_exec_env_t environment) {
  WASIContext* context = context_of(environment);
  return context == NULL ? NULL : context->curfds;
}
