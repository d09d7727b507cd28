// What compiled WebAssembly is made for: crumb-aot compiles for it, crumb-wasm runs nothing else. This file, WAMR's features
// (third_party/wamr/features.cmake) and crumb-aot's compiler.cc are part of the code cache's key: change them freely.
//
// The code checks by itself that the native stack suffices, as the engine has no guard pages there. It does not check memory
// accesses: the engine's guard areas do. On an engine without them it would read and write outside its memory.
#pragma once

#include <cstddef>

namespace crumb::wire {

inline constexpr char kCodeArchitecture[] = "x86_64";
inline constexpr char kCodeAbi[] = "gnu";
// Never the building machine's: the cache may outlive its machine. Has SSE4.2 and POPCNT (SIMD needs SSE4.1); any server since
// 2010.
inline constexpr char kCodeCpu[] = "x86-64-v2";

// In an entry of the cache the code follows one page of crumb's own (src/wasm/code_file.h), so that it can be mapped.
inline constexpr std::size_t kCodeOffset = 4096;

inline constexpr unsigned kHighestOptimisation = 3;

// How crumb-aot ends when there is no code: it lies with the module, or with the limits that it was given, so that it would
// fail again; or it could not do its work.
inline constexpr int kCompilerRefuses = 1, kCompilerUnable = 2;

}  // namespace crumb::wire
