// Which modules LLVM's lowest level does not help.
#pragma once

struct AOTCompContext;  // of WAMR: aot_llvm.h, which aot_export.h does not go with

namespace crumb::aot {

// Without optimisation the code of a br_table takes longer the more cases it has: a loop around one of sixteen is slower than
// in WAMR's interpreter, and the code of an interpreter, one loop around a huge one, many times slower (docs/wasm.md has the
// measurements). Whether the module that was translated last holds one of more cases than are harmless.
bool has_large_switch(const AOTCompContext& context);

}  // namespace crumb::aot
