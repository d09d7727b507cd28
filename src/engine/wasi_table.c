#include "engine/wasi_table.h"

#include <stdarg.h>
#include <string.h>

#include "platform_api_extension.h"
#include "posix.h"
#include "wasm_runtime.h"
#include "wasm_runtime_common.h"
#include "wasmtime_ssp.h"

bool crumb_on_forbidden_filesystem(int descriptor);  // guard.cc

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

enum { kFirstPreopen = 3, kMostPreopens = 1024 };
static bool read_only[kMostPreopens];
static unsigned expected;

void crumb_expect_preopen(bool writable) {
  if (expected < kMostPreopens) read_only[expected++] = !writable;
}

// What is left of a directory's rights when nothing may change. Linking and renaming would give a file another name, by which
// it could be written.
static bool make_read_only(struct fd_table* table, __wasi_fd_t number) {
  const __wasi_rights_t directory = __WASI_RIGHT_FD_FDSTAT_SET_FLAGS | __WASI_RIGHT_FD_SYNC | __WASI_RIGHT_FD_ADVISE |
                                    __WASI_RIGHT_PATH_OPEN | __WASI_RIGHT_FD_READDIR | __WASI_RIGHT_PATH_READLINK |
                                    __WASI_RIGHT_PATH_FILESTAT_GET | __WASI_RIGHT_FD_FILESTAT_GET |
                                    __WASI_RIGHT_POLL_FD_READWRITE;
  const __wasi_rights_t file = __WASI_RIGHT_FD_READ | __WASI_RIGHT_FD_SEEK | __WASI_RIGHT_FD_TELL;
  __wasi_fdstat_t now;
  return wasmtime_ssp_fd_fdstat_get(NULL, table, number, &now) == 0 &&
         wasmtime_ssp_fd_fdstat_set_rights(NULL, table, number, now.fs_rights_base & directory,
                                           now.fs_rights_inheriting & (directory | file)) == 0;
}

bool __real_fd_table_insert_existing(struct fd_table* table, __wasi_fd_t number, os_file_handle file, bool is_stdio);
// Before the guest's first instruction, which may be in a start section. The filesystem is looked at once more: WAMR has opened
// the directory by its name again.
bool __wrap_fd_table_insert_existing(struct fd_table* table, __wasi_fd_t number, os_file_handle file, bool is_stdio) {
  const bool preopen = number >= kFirstPreopen && number - kFirstPreopen < expected;
  if (preopen && crumb_on_forbidden_filesystem(file)) return false;
  if (!__real_fd_table_insert_existing(table, number, file, is_stdio)) return false;
  return !preopen || !read_only[number - kFirstPreopen] || make_read_only(table, number);
}

uint16_t crumb_resolve(wasm_exec_env_t environment, const char* host, const char* service, void* hints, void* results,
                       uint32_t most, uint32_t* found) {
  wasm_module_inst_t instance = wasm_runtime_get_module_inst(environment);
  WASIContext* context = context_of(environment);
  if (context == NULL || most == 0 || !wasm_runtime_validate_native_addr(instance, hints, sizeof(__wasi_addr_info_hints_t)) ||
      !wasm_runtime_validate_native_addr(instance, results, (uint64_t)most * sizeof(__wasi_addr_info_t)) ||
      !wasm_runtime_validate_native_addr(instance, found, sizeof(*found)))
    return __WASI_EINVAL;
  return wasi_ssp_sock_addr_resolve(environment, context->curfds, context->ns_lookup_list, host, service, hints, results, most,
                                    found);
}

// The interpreter's own offset counts its translated code.
static uint32_t first_instruction(WASMModuleInstance* instance, uint32_t function) {
  const WASMModule* module = instance->module;
  if (function < module->import_function_count) return 0;
  return (uint32_t)(module->functions[function - module->import_function_count]->code - module->load_addr);
}

size_t crumb_frames(wasm_module_inst_t handle, struct crumb_frame* frames, size_t most) {
  WASMModuleInstance* instance = (WASMModuleInstance*)handle;  // AOT's begins alike
  const bool interpreted = instance->module_type == Wasm_Module_Bytecode;
  const size_t size = instance->frames == NULL ? 0 : bh_vector_size(instance->frames);
  size_t count = 0;
  for (WASMCApiFrame frame; count < size && count < most && bh_vector_get(instance->frames, (uint32_t)count, &frame); ++count) {
    const uint32_t offset = interpreted ? first_instruction(instance, frame.func_index) : frame.func_offset;
    frames[count] = (struct crumb_frame){frame.func_name_wp, frame.func_index, offset, !interpreted && offset != 0};
  }
  return count;
}

uint32_t get_libc_wasi_export_apis(NativeSymbol** symbols);
uint32_t get_lib_wasi_threads_export_apis(NativeSymbol** symbols);

// As wasm_native_init registers them.
static const struct {
  const char* module;
  uint32_t (*symbols)(NativeSymbol**);
} kNatives[] = {{"wasi_snapshot_preview1", get_libc_wasi_export_apis},
                {"wasi_unstable", get_libc_wasi_export_apis},
                {"wasi", get_lib_wasi_threads_export_apis}};

const char* crumb_signature(const char* module, const char* name) {
  for (size_t i = 0; i < sizeof(kNatives) / sizeof(kNatives[0]); ++i) {
    if (strcmp(kNatives[i].module, module) != 0) continue;
    NativeSymbol* symbols = NULL;
    const uint32_t count = kNatives[i].symbols(&symbols);
    for (uint32_t j = 0; j < count; ++j)
      if (strcmp(symbols[j].symbol, name) == 0) return symbols[j].signature;
  }
  return NULL;
}

const char crumb_features[] =
    "multivalue mutable-globals nontrapping-fptoint sign-ext"
#if WASM_ENABLE_SHARED_MEMORY != 0
    " atomics"
#endif
#if WASM_ENABLE_BULK_MEMORY != 0
    " bulk-memory"
#endif
#if WASM_ENABLE_EXTENDED_CONST_EXPR != 0
    " extended-const"
#endif
#if WASM_ENABLE_GC != 0
    " gc"
#endif
#if WASM_ENABLE_REF_TYPES != 0
    " reference-types"
#endif
#if WASM_ENABLE_SIMD != 0
    " simd128"
#endif
#if WASM_ENABLE_TAIL_CALL != 0
    " tail-call"
#endif
    ;

// paths.cc and natives.cc stand in for these functions and declare them by hand, as WAMR's headers are not C++. A source tree
// that declares them otherwise must not link: this is where it fails to compile.
// NOLINTBEGIN(readability-redundant-declaration)
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
bool fd_table_insert_existing(struct fd_table*, __wasi_fd_t, os_file_handle, bool);
void os_set_signal_number_for_blocking_op(int);
int os_poll(struct pollfd*, nfds_t, int);
int os_printf(const char*, ...);
int os_vprintf(const char*, va_list);
// NOLINTEND(readability-redundant-declaration)
