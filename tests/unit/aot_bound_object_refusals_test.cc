// Object files that are not of the form of LLVM's for position-independent code, and such as no assembler makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "object_file.h"

namespace crumb::aot {
namespace {

using testing::AnyOf;

constexpr char kNoObject[] = "LLVM made no object file for x86-64";
constexpr char kWrong[] = "LLVM made a wrong relocation";
constexpr char kTooLong[] = "a distance in the code is too long";
constexpr char kNoDistance[] = "a constant of the code is no distance";
constexpr char kMoreThanDistance[] = "the code asks for more than a constant's distance";
constexpr char kCodeTooPrecise[] = "the code has to lie too precisely";
constexpr char kConstantTooPrecise[] = "a constant has to lie too precisely";

// What is refused: objects of another form than the code generator's.

TEST(BoundObject, IsRefusedWhenConstantsDependOnWhereTheyLie) {
  for (const std::uint32_t type : {R_X86_64_64, R_X86_64_32, R_X86_64_32S, R_X86_64_GOTPCREL}) {
    ObjectFile object;
    const auto text = object.add(".text", code());
    const auto constants = object.add(".rodata", Bytes(8));
    object.relocate(constants, 0, type, object.symbol(text), 0);
    EXPECT_EQ(refusal(object), kNoDistance) << type;
  }
}

TEST(BoundObject, IsRefusedWhenConstantsReferToWhatLiesElsewhere) {
  ObjectFile object;
  object.add(".text", code());
  const auto constants = object.add(".rodata", Bytes(8));
  object.relocate(constants, 0, R_X86_64_PC32, object.symbol(SHN_UNDEF), 0);
  EXPECT_EQ(refusal(object), kNoDistance);
}

TEST(BoundObject, IsRefusedWhenItsCodeAsksWhereConstantsLie) {
  for (const std::uint32_t type : {R_X86_64_64, R_X86_64_32, R_X86_64_32S, R_X86_64_GOTPCREL, R_X86_64_REX_GOTPCRELX}) {
    ObjectFile object;
    const auto text = object.add(".text", code());
    const auto constants = object.add(".rodata", Bytes(8));
    object.relocate(text, 0, type, object.symbol(constants), 0);
    EXPECT_EQ(refusal(object), kMoreThanDistance) << type;
  }
}

TEST(BoundObject, IsRefusedWhenADistanceIsTooLongBy1) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max(), kLeast = std::numeric_limits<std::int32_t>::min();
  for (const std::int64_t distance : {kMost + 1, kLeast - 1}) {
    ObjectFile object;
    const auto text = object.add(".text", code());
    object.relocate(text, 8, R_X86_64_PC32, object.symbol(text), distance + 8);
    EXPECT_EQ(refusal(object), kTooLong) << distance;
  }
}

TEST(BoundObject, IsRefusedWhenADistanceDoesNotFit64Bits) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max(), kLeast = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t addend : {kMost, kLeast})
    for (const std::uint64_t place : {8, 24}) {
      ObjectFile object;
      const auto text = object.add(".text", code());
      object.relocate(text, place, R_X86_64_PC32, object.symbol(text, 16), addend);
      EXPECT_EQ(refusal(object), kTooLong) << addend;
    }
}

