// What of an object file moves behind its code, what is resolved then (the psABI for x86-64, 4.4: relocation), and what stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "object_file.h"

namespace crumb::aot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool has_section(Bytes& object, std::string_view name) { return &section_of(object, name) != &section_at(object, 0); }

Bytes contents(Bytes& object, std::string_view name) {
  const Elf64_Shdr& section = section_of(object, name);
  const auto start = object.begin() + static_cast<std::ptrdiff_t>(section.sh_offset);
  return {start, start + static_cast<std::ptrdiff_t>(section.sh_size)};
}

std::int32_t number_at(const Bytes& bytes, std::size_t offset) {
  std::int32_t number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

// What is left of a table of relocations: place, type, symbol, addend.
std::vector<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::int64_t>> left(Bytes& object, std::string_view table) {
  std::vector<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::int64_t>> all;
  for (std::uint64_t index = 0; index < section_of(object, table).sh_size / sizeof(Elf64_Rela); ++index) {
    const Elf64_Rela& entry = relocation(object, table, index);
    all.emplace_back(entry.r_offset, ELF64_R_TYPE(entry.r_info), ELF64_R_SYM(entry.r_info), entry.r_addend);
  }
  return all;
}

Bytes bound(Bytes object) {
  std::string error;
  EXPECT_TRUE(bind_object(object, error)) << error;
  return object;
}

Bytes bound(const ObjectFile& object) { return bound(object.bytes()); }

Bytes bound_text(const ObjectFile& object) {
  Bytes file = bound(object);
  return contents(file, ".text");
}

// What moves.

TEST(BoundObject, HasItsConstantsBehindItsCode) {
  ObjectFile object;
  object.add(".text", {0xc3});
  object.add(".rodata", {1, 2, 3});
  EXPECT_THAT(bound_text(object), ElementsAre(0xc3, 1, 2, 3));
}

TEST(BoundObject, HasConstantsOfEachSectionWhoseNameBeginsSo) {
  ObjectFile object;
  object.add(".rodata.cst4", {4});
  object.add(".text", {0xc3});
  object.add(".rodata", {1});
  object.add(".rodata.str1.1", {'a'});
  EXPECT_THAT(bound_text(object), ElementsAre(0xc3, 4, 1, 'a'));
}

TEST(BoundObject, HasZeroesWhereConstantsAreAligned) {
  ObjectFile object;
  object.add(".text", {0xc3, 0xc3, 0xc3}, 2);
  object.add(".rodata", {1, 2, 3}, 4);
  object.add(".rodata.cst8", {8}, 8);
  EXPECT_THAT(bound_text(object), ElementsAre(0xc3, 0xc3, 0xc3, 0, 1, 2, 3, 0, 8));
}

TEST(BoundObject, IsAlignedAsTheStrictestOfItsParts) {
  for (const std::uint64_t code_alignment : {1, 16, 64})
    for (const std::uint64_t alignment : {0, 1, 16, 32, 64}) {
      ObjectFile object;
      object.add(".text", code(), code_alignment);
      object.add(".rodata", {1}, alignment);
      Bytes file = bound(object);
      EXPECT_EQ(section_of(file, ".text").sh_addralign, std::max(code_alignment, std::max<std::uint64_t>(alignment, 1)));
    }
}

TEST(BoundObject, IsAlignedInItsFileWhateverLiesInFrontOfIt) {
  for (std::size_t size = 0; size < 64; ++size) {
    ObjectFile object;
    object.add(".data", Bytes(size));
    object.add(".text", {0xc3});
    Bytes file = bound(object);
    EXPECT_EQ(section_of(file, ".text").sh_offset % 64, 0);
  }
}

TEST(BoundObject, HasNoSectionOfConstantsAnyMore) {
  ObjectFile object;
  object.add(".text", code());
  object.add(".rodata", {1});
  const std::uint16_t other = object.add(".rodata.cst16", Bytes(16), 16);
  Bytes file = bound(object);
  EXPECT_FALSE(has_section(file, ".rodata"));
  EXPECT_FALSE(has_section(file, ".rodata.cst16"));
  EXPECT_EQ(section_at(file, other).sh_type, SHT_NULL);
  EXPECT_EQ(section_at(file, other).sh_size, 0);
}

TEST(BoundObject, KeepsItsOtherSections) {
  ObjectFile object;
  object.add(".text", {0xc3});
  object.add(".data", {1, 2});
  object.add(".data.rel.ro", {3});
  object.add(".eh_frame", {4, 5, 6});
  Bytes file = bound(object);
  EXPECT_THAT(contents(file, ".text"), ElementsAre(0xc3));
  EXPECT_THAT(contents(file, ".data"), ElementsAre(1, 2));
  EXPECT_THAT(contents(file, ".data.rel.ro"), ElementsAre(3));
  EXPECT_THAT(contents(file, ".eh_frame"), ElementsAre(4, 5, 6));
}

TEST(BoundObject, MayHaveASectionThatIsLargerThanTheFile) {
  ObjectFile object;
  object.add(".text", {0xc3});
  object.add(".bss", {}, 16, SHT_NOBITS);
  Bytes file = object.bytes();
  section_of(file, ".bss").sh_size = 1 << 20;
  EXPECT_EQ(refusal(file), "");
}

TEST(BoundObject, MayBeOfNothingButCode) {
  ObjectFile object;
  object.add(".text", {0xc3});
  EXPECT_THAT(bound_text(object), ElementsAre(0xc3));
}

TEST(BoundObject, MayHaveNoCode) {
  ObjectFile object;
  object.add(".text", {});
  EXPECT_THAT(bound_text(object), IsEmpty());
}

// What is resolved: S + A - P, in 32 bits.

TEST(BoundObject, KnowsHowFarItsConstantsLie) {
  ObjectFile object;
  const auto text = object.add(".text", code(6));
  const auto constants = object.add(".rodata", Bytes(16), 16);
  object.relocate(text, 2, R_X86_64_PC32, object.symbol(constants), kBehindPlace);
  EXPECT_EQ(number_at(bound_text(object), 2), 16 - 2 - 4);
}

TEST(BoundObject, AddsTheAddendAndTheSymbolsValue) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto constants = object.add(".rodata", Bytes(32));
  object.relocate(text, 8, R_X86_64_PC32, object.symbol(constants, 20), 3);
  EXPECT_EQ(number_at(bound_text(object), 8), kCodeSize + 20 + 3 - 8);
}

