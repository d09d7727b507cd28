#include "aot/bound_object.h"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

namespace crumb::aot {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

class Object {
 public:
  explicit Object(std::vector<unsigned char>& bytes) : bytes_(bytes) {}

  bool bind(std::string& error) {
    if (!read_header() || !read_sections()) return error = "LLVM made no object file for x86-64", false;
    if (!append(text_)) return error = "the code has to lie too precisely", false;
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (name(sections_[index]).starts_with(kConstants) && !append(index))
        return error = "a constant has to lie too precisely", false;
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (!resolve(index, error)) return false;
    for (std::size_t index = 0; index < sections_.size(); ++index)
      if (index != text_ && places_[index] != kNone) drop(sections_[index]);
    return write_back(), true;
  }

 private:
  static constexpr std::string_view kConstants = ".rodata";  // .rodata.cst16 etc., too

  template <class Entry>
  bool read(std::uint64_t offset, Entry& entry) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof entry) return false;
    return std::memcpy(&entry, bytes_.data() + offset, sizeof entry), true;
  }

  bool read_header() {
    return read(0, header_) && std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0 && header_.e_ident[EI_CLASS] == ELFCLASS64 &&
           header_.e_ident[EI_DATA] == ELFDATA2LSB && header_.e_machine == EM_X86_64 && header_.e_type == ET_REL &&
           header_.e_shentsize == sizeof(Elf64_Shdr) && header_.e_shnum < SHN_LORESERVE;
  }

  bool read_sections() {
    sections_.resize(header_.e_shnum);
    places_.assign(sections_.size(), kNone);
    std::uint64_t unclaimed = bytes_.size();  // no byte is in two sections: nothing grows by being moved
    for (std::size_t index = 0; index < sections_.size(); ++index) {
      Elf64_Shdr& section = sections_[index];
      if (!read(header_.e_shoff + index * sizeof section, section)) return false;
      if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) continue;
      if (section.sh_offset > bytes_.size() || section.sh_size > bytes_.size() - section.sh_offset) return false;
      if (section.sh_size > unclaimed) return false;
      unclaimed -= section.sh_size;
    }
    if (header_.e_shstrndx >= sections_.size() || sections_[header_.e_shstrndx].sh_type != SHT_STRTAB) return false;
    return find_text();
  }

  bool find_text() {
    for (std::size_t index = 0; index < sections_.size(); ++index) {
      const bool is_text = name(sections_[index]) == ".text";
      if (!is_text && !name(sections_[index]).starts_with(kConstants)) continue;
      if (sections_[index].sh_type != SHT_PROGBITS || (is_text && text_ != kNone)) return false;
      if (is_text) text_ = index;
    }
    return text_ != kNone;
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
    if (alignment > kMost || !std::has_single_bit(alignment)) return false;
    alignment_ = std::max(alignment_, alignment);
    code_.resize((code_.size() + alignment - 1) / alignment * alignment);
    places_[index] = code_.size();
    const unsigned char* const start = bytes_.data() + section.sh_offset;
    code_.insert(code_.end(), start, start + section.sh_size);
    return true;
  }

  // The relocations of what moves into .text.
  bool resolve(std::size_t index, std::string& error) {
    Elf64_Shdr& table = sections_[index];
    if (table.sh_type != SHT_RELA && table.sh_type != SHT_REL) return true;
    if (!moves(table.sh_info)) return true;
    std::uint64_t kept = 0;
    for (std::uint64_t offset = 0; offset < table.sh_size; offset += sizeof(Elf64_Rela)) {
      Elf64_Rela entry = {};
      Elf64_Sym symbol = {};
      if (!read_entry(table, offset, entry, symbol)) return error = "LLVM made a wrong relocation", false;
      if (moves(symbol.st_shndx) && is_distance(entry)) {
        if (!apply(table, entry, symbol)) return error = "a distance in the code is too long", false;
        continue;
      }
      if (table.sh_info != text_) return error = "a constant of the code is no distance", false;
      if (moves(symbol.st_shndx) && symbol.st_shndx != text_)
        return error = "the code asks for more than a constant's distance", false;
      std::memcpy(bytes_.data() + table.sh_offset + kept, &entry, sizeof entry);
      kept += sizeof entry;
    }
    table.sh_size = kept;
    if (kept == 0) drop(table);
    return true;
  }

  bool moves(std::size_t index) const { return index < sections_.size() && places_[index] != kNone; }

  // False: it lies past the section's end, or there is no such symbol.
  bool read_entry(const Elf64_Shdr& table, std::uint64_t offset, Elf64_Rela& entry, Elf64_Sym& symbol) const {
    if (table.sh_type != SHT_RELA || table.sh_size - offset < sizeof entry || !read(table.sh_offset + offset, entry))
      return false;
    const std::uint64_t size = sections_[table.sh_info].sh_size;
    if (entry.r_offset > size || (is_distance(entry) && size - entry.r_offset < sizeof(std::int32_t))) return false;

    if (table.sh_link >= sections_.size() || sections_[table.sh_link].sh_type != SHT_SYMTAB) return false;
    const Elf64_Shdr& symbols = sections_[table.sh_link];
    const std::uint64_t index = ELF64_R_SYM(entry.r_info);
    if (index >= symbols.sh_size / sizeof symbol || !read(symbols.sh_offset + index * sizeof symbol, symbol)) return false;
    return !moves(symbol.st_shndx) || symbol.st_value <= sections_[symbol.st_shndx].sh_size;
  }

  static bool is_distance(const Elf64_Rela& entry) {
    const auto type = ELF64_R_TYPE(entry.r_info);
    return type == R_X86_64_PC32 || type == R_X86_64_PLT32;
  }

  // False: 32 bits are too few.
  bool apply(const Elf64_Shdr& table, const Elf64_Rela& entry, const Elf64_Sym& symbol) {
    const std::uint64_t place = places_[table.sh_info] + entry.r_offset;
    const std::uint64_t target = places_[symbol.st_shndx] + symbol.st_value;
    const auto distance = static_cast<std::int64_t>(target + static_cast<std::uint64_t>(entry.r_addend) - place);
    const auto value = static_cast<std::int32_t>(distance);
    if (value != distance) return false;
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
    sections_[text_].sh_addralign = alignment_;
    bytes_.insert(bytes_.end(), code_.begin(), code_.end());
    std::memcpy(bytes_.data() + header_.e_shoff, sections_.data(), sections_.size() * sizeof sections_[0]);
  }

  std::vector<unsigned char>& bytes_;
  Elf64_Ehdr header_ = {};
  std::vector<Elf64_Shdr> sections_;
  std::vector<std::size_t> places_;  // of each section in the new .text; kNone: it does not move there
  std::vector<unsigned char> code_;  // the new .text
  std::size_t alignment_ = 1;        // of the new .text
  std::size_t text_ = kNone;
};

}  // namespace

bool bind_object(std::vector<unsigned char>& object, std::string& error) { return Object(object).bind(error); }

}  // namespace crumb::aot
