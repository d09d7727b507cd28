#include "aot/compiler.h"

#include <memory>
#include <string_view>
#include <type_traits>

#include "aot/limits.h"
#include "aot/stack_usage.h"
#include "aot_export.h"
#include "wasm_export.h"
#include "wire/code.h"

namespace crumb::aot {
namespace {

template <auto destroy>
struct Destroy {
  template <class Object>
  void operator()(Object* object) const {
    destroy(object);
  }
};
using Module = std::unique_ptr<std::remove_pointer_t<wasm_module_t>, Destroy<wasm_runtime_unload>>;
using Data = std::unique_ptr<std::remove_pointer_t<aot_comp_data_t>, Destroy<aot_destroy_comp_data>>;
using Context = std::unique_ptr<std::remove_pointer_t<aot_comp_context_t>, Destroy<aot_destroy_comp_context>>;

// Below the highest level whole-program optimisation costs more than it brings.
bool optimises_whole_program(unsigned optimisation) { return optimisation == wire::kHighestOptimisation; }

// The rest is what the engine is built with (third_party/wamr/features.cmake).
AOTCompOption options_for(unsigned optimisation, bool frames) {
  static char architecture[] = "x86_64", abi[] = "gnu", cpu[] = "x86-64-v2";
  static char features[] = "-fast-shld-rotate";  // what that CPU is tuned for is microcode on AMD's: rol is as fast on both
  static_assert(std::string_view(wire::kCodeArchitecture) == "x86_64" && std::string_view(wire::kCodeAbi) == "gnu" &&
                std::string_view(wire::kCodeCpu) == "x86-64-v2");
  AOTCompOption options = {};
  options.target_arch = architecture;
  options.target_abi = abi;
  options.target_cpu = cpu;
  options.cpu_features = features;
  options.is_indirect_mode = true;
  options.disable_llvm_intrinsics = true;
  static char none[] = "";
  options.builtin_intrinsics = none;  // constants lie behind the code (bound_object.h), not in a table of the engine's
  options.bounds_checks = 0;
  options.stack_bounds_checks = 1;
  options.enable_aux_stack_check = true;
  options.enable_bulk_memory = true;
  options.enable_bulk_memory_opt = true;
  options.enable_ref_types = true;
  options.enable_call_indirect_overlong = true;
  options.enable_simd = true;
  options.enable_tail_call = true;
  options.enable_thread_mgr = true;
  options.enable_extended_const = true;
  options.opt_level = optimisation;
  // Values in registers instead of each in a place of the stack: less code for what comes after, so that it takes less time,
  // too.
  static char quick[] = "function(sroa,early-cse,simplifycfg)";
  if (optimisation == 0) options.llvm_passes = quick;
  options.size_level = 3;  // the small code model: the engine maps code and its data below 2 GiB
  options.output_format = AOT_FORMAT_FILE;
  options.stack_usage_file = kStackUsage;
  options.disable_llvm_lto = !optimises_whole_program(optimisation);
  // Frames only where they are asked for, though a trap names the functions with them: they bring vector constants with a
  // relocation in each function, and a relocated page is no longer shared.
  if (!frames) return options;
  static char names[] = "name";
  static char* sections[] = {names};
  options.aux_stack_frame_type = AOT_STACK_FRAME_TYPE_STANDARD;
  aot_call_stack_features_init_default(&options.call_stack_features);
  options.custom_sections = sections;
  options.custom_sections_count = 1;
  return options;
}

std::string without_prefix(std::string_view message) {
  for (const std::string_view prefix : {"WASM module load failed: ", "Error: "})
    if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  // WAMR's words when its allocator has nothing left.
  if (message.find("llocate memory failed") != std::string_view::npos ||
      message.find("out of memory") != std::string_view::npos)
    out_of_memory();
  return std::string(message);
}

}  // namespace

bool start_compiler() {
  RuntimeInitArgs arguments = {};
  arguments.mem_alloc_type = Alloc_With_System_Allocator;
  return wasm_runtime_full_init(&arguments) && aot_compiler_init();
}

Code::~Code() {
  if (bytes_ != nullptr) wasm_runtime_free(bytes_);
}

bool Code::compile(std::uint8_t* module_bytes, std::uint32_t size, const Options& wanted, std::string& error) {
  char message[256] = "";
  const Module module(wasm_runtime_load(module_bytes, size, message, sizeof message));
  if (!module) return error = "not a module that can be compiled: " + without_prefix(message), false;

  AOTCompOption options = options_for(wanted.optimisation, wanted.frames);
  const Data data(aot_create_comp_data(module.get(), options.target_arch, false));
  const Context context(data ? aot_create_comp_context(data.get(), &options) : nullptr);
  const bool translated = context && aot_compile_wasm(context.get());
  if (translated) bytes_ = aot_emit_aot_file_buf(context.get(), data.get(), &size_);
  if (bytes_ != nullptr) return true;
  return error = "cannot be compiled: " + without_prefix(aot_get_last_error()), false;
}

}  // namespace crumb::aot