TEST(BoundObject, IsRefusedWhenItHasToLieMorePreciselyThanItsFileIsAligned) {
  for (const std::uint64_t alignment : {std::uint64_t{128}, std::uint64_t{4096}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    ObjectFile object, constants;
    object.add(".text", code(), alignment);
    EXPECT_EQ(refusal(object), kCodeTooPrecise) << alignment;
    constants.add(".text", code());
    constants.add(".rodata.cst16", Bytes(16), alignment);
    EXPECT_EQ(refusal(constants), kConstantTooPrecise) << alignment;
  }
}

TEST(BoundObject, IsRefusedWhenAnAlignmentIsNoPowerOf2) {
  ObjectFile object, constants;
  object.add(".text", code(), 24);
  EXPECT_EQ(refusal(object), kCodeTooPrecise);
  constants.add(".text", code());
  constants.add(".rodata", Bytes(16), 3);
  EXPECT_EQ(refusal(constants), kConstantTooPrecise);
}

TEST(BoundObject, IsRefusedWithoutCode) {
  ObjectFile object;
  object.add(".text.hot", code());
  object.add(".rodata", Bytes(16));
  EXPECT_EQ(refusal(object), kNoObject);
}

TEST(BoundObject, IsRefusedWithCodeInTwoSectionsOfOneName) {
  ObjectFile object;
  object.add(".text", code());
  object.add(".text", code());
  EXPECT_EQ(refusal(object), kNoObject);
}

// What is refused: files that are wrong. Each is a good one with one change.

Elf64_Sym& symbol_of(Bytes& object, std::uint64_t index) {
  return entry_of<Elf64_Sym>(object, section_of(object, ".symtab").sh_offset, index);
}

// One of each kind: a constant, a table of jumps, what lies elsewhere.
Bytes example() {
  ObjectFile object;
  const auto text = object.add(".text", code(), 16);
  const auto table = object.add(".rodata", Bytes(8), 4);
  object.add(".rodata.cst16", Bytes(16), 16);
  const auto data = object.add(".data", Bytes(8), 8);
  const auto function = object.symbol(text, 16), undefined = object.symbol(SHN_UNDEF);
  object.relocate(text, 3, R_X86_64_PC32, object.symbol(table), kBehindPlace);
  object.relocate(text, 18, R_X86_64_PLT32, undefined, kBehindPlace);
  object.relocate(text, 24, R_X86_64_PLT32, function, kBehindPlace);
  object.relocate(table, 4, R_X86_64_PC32, function, 4);
  object.relocate(data, 0, R_X86_64_64, function, 0);
  return object.bytes();
}

template <class Change>
std::string refusal_after(Change change) {
  Bytes object = example();
  change(object);
  return refusal(object);
}

constexpr std::uint64_t kEnormous[] = {std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0} - 7};

TEST(BoundObject, IsNotRefusedWithoutAChange) { EXPECT_EQ(refusal(example()), ""); }

TEST(BoundObject, IsRefusedWhenItIsNoElf) {
  EXPECT_EQ(refusal(Bytes()), kNoObject);
  EXPECT_EQ(refusal(Bytes(4096)), kNoObject);
  EXPECT_EQ(refusal(Bytes(4096, 0xff)), kNoObject);
  for (std::size_t index = 0; index < SELFMAG; ++index)
    EXPECT_EQ(refusal_after([&](Bytes& object) { object[index] = '-'; }), kNoObject) << index;
}

TEST(BoundObject, IsRefusedFor32BitsOrTheOtherOrderOfBytes) {
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_ident[EI_CLASS] = ELFCLASS32; }), kNoObject);
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_ident[EI_DATA] = ELFDATA2MSB; }), kNoObject);
}

TEST(BoundObject, IsRefusedForAnotherMachine) {
  for (const int machine : {EM_NONE, EM_386, EM_AARCH64})
    EXPECT_EQ(refusal_after([&](Bytes& object) { header_of(object).e_machine = static_cast<std::uint16_t>(machine); }),
              kNoObject)
        << machine;
}

TEST(BoundObject, IsRefusedWhenItIsNotRelocatable) {
  for (const int type : {ET_NONE, ET_EXEC, ET_DYN, ET_CORE})
    EXPECT_EQ(refusal_after([&](Bytes& object) { header_of(object).e_type = static_cast<std::uint16_t>(type); }), kNoObject)
        << type;
}

TEST(BoundObject, IsRefusedWhenTheTableOfSectionsIsNotAllThere) {
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shoff += 1; }), kNoObject);
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shnum += 1; }), kNoObject);
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shnum = 0xffff; }), kNoObject);
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shnum = 0; }), kNoObject);
  for (const std::uint64_t offset : kEnormous)
    EXPECT_EQ(refusal_after([&](Bytes& object) { header_of(object).e_shoff = offset; }), kNoObject) << offset;
}