TEST(BoundObject, CallsItsOwnFunctionsForwardAndBackward) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  object.relocate(text, 1, R_X86_64_PLT32, object.symbol(text, 48), kBehindPlace);
  object.relocate(text, 33, R_X86_64_PLT32, object.symbol(text, 16), kBehindPlace);
  EXPECT_EQ(number_at(bound_text(object), 1), 48 - 5);
  EXPECT_EQ(number_at(bound_text(object), 33), 16 - 37);
}

TEST(BoundObject, KnowsTheDistancesToEachOfSeveralSections) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto first = object.add(".rodata.cst4", Bytes(4), 4);
  const auto second = object.add(".rodata.cst16", Bytes(16), 16);
  object.relocate(text, 0, R_X86_64_PC32, object.symbol(second), 0);
  object.relocate(text, 4, R_X86_64_PC32, object.symbol(first), 0);
  EXPECT_EQ(number_at(bound_text(object), 0), kCodeSize + 16);
  EXPECT_EQ(number_at(bound_text(object), 4), kCodeSize - 4);
}

TEST(BoundObject, KnowsTheDistancesOfConstantsFromEachOther) {
  ObjectFile object;
  object.add(".text", code());
  const auto table = object.add(".rodata", Bytes(8));
  const auto texts = object.add(".rodata.str1.1", Bytes(8));
  object.relocate(table, 4, R_X86_64_PC32, object.symbol(texts), 2);
  EXPECT_EQ(number_at(bound_text(object), kCodeSize + 4), 8 + 2 - 4);
}

