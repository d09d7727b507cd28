#include "aot/bound_object.h"

#include <elf.h>
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "aot/leave.h"

namespace crumb::aot {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

class Object {
 public:
  explicit Object(std::vector<unsigned char>& bytes) : bytes_(bytes) {}

  bool bind(std::string& error) {
    if (!read_sections()) return error = "LLVM made no object file for x86-64", false;
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (name(sections_[index]).starts_with(".rodata") && !append(index))
        return error = "a constant has to lie too precisely", false;
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (sections_[index].sh_type == SHT_RELA && !resolve(index))
        return error = "a constant of the code is no distance", false;
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (index != text_ && places_[index] != kNone) drop(sections_[index]);
    return write_back(), true;
  }

 private:
  template <class Entry>
  bool read(std::uint64_t offset, Entry& entry) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof entry) return false;
    return std::memcpy(&entry, bytes_.data() + offset, sizeof entry), true;
  }

  bool read_sections() {
    if (!read(0, header_) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0 || header_.e_ident[EI_CLASS] != ELFCLASS64 ||
        header_.e_machine != EM_X86_64 || header_.e_type != ET_REL)
      return false;
    sections_.resize(header_.e_shnum);
    for (std::size_t index = 0; index < sections_.size(); ++index) {
      Elf64_Shdr& section = sections_[index];
      if (!read(header_.e_shoff + index * sizeof section, section)) return false;
      const bool empty = section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL;
      if (!empty && (section.sh_offset > bytes_.size() || section.sh_size > bytes_.size() - section.sh_offset)) return false;
    }
    if (header_.e_shstrndx >= sections_.size()) return false;
    places_.assign(sections_.size(), kNone);
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (name(sections_[index]) == ".text") text_ = index;
    if (text_ == kNone) return false;
    return append(text_);
  }

  std::string_view name(const Elf64_Shdr& section) const {
    const Elf64_Shdr& names = sections_[header_.e_shstrndx];
    if (section.sh_name >= names.sh_size) return {};
    const char* const start = reinterpret_cast<const char*>(bytes_.data() + names.sh_offset + section.sh_name);
    return {start, ::strnlen(start, names.sh_size - section.sh_name)};
  }

  bool append(std::size_t index) {
    constexpr std::size_t kMost = 64;  // WAMR's XIP_TEXT_ALIGNMENT: how the code lies in its file
    const Elf64_Shdr& section = sections_[index];
    const std::size_t alignment = std::max<std::size_t>(section.sh_addralign, 1);
    if (alignment > kMost) return false;
    code_.resize((code_.size() + alignment - 1) / alignment * alignment);
    places_[index] = code_.size();
    const unsigned char* const start = bytes_.data() + section.sh_offset;
    code_.insert(code_.end(), start, start + section.sh_size);
    return true;
  }

  // Of what moves into .text.
  bool resolve(std::size_t index) {
    Elf64_Shdr& table = sections_[index];
    if (table.sh_info >= sections_.size() || places_[table.sh_info] == kNone) return true;
    std::uint64_t kept = 0;
    for (std::uint64_t offset = 0; offset + sizeof(Elf64_Rela) <= table.sh_size; offset += sizeof(Elf64_Rela)) {
      Elf64_Rela entry;
      if (!read(table.sh_offset + offset, entry)) return false;
      if (apply(table, entry)) continue;
      if (table.sh_info != text_) return false;
      std::memcpy(bytes_.data() + table.sh_offset + kept, &entry, sizeof entry);
      kept += sizeof entry;
    }
    table.sh_size = kept;
    if (kept == 0) drop(table);
    return true;
  }

  // False when it is not a distance within .text.
  bool apply(const Elf64_Shdr& table, const Elf64_Rela& entry) {
    const auto type = ELF64_R_TYPE(entry.r_info);
    if ((type != R_X86_64_PC32 && type != R_X86_64_PLT32) || table.sh_link >= sections_.size()) return false;
    const Elf64_Shdr& symbols = sections_[table.sh_link];
    Elf64_Sym symbol;
    if (!read(symbols.sh_offset + ELF64_R_SYM(entry.r_info) * sizeof symbol, symbol)) return false;
    if (symbol.st_shndx >= sections_.size() || places_[symbol.st_shndx] == kNone) return false;
    const std::uint64_t place = places_[table.sh_info] + entry.r_offset;
    const std::int64_t distance =
        static_cast<std::int64_t>(places_[symbol.st_shndx] + symbol.st_value - place) + entry.r_addend;
    const auto value = static_cast<std::int32_t>(distance);
    if (value != distance || place > code_.size() || code_.size() - place < sizeof value) return false;
    return std::memcpy(code_.data() + place, &value, sizeof value), true;
  }

  // Without a name, so that nobody looks for it.
  static void drop(Elf64_Shdr& section) {
    section.sh_name = 0;
    section.sh_type = SHT_NULL;
    section.sh_size = 0;
  }

  void write_back() {
    constexpr std::size_t kAlignment = 64;
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
    sections_[text_].sh_offset = bytes_.size();
    sections_[text_].sh_size = code_.size();
    bytes_.insert(bytes_.end(), code_.begin(), code_.end());
    std::memcpy(bytes_.data() + header_.e_shoff, sections_.data(), sections_.size() * sizeof sections_[0]);
  }

  std::vector<unsigned char>& bytes_;
  Elf64_Ehdr header_ = {};
  std::vector<Elf64_Shdr> sections_;
  std::vector<std::size_t> places_;  // of each section in the new .text; kNone: it does not move there
  std::vector<unsigned char> code_;  // the new .text
  std::size_t text_ = kNone;
};

}  // namespace

bool bind_object(std::vector<unsigned char>& object, std::string& error) { return Object(object).bind(error); }

}  // namespace crumb::aot

using namespace crumb::aot;

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
  if (!bind_object(object, reason)) give_up("cannot be compiled: " + reason);
  *buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(reinterpret_cast<const char*>(object.data()), object.size(), "code");
  return 0;
}
}