TEST(BoundObject, IsRefusedWhenTheEntriesForSectionsHaveAnotherSize) {
  for (const int size : {0, 40, 65})
    EXPECT_EQ(refusal_after([&](Bytes& object) { header_of(object).e_shentsize = static_cast<std::uint16_t>(size); }),
              kNoObject)
        << size;
}

// Indexes from 0xff00 on are not sections: SHN_ABS and the like.
TEST(BoundObject, IsRefusedWithMoreSectionsThanThereAreIndexes) {
  const auto with_sections = [](std::uint16_t count) {
    Bytes object = example();
    const std::uint16_t before = header_of(object).e_shnum;
    header_of(object).e_shnum = count;
    object.resize(object.size() + (count - before) * sizeof(Elf64_Shdr));
    return refusal(object);
  };
  EXPECT_EQ(with_sections(SHN_LORESERVE - 1), "");
  EXPECT_EQ(with_sections(SHN_LORESERVE), kNoObject);
}

TEST(BoundObject, IsRefusedWhenASectionReachesBehindTheFile) {
  for (const char* const name : {".text", ".rodata", ".data", ".rela.text", ".rela.data", ".symtab", ".strtab"}) {
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_size = object.size(); }), kNoObject) << name;
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_offset = object.size(); }), kNoObject) << name;
    for (const std::uint64_t number : kEnormous) {
      EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_size = number; }), kNoObject) << name;
      EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_offset = number; }), kNoObject) << name;
    }
  }
}

// Nothing else says how large such a section may be.
TEST(BoundObject, IsRefusedWhenWhatMovesIsNotInTheFile) {
  for (const char* const name : {".text", ".rodata", ".rodata.cst16"})
    for (const std::uint32_t type : {SHT_NOBITS, SHT_NULL})
      EXPECT_EQ(refusal_after([&](Bytes& object) {
                  section_of(object, name).sh_size = 1 << 30;
                  section_of(object, name).sh_type = type;
                }),
                kNoObject)
          << name << type;
}

TEST(BoundObject, IsRefusedWhenWhatMovesIsATable) {
  for (const char* const name : {".rela.text", ".rela.rodata", ".symtab", ".strtab"})
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_name = section_of(object, ".rodata").sh_name; }),
              kNoObject)
        << name;
}

// A small file could grow without an end.
TEST(BoundObject, IsRefusedWhenSectionsShareTheirBytes) {
  EXPECT_EQ(refusal_after([](Bytes& object) {
              for (const char* const name : {".rodata", ".rodata.cst16"}) {
                section_of(object, name).sh_offset = 0;
                section_of(object, name).sh_size = object.size() / 2;
              }
            }),
            kNoObject);
}

TEST(BoundObject, IsRefusedWhenTheNamesAreNotThere) {
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shstrndx = header_of(object).e_shnum; }), kNoObject);
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shstrndx = SHN_XINDEX; }), kNoObject);
  EXPECT_EQ(refusal_after([](Bytes& object) { header_of(object).e_shstrndx = SHN_UNDEF; }), kNoObject);
  for (const std::uint64_t offset : kEnormous)
    EXPECT_EQ(refusal_after([&](Bytes& object) {
                Elf64_Shdr& names = section_of(object, ".strtab");
                names.sh_type = SHT_NOBITS;
                names.sh_offset = offset;
              }),
              kNoObject)
        << offset;
}

TEST(BoundObject, IsRefusedWhenTheNameOfItsCodeLiesBehindTheNames) {
  for (const std::uint32_t name : {0x1000U, 0x7fffffffU, 0xffffffffU})
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, ".text").sh_name = name; }), kNoObject) << name;
}

TEST(BoundObject, IsRefusedWhenARelocationLiesBehindItsSection) {
  for (const std::uint64_t offset :
       {kCodeSize - 3, kCodeSize, kCodeSize + 8, std::size_t{1} << 63, ~std::size_t{0} - kCodeSize, ~std::size_t{0}})
    for (const std::uint64_t index : {0, 1, 2})
      EXPECT_EQ(refusal_after([&](Bytes& object) { relocation(object, ".rela.text", index).r_offset = offset; }), kWrong)
          << offset;
}