// `.long label - table`: the addend makes up for the entry's own place.
TEST(BoundObject, HasTablesOfJumpsThatCountFromTheTable) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto table = object.add(".rodata", Bytes(8));
  object.relocate(table, 0, R_X86_64_PC32, object.symbol(text), 10);
  object.relocate(table, 4, R_X86_64_PC32, object.symbol(text), 20 + 4);
  const Bytes bytes = bound_text(object);
  EXPECT_EQ(number_at(bytes, kCodeSize), 10 - static_cast<std::int32_t>(kCodeSize));
  EXPECT_EQ(number_at(bytes, kCodeSize + 4), 20 - static_cast<std::int32_t>(kCodeSize));
}

TEST(BoundObject, TouchesNothingBesideThe32Bits) {
  ObjectFile object;
  const auto text = object.add(".text", code(12));
  object.relocate(text, 4, R_X86_64_PC32, object.symbol(text), 0);
  EXPECT_THAT(bound_text(object), ElementsAre(0x90, 0x90, 0x90, 0x90, 0xfc, 0xff, 0xff, 0xff, 0x90, 0x90, 0x90, 0x90));
}

TEST(BoundObject, MayReferFromItsLastBytesToItsEnd) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  object.relocate(text, kCodeSize - 4, R_X86_64_PC32, object.symbol(text, kCodeSize), 0);
  EXPECT_EQ(number_at(bound_text(object), kCodeSize - 4), 4);
}

TEST(BoundObject, HasDistancesOfUpTo32Bits) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max(), kLeast = std::numeric_limits<std::int32_t>::min();
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto start = object.symbol(text);
  object.relocate(text, 8, R_X86_64_PC32, start, kMost + 8);
  object.relocate(text, 16, R_X86_64_PC32, start, kLeast + 16);
  EXPECT_EQ(number_at(bound_text(object), 8), kMost);
  EXPECT_EQ(number_at(bound_text(object), 16), kLeast);
}

#if defined(__x86_64__)

// A function of a switch with two cases, one that loads a constant and one that calls another function. What it is linked with
// is never reached.
ObjectFile switching() {
  ObjectFile object;
  const auto text = object.add(".text", {0x48, 0x8d, 0x05, 0,    0, 0, 0,  //     lea table(%rip), %rax
                                         0x48, 0x63, 0x0c, 0xb8,           //     movslq (%rax,%rdi,4), %rcx
                                         0x48, 0x01, 0xc1,                 //     add %rax, %rcx
                                         0xff, 0xe1,                       //     jmp *%rcx
                                         0x8b, 0x05, 0,    0,    0, 0,     // 16: mov seven(%rip), %eax
                                         0xc3,                             //     ret
                                         0xe8, 0,    0,    0,    0,        // 23: call fortytwo
                                         0xc3,                             //     ret
                                         0xb8, 42,   0,    0,    0,        // 29: mov $42, %eax
                                         0xc3,                             //     ret
                                         0xe9, 0,    0,    0,    0},       // 35: jmp elsewhere
                               16);
  const auto table = object.add(".rodata", Bytes(8), 4);
  const auto seven = object.add(".rodata.cst4", {7, 0, 0, 0}, 4);
  const auto data = object.add(".data", Bytes(8), 8);
  const auto start = object.symbol(text);
  object.relocate(text, 3, R_X86_64_PC32, object.symbol(table), kBehindPlace);
  object.relocate(text, 18, R_X86_64_PC32, object.symbol(seven), kBehindPlace);
  object.relocate(text, 24, R_X86_64_PLT32, object.symbol(text, 29), kBehindPlace);
  object.relocate(text, 36, R_X86_64_PLT32, object.symbol(SHN_UNDEF), kBehindPlace);
  object.relocate(table, 0, R_X86_64_PC32, start, 16);
  object.relocate(table, 4, R_X86_64_PC32, start, 23 + 4);
  object.relocate(data, 0, R_X86_64_64, start, 0);
  return object;
}

