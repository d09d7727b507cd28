#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include <string>
#include <vector>

#include "aot/bound_object.h"
#include "aot/leave.h"

// What WAMR calls for the object file, by the linker's --wrap.
extern "C" {

LLVMBool crumb_emit(LLVMTargetMachineRef machine, LLVMModuleRef module, LLVMCodeGenFileType type, char** error,
                    LLVMMemoryBufferRef* buffer) __asm__("__wrap_LLVMTargetMachineEmitToMemoryBuffer");
LLVMBool real_emit(LLVMTargetMachineRef machine, LLVMModuleRef module, LLVMCodeGenFileType type, char** error,
                   LLVMMemoryBufferRef* buffer) __asm__("__real_LLVMTargetMachineEmitToMemoryBuffer");

LLVMBool crumb_emit(LLVMTargetMachineRef machine, LLVMModuleRef module, LLVMCodeGenFileType type, char** error,
                    LLVMMemoryBufferRef* buffer) {
  if (real_emit(machine, module, type, error, buffer) != 0) return 1;
  const auto* const start = reinterpret_cast<const unsigned char*>(LLVMGetBufferStart(*buffer));
  std::vector<unsigned char> object(start, start + LLVMGetBufferSize(*buffer));
  LLVMDisposeMemoryBuffer(*buffer);
  std::string reason;
  if (!crumb::aot::bind_object(object, reason)) crumb::aot::give_up("cannot be compiled: " + reason);
  *buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(reinterpret_cast<const char*>(object.data()), object.size(), "code");
  return 0;
}
}