// Though there would be room in what lies behind it.
TEST(BoundObject, IsRefusedWhenARelocationOfConstantsLiesBehindThem) {
  for (const std::uint64_t offset : {5, 8, 16})
    EXPECT_EQ(refusal_after([&](Bytes& object) { relocation(object, ".rela.rodata").r_offset = offset; }), kWrong) << offset;
  EXPECT_EQ(refusal_after([&](Bytes& object) { relocation(object, ".rela.rodata").r_offset = ~std::uint64_t{0} - 50; }),
            kWrong);
}

TEST(BoundObject, IsRefusedWhenThereIsNoSuchSymbol) {
  const auto refusal_for = [](const char* table, std::uint64_t symbol) {
    return refusal_after([&](Bytes& object) { relocation(object, table).r_info = ELF64_R_INFO(symbol, R_X86_64_PC32); });
  };
  Bytes object = example();
  const std::uint64_t count = section_of(object, ".symtab").sh_size / sizeof(Elf64_Sym);
  for (const std::uint64_t symbol : {count, count + 1, std::uint64_t{0x7fffffff}, std::uint64_t{0xffffffff}})
    for (const char* const table : {".rela.text", ".rela.rodata"}) EXPECT_EQ(refusal_for(table, symbol), kWrong) << symbol;
  EXPECT_EQ(refusal_for(".rela.text", count - 1), "");
}

TEST(BoundObject, IsRefusedWhenASymbolIsOnlyHalfThere) {
  EXPECT_EQ(refusal_after([](Bytes& object) {
              Elf64_Shdr& symbols = section_of(object, ".symtab");
              symbols.sh_size -= 1;
              relocation(object, ".rela.text").r_info = ELF64_R_INFO(symbols.sh_size / sizeof(Elf64_Sym), R_X86_64_PC32);
            }),
            kWrong);
}

TEST(BoundObject, IsRefusedWhenASymbolLiesBehindItsSection) {
  for (const std::uint64_t value : {std::uint64_t{kCodeSize + 1}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
    EXPECT_EQ(refusal_after([&](Bytes& object) { symbol_of(object, 1).st_value = value; }), kWrong) << value;
}

TEST(BoundObject, IsRefusedWhenRelocationsHaveNoSymbols) {
  for (const std::uint32_t link : {0U, 1U, 0xffffU, 0xffffffffU})
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, ".rela.text").sh_link = link; }), kWrong) << link;
  for (const std::uint64_t offset : kEnormous)
    EXPECT_EQ(refusal_after([&](Bytes& object) {
                section_of(object, ".symtab").sh_type = SHT_NOBITS;
                section_of(object, ".symtab").sh_offset = offset;
              }),
              kWrong)
        << offset;
}

TEST(BoundObject, IsRefusedWhenARelocationIsOnlyHalfThere) {
  for (const char* const name : {".rela.text", ".rela.rodata"})
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_size -= 1; }), kWrong) << name;
}

// x86-64 has none of that form, and nobody would look at them.
TEST(BoundObject, IsRefusedWithRelocationsThatHaveNoAddend) {
  for (const char* const name : {".rela.text", ".rela.rodata"})
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, name).sh_type = SHT_REL; }), kWrong) << name;
}

TEST(BoundObject, IsNotRefusedForRelocationsOfNoSection) {
  for (const std::uint32_t section : {0U, 0xffffU, 0xffffffffU})
    EXPECT_EQ(refusal_after([&](Bytes& object) { section_of(object, ".rela.text").sh_info = section; }), "") << section;
}

// What is refused or not, and never anything else.

