// Module in, code out: WAMR's front end and code generator on LLVM.
//
// The code is XIP ("execute in place", is_indirect_mode): it reaches everything outside through tables and needs no relocation,
// so that containers share its pages. Besides src/wire/code.h it depends on nothing but the module, the level and the frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "aot/options.h"

namespace crumb::aot {

// Once, before any module is looked at. False: it cannot be.
bool start_compiler();

class Code {
 public:
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code();

  // WAMR may write into the module. False: `error` says why there is no code, in WAMR's words where it is WAMR that says so.
  bool compile(std::uint8_t* module, std::uint32_t size, const Options& options, std::string& error);

  const std::uint8_t* bytes() const { return bytes_; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* bytes_ = nullptr;  // of WAMR's allocator
  std::uint32_t size_ = 0;
};

}  // namespace crumb::aot
