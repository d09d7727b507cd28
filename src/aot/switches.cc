#include "aot/switches.h"

#include <llvm-c/Core.h>

#include "aot_llvm.h"

namespace crumb::aot {
namespace {

constexpr unsigned kMostSuccessors = 9;  // eight cases and the default

bool ends_in_large_switch(LLVMBasicBlockRef block) {
  LLVMValueRef last = LLVMGetBasicBlockTerminator(block);
  return last != nullptr && LLVMGetInstructionOpcode(last) == LLVMSwitch && LLVMGetNumSuccessors(last) > kMostSuccessors;
}

}  // namespace

bool has_large_switch(const AOTCompContext& context) {
  for (LLVMValueRef function = LLVMGetFirstFunction(context.module); function != nullptr;
       function = LLVMGetNextFunction(function))
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block != nullptr; block = LLVMGetNextBasicBlock(block))
      if (ends_in_large_switch(block)) return true;
  return false;
}

}  // namespace crumb::aot
