#include "engine/wasi_table.h"

#include <stdarg.h>
#include <string.h>

#include "platform_api_extension.h"
#include "posix.h"
#include "wasm_runtime_common.h"
#include "wasmtime_ssp.h"

static WASIContext* context_of(wasm_exec_env_t environment) {
  return wasm_runtime_get_wasi_ctx(wasm_runtime_get_module_inst(environment));
}

bool crumb_give_descriptor(wasm_module_inst_t instance, int32_t number, int descriptor) {
  WASIContext* context = wasm_runtime_get_wasi_ctx(instance);
  return context != NULL && fd_table_insert_existing(context->curfds, number, descriptor, false);
}

bool crumb_preopen_name(wasm_exec_env_t environment, int32_t number, char* name, size_t size) {
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

// paths.cc and natives.cc stand in for these functions and declare them by hand, as WAMR's headers are not C++. A source tree
// that declares them otherwise must not link: this is where it fails to compile.
#define TABLE wasm_exec_env_t, struct fd_table*
#define PATH int32_t, const char*, size_t
uint16_t wasmtime_ssp_path_create_directory(TABLE, PATH);
uint16_t wasmtime_ssp_path_remove_directory(TABLE, PATH);
uint16_t wasmtime_ssp_path_unlink_file(TABLE, PATH);
uint16_t wasmtime_ssp_path_open(TABLE, int32_t, uint32_t, const char*, size_t, uint16_t, uint64_t, uint64_t, uint16_t,
                                int32_t*);
uint16_t wasmtime_ssp_path_readlink(TABLE, PATH, char*, size_t, size_t*);
uint16_t wasmtime_ssp_path_filestat_get(TABLE, int32_t, uint32_t, const char*, size_t, __wasi_filestat_t*);
uint16_t wasmtime_ssp_path_filestat_set_times(TABLE, int32_t, uint32_t, const char*, size_t, uint64_t, uint64_t, uint16_t);
uint16_t wasmtime_ssp_path_symlink(TABLE, struct fd_prestats*, const char*, size_t, PATH);
uint16_t wasmtime_ssp_path_rename(TABLE, PATH, PATH);
uint16_t wasmtime_ssp_path_link(TABLE, struct fd_prestats*, int32_t, uint32_t, const char*, size_t, PATH);
uint16_t wasmtime_ssp_poll_oneoff(TABLE, const __wasi_subscription_t*, __wasi_event_t*, size_t, size_t*);
uint16_t os_readlinkat(int, const char*, char*, size_t, size_t*);
void os_set_signal_number_for_blocking_op(int);
int os_printf(const char*, ...);
int os_vprintf(const char*, va_list);