TEST(BoundObject, RunsWhereItIsPut) {
  const Bytes text = bound_text(switching());
  constexpr std::size_t kPage = 4096;
  void* const page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  unsigned char* const place = static_cast<unsigned char*>(page) + 64;
  std::memcpy(place, text.data(), text.size());
  ASSERT_EQ(::mprotect(page, kPage, PROT_READ | PROT_EXEC), 0);
  const auto function = reinterpret_cast<int (*)(long)>(place);
  constexpr unsigned kSeconds = 10;  // code that is bound wrongly may do anything
  EXPECT_EXIT((::alarm(kSeconds), ::_exit(function(0))), testing::ExitedWithCode(7), "");
  EXPECT_EXIT((::alarm(kSeconds), ::_exit(function(1))), testing::ExitedWithCode(42), "");
  ::munmap(page, kPage);
}

#endif

// What stays.

TEST(BoundObject, HasNoTableOfRelocationsWhereAllAreResolved) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto table = object.add(".rodata", Bytes(4));
  object.relocate(text, 0, R_X86_64_PC32, object.symbol(table), 0);
  object.relocate(table, 0, R_X86_64_PC32, object.symbol(text), 0);
  Bytes file = bound(object);
  EXPECT_FALSE(has_section(file, ".rela.text"));
  EXPECT_FALSE(has_section(file, ".rela.rodata"));
}

TEST(BoundObject, KeepsTheRelocationsToWhatLiesElsewhereInTheirOrder) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto data = object.add(".data", Bytes(16));
  const auto own = object.symbol(text, 32), undefined = object.symbol(SHN_UNDEF), variable = object.symbol(data, 8);
  const auto absolute = object.symbol(SHN_ABS, 4711);
  object.relocate(text, 0, R_X86_64_PLT32, own, kBehindPlace);
  object.relocate(text, 8, R_X86_64_PLT32, undefined, kBehindPlace);
  object.relocate(text, 16, R_X86_64_PC32, variable, 5);
  object.relocate(text, 24, R_X86_64_PC32, own, kBehindPlace);
  object.relocate(text, 32, R_X86_64_GOTPCREL, undefined, -6);
  object.relocate(text, 40, R_X86_64_PC32, absolute, 7);
  Bytes file = bound(object);
  EXPECT_THAT(left(file, ".rela.text"),
              ElementsAre(std::tuple(8, R_X86_64_PLT32, undefined, kBehindPlace), std::tuple(16, R_X86_64_PC32, variable, 5),
                          std::tuple(32, R_X86_64_GOTPCREL, undefined, -6), std::tuple(40, R_X86_64_PC32, absolute, 7)));
  EXPECT_EQ(number_at(contents(file, ".text"), 8), number_at(code(4), 0));
}

TEST(BoundObject, KeepsTheRelocationsThatAskForAnAddressOfItsCode) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto own = object.symbol(text, 32);
  object.relocate(text, 0, R_X86_64_64, own, 1);
  object.relocate(text, 8, R_X86_64_32S, own, 2);
  object.relocate(text, 16, R_X86_64_REX_GOTPCRELX, own, kBehindPlace);
  Bytes file = bound(object);
  EXPECT_THAT(left(file, ".rela.text"), ElementsAre(std::tuple(0, R_X86_64_64, own, 1), std::tuple(8, R_X86_64_32S, own, 2),
                                                    std::tuple(16, R_X86_64_REX_GOTPCRELX, own, kBehindPlace)));
}

TEST(BoundObject, KeepsTheRelocationsOfItsOtherSections) {
  ObjectFile object;
  const auto text = object.add(".text", code());
  const auto frames = object.add(".eh_frame", Bytes(16));
  const auto own = object.symbol(text);
  object.relocate(frames, 8, R_X86_64_PC32, own, 3);
  Bytes file = bound(object);
  EXPECT_THAT(left(file, ".rela.eh_frame"), ElementsAre(std::tuple(8, R_X86_64_PC32, own, 3)));
  EXPECT_EQ(contents(file, ".eh_frame"), Bytes(16));
}

}  // namespace
}  // namespace crumb::aot
