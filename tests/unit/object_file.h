// Object files as an assembler makes them, after the ELF-64 object file format, built piece by piece and read again.
#pragma once

#include <elf.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aot/bound_object.h"

namespace crumb::aot {

using Bytes = std::vector<unsigned char>;

inline constexpr std::int64_t kBehindPlace = -4;  // the addend of what the processor counts from behind the 32 bits

// What an assembler would be told. Relocations follow the sections, then come the symbols and the names.
class ObjectFile {
 public:
  std::uint16_t add(std::string_view name, Bytes bytes, std::uint64_t alignment = 1, std::uint32_t type = SHT_PROGBITS) {
    Elf64_Shdr header = {};
    header.sh_type = type;
    header.sh_addralign = alignment;
    sections_.push_back({std::string(name), std::move(bytes), header});
    return static_cast<std::uint16_t>(sections_.size() - 1);
  }

  std::uint32_t symbol(std::uint16_t section, std::uint64_t value = 0) {
    Elf64_Sym symbol = {};
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
    symbol.st_shndx = section;
    symbol.st_value = value;
    symbols_.push_back(symbol);
    return static_cast<std::uint32_t>(symbols_.size() - 1);
  }

  void relocate(std::uint16_t section, std::uint64_t offset, std::uint32_t type, std::uint32_t symbol, std::int64_t addend) {
    relocations_[section].push_back({offset, ELF64_R_INFO(static_cast<std::uint64_t>(symbol), type), addend});
  }

  Bytes bytes() const {
    std::vector<Section> all = sections_;
    const std::size_t names = all.size() + relocations_.size() + 1;
    for (const auto& [section, entries] : relocations_) {
      Section table = table_of(".rela" + all[section].name, SHT_RELA, entries);
      table.header.sh_link = static_cast<std::uint32_t>(names - 1);
      table.header.sh_info = section;
      all.push_back(std::move(table));
    }
    all.push_back(table_of(".symtab", SHT_SYMTAB, symbols_));
    all.back().header.sh_link = static_cast<std::uint32_t>(names);
    all.push_back({".strtab", {}, {}});
    all.back().header.sh_type = SHT_STRTAB;
    for (Section& section : all) {
      section.header.sh_name = static_cast<std::uint32_t>(all.back().bytes.size());
      for (const char letter : section.name) all.back().bytes.push_back(static_cast<unsigned char>(letter));
      all.back().bytes.push_back(0);
    }
    return write(all);
  }

 private:
  struct Section {
    std::string name;
    Bytes bytes;
    Elf64_Shdr header = {};
  };

  template <class Entry>
  static Section table_of(std::string name, std::uint32_t type, const std::vector<Entry>& entries) {
    Section table = {std::move(name), Bytes(entries.size() * sizeof(Entry)), {}};
    std::memcpy(table.bytes.data(), entries.data(), table.bytes.size());
    table.header.sh_type = type;
    table.header.sh_addralign = alignof(Entry);
    table.header.sh_entsize = sizeof(Entry);
    return table;
  }

  // As LLVM does: the table of sections is last.
  static Bytes write(std::vector<Section>& sections) {
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_version = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<std::uint16_t>(sections.size());
    header.e_shstrndx = static_cast<std::uint16_t>(sections.size() - 1);
    Bytes file(sizeof header);
    for (Section& section : sections) {
      align(file);
      section.header.sh_offset = file.size();
      section.header.sh_size = section.bytes.size();
      file.insert(file.end(), section.bytes.begin(), section.bytes.end());
    }
    align(file);
    header.e_shoff = file.size();
    std::memcpy(file.data(), &header, sizeof header);
    for (const Section& section : sections) {
      const auto* const start = reinterpret_cast<const unsigned char*>(&section.header);
      file.insert(file.end(), start, start + sizeof section.header);
    }
    return file;
  }

  static void align(Bytes& file) { file.resize((file.size() + 7) / 8 * 8); }

  std::vector<Section> sections_ = std::vector<Section>(1);     // the first is none
  std::vector<Elf64_Sym> symbols_ = std::vector<Elf64_Sym>(1);  // and so is this
  std::map<std::uint16_t, std::vector<Elf64_Rela>> relocations_;
};

// Readers, which rely on a well-formed file. The references lead into it, for tests that want another.

template <class Entry>
Entry& entry_of(Bytes& object, std::uint64_t offset, std::uint64_t index = 0) {
  return reinterpret_cast<Entry*>(object.data() + offset)[index];
}

inline Elf64_Ehdr& header_of(Bytes& object) { return entry_of<Elf64_Ehdr>(object, 0); }

inline Elf64_Shdr& section_at(Bytes& object, std::uint64_t index) {
  return entry_of<Elf64_Shdr>(object, header_of(object).e_shoff, index);
}

// The first one, which is none, where no section has that name.
inline Elf64_Shdr& section_of(Bytes& object, std::string_view name) {
  const Elf64_Shdr& names = section_at(object, header_of(object).e_shstrndx);
  for (std::uint64_t index = 1; index < header_of(object).e_shnum; ++index)
    if (reinterpret_cast<const char*>(object.data() + names.sh_offset + section_at(object, index).sh_name) == name)
      return section_at(object, index);
  return section_at(object, 0);
}

inline Elf64_Rela& relocation(Bytes& object, std::string_view table, std::uint64_t index = 0) {
  return entry_of<Elf64_Rela>(object, section_of(object, table).sh_offset, index);
}

// Empty when it is not refused. The object has no byte to spare behind it, for AddressSanitizer.
inline std::string refusal(const Bytes& object) {
  Bytes exact(object.begin(), object.end());
  std::string error;
  const bool done = bind_object(exact, error);
  EXPECT_EQ(done, error.empty());
  return error;
}

inline std::string refusal(const ObjectFile& object) { return refusal(object.bytes()); }

inline constexpr std::size_t kCodeSize = 64;  // where a text of that size ends, constants of any alignment begin
inline Bytes code(std::size_t size = kCodeSize) { return Bytes(size, 0x90); }

}  // namespace crumb::aot