// Refused with a reason, or with all of its sections inside of the file.
void expect_sound(const Bytes& object) {
  Bytes exact(object.begin(), object.end());
  std::string error;
  if (!bind_object(exact, error)) {
    EXPECT_THAT(error,
                AnyOf(kNoObject, kWrong, kTooLong, kNoDistance, kMoreThanDistance, kCodeTooPrecise, kConstantTooPrecise));
    return;
  }
  EXPECT_EQ(error, "");
  for (std::uint64_t index = 0; index < header_of(exact).e_shnum; ++index) {
    Elf64_Shdr section = {};  // a copy: the table may lie anywhere
    std::memcpy(&section, exact.data() + header_of(exact).e_shoff + index * sizeof section, sizeof section);
    if (section.sh_type == SHT_NULL || section.sh_type == SHT_NOBITS) continue;
    EXPECT_LE(section.sh_offset, exact.size());
    EXPECT_LE(section.sh_size, exact.size() - section.sh_offset);
  }
}

TEST(BoundObject, IsRefusedOfEachSmallerSize) {
  const Bytes object = example();
  for (std::size_t size = 0; size < object.size(); ++size)
    ASSERT_EQ(refusal(Bytes(object.data(), object.data() + size)), kNoObject) << size;
}

// The table of sections goes behind the header, so that the file ends with the names.
Bytes example_ending_with_names() {
  Bytes object = example();
  const std::size_t table = header_of(object).e_shnum * sizeof(Elf64_Shdr);
  std::rotate(object.begin() + sizeof(Elf64_Ehdr), object.end() - static_cast<std::ptrdiff_t>(table), object.end());
  header_of(object).e_shoff = sizeof(Elf64_Ehdr);
  for (std::uint64_t index = 1; index < header_of(object).e_shnum; ++index) section_at(object, index).sh_offset += table;
  const Elf64_Shdr& names = section_of(object, ".strtab");
  object.resize(names.sh_offset + names.sh_size);
  return object;
}

TEST(BoundObject, IsRefusedOfEachSmallerSizeThoughAllHeadersAreThere) {
  const Bytes object = example_ending_with_names();
  ASSERT_EQ(refusal(object), "");
  for (std::size_t size = 0; size < object.size(); ++size)
    ASSERT_EQ(refusal(Bytes(object.data(), object.data() + size)), kNoObject) << size;
}

TEST(BoundObject, MayEndInsideOfAName) {
  Bytes object = example_ending_with_names();
  section_of(object, ".strtab").sh_size -= 1;
  object.pop_back();
  EXPECT_EQ(refusal(object), "");
}

TEST(BoundObject, StandsEachBitThatIsWrong) {
  Bytes object = example();
  for (std::size_t bit = 0; bit < 8 * object.size(); ++bit) {
    const auto mask = static_cast<unsigned char>(1U << bit % 8);
    object[bit / 8] ^= mask;
    expect_sound(object);
    object[bit / 8] ^= mask;
  }
}

TEST(BoundObject, StandsEachNumberThatIsWrong) {
  const Bytes object = example();
  const std::uint64_t size = object.size();
  for (const std::uint64_t number :
       {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0} >> 1, ~std::uint64_t{0} - size, size,
        size - 1, std::uint64_t{SHT_NOBITS}, std::uint64_t{SHT_RELA}})
    for (const std::size_t width : {2, 4, 8})
      for (std::size_t offset = 0; offset + width <= object.size(); offset += width) {
        Bytes changed = object;
        std::memcpy(changed.data() + offset, &number, width);
        expect_sound(changed);
      }
}

// Numbers of 16 to 64 bits where the header and the tables have theirs.
TEST(BoundObject, StandsSeveralNumbersThatAreWrong) {
  const Bytes object = example();
  std::mt19937 random(1);  // the same ones at each run
  for (int round = 0; round < 50000; ++round) {
    Bytes changed = object;
    for (auto changes = 1 + random() % 5; changes > 0; --changes) {
      const std::size_t width = std::size_t{2} << random() % 3;
      const std::uint64_t number = (std::uint64_t{random()} << 32 | random()) >> random() % 64;
      std::memcpy(changed.data() + random() % (changed.size() / width) * width, &number, width);
    }
    expect_sound(changed);
  }
}

}  // namespace
}  // namespace crumb::aot
