// What a module's file tells, and that no file can do harm to who looks at it.
#include "wasm/inspect.h"

#include <gtest/gtest.h>

#include <random>

#include "cli/inspection.h"
#include "wasm/provided.h"

namespace crumb::wasm {
namespace {

using namespace std::string_literals;
using enum Feature;

const std::string kHeader = "\0asm\1\0\0\0"s;

std::string sized(const std::string& bytes) {
  std::string size;
  std::size_t rest = bytes.size();
  for (; rest > 0x7f; rest >>= 7) size += static_cast<char>(rest | 0x80);
  return size + static_cast<char>(rest) + bytes;
}

std::string section(char id, const std::string& content) { return id + sized(content); }
std::string custom(const std::string& name, const std::string& content) { return section(0, sized(name) + content); }

// One type () -> (), one function of it, exported as _start, with this code before its end.
std::string program(const std::string& code) {
  return kHeader + section(1, "\1\x60\0\0"s) + section(3, "\1\0"s) + section(7, "\1" + sized("_start") + "\0\0"s) +
         section(10, "\1" + sized("\0"s + code + "\x0b"));
}

// With something in every section.
std::string rich_module() {
  const std::string types = "\3\x60\4\x7f\x7f\x7f\x7f\1\x7f\x60\0\0\x60\1\x7e\2\x7d\x7c"s;
  const std::string imports =
      "\2" + sized("wasi_snapshot_preview1") + sized("fd_write") + "\0\0"s + sized("env") + sized("memory") + "\2\3\1\2"s;
  const std::string names = "\0"s + sized(sized("hello"));
  const std::string producers = "\1" + sized("processed-by") + "\1" + sized("clang") + sized("14.0.6");
  const std::string features = "\2+" + sized("simd128") + "-" + sized("atomics");
  return kHeader + section(1, types) + section(2, imports) + section(3, "\1\1"s) + section(4, "\1\x70\0\1"s) +
         section(6, "\1\x7f\1\x41\0\x0b"s) + section(7, "\1" + sized("_start") + "\0\1"s) + section(9, "\0"s) +
         section(12, "\0"s) + section(10, "\1" + sized("\1\2\x7f\x41\0\x1a\x0b"s)) + section(11, "\0"s) +
         custom("name", names) + custom("producers", producers) + custom("target_features", features);
}

TEST(WasmInspect, KindsAreToldByTheFirstBytes) {
  EXPECT_EQ(inspect("").kind, Kind::not_wasm);
  EXPECT_EQ(inspect("#!/bin/sh").kind, Kind::not_wasm);
  EXPECT_EQ(inspect("\0asm"s).kind, Kind::cut_off);
  EXPECT_EQ(inspect("\0asm\r\0\1\0"s).kind, Kind::component);
  EXPECT_EQ(inspect(kHeader).kind, Kind::module);
}

TEST(WasmInspect, EverySectionIsRead) {
  const std::string bytes = rich_module();
  const Facts facts = inspect(bytes);
  EXPECT_EQ(facts.broken, "");
  ASSERT_EQ(facts.imports.size(), 2U);
  EXPECT_EQ(facts.imports[0].name, "fd_write");
  EXPECT_EQ(text_of(facts.imports[0].signature), "(i32, i32, i32, i32) -> i32");
  ASSERT_EQ(facts.memories.size(), 1U);
  EXPECT_TRUE(facts.memories[0].shared && facts.memories[0].imported);
  EXPECT_EQ(facts.memories[0].maximum, 2U);
  ASSERT_EQ(facts.tables.size(), 1U);
  EXPECT_EQ(facts.role(), "command");
  EXPECT_EQ(facts.functions, 1U);
  EXPECT_EQ(facts.globals, 1U);
  EXPECT_EQ(facts.name, "hello");
  ASSERT_EQ(facts.producers.size(), 1U);
  EXPECT_EQ(facts.producers[0].second, "clang 14.0.6");
  EXPECT_EQ(facts.target_features, std::vector<std::string_view>{"simd128"});
  EXPECT_TRUE(facts.features.has(atomics) && facts.features.has(bulk_memory) && facts.features.has(multivalue));
  EXPECT_FALSE(facts.features.has(simd128) || facts.features.has(reference_types));
}

TEST(WasmInspect, RolesAreToldByExports) {
  const auto role = [](const std::string& name) {
    const std::string bytes = kHeader + section(7, "\1" + sized(name) + "\0\0"s);
    return std::string(inspect(bytes).role());
  };
  EXPECT_EQ(role("_start"), "command");
  EXPECT_EQ(role("_initialize"), "reactor");
  EXPECT_EQ(role("add"), "library");
}

TEST(WasmInspect, FeaturesAreSeenInCode) {
  const std::vector<std::pair<std::string, Feature>> cases = {
      {"\xfd\x0c" + std::string(16, '\0'), simd128},
      {"\xfd\x80\x02"s, relaxed_simd},
      {"\xfe\x10\2\0"s, atomics},
      {"\xfc\x0a\0\0"s, bulk_memory},
      {"\xfc\0"s, nontrapping_fptoint},
      {"\xd0\x6f"s, reference_types},
      {"\x25\0"s, reference_types},
      {"\xc0"s, sign_ext},
      {"\x12\0"s, tail_call},
      {"\xfb\0\0"s, gc},
      {"\x06\x40\x0b"s, exception_handling},
      {"\x1f\x40\1\0\0\0\x0b"s, exception_handling},
      {"\x28\x42\1\0"s, multimemory},
      {"\x02\0\x0b"s, multivalue},
  };
  for (const auto& [code, feature] : cases) {
    const std::string bytes = program(code);
    const Facts facts = inspect(bytes);
    const std::string_view name = kFeatureNames[static_cast<std::size_t>(feature)];
    EXPECT_EQ(facts.broken, "") << name;
    EXPECT_TRUE(facts.features.has(feature)) << name;
  }
  const std::string plain = program("\x41\0\x04\x40\x0c\0\x05\x0b\x44" + std::string(8, 'x') + "\x1a"s);
  const Facts facts = inspect(plain);
  EXPECT_EQ(facts.broken, "");
  for (std::size_t i = 0; i < std::size(kFeatureNames); ++i)
    EXPECT_FALSE(facts.features.has(static_cast<Feature>(i))) << kFeatureNames[i];
}

TEST(WasmInspect, FeaturesAreSeenInDeclarations) {
  const std::string wide = kHeader + section(5, "\1\4\1"s), structure = kHeader + section(1, "\1\x5f\1\x78\0"s);
  const std::string tag = kHeader + section(13, "\1\0\0"s), sum = kHeader + section(6, "\1\x7f\0\x41\1\x41\2\x6a\x0b"s);
  EXPECT_TRUE(inspect(wide).features.has(memory64));
  EXPECT_TRUE(inspect(structure).features.has(gc));
  EXPECT_TRUE(inspect(tag).features.has(exception_handling));
  EXPECT_TRUE(inspect(sum).features.has(extended_const));
}

TEST(WasmInspect, WhatIsBrokenIsToldWithItsPlace) {
  const std::string section_of_nothing = kHeader + "\1\x7f"s, instruction = program("\xff"),
                    lie = kHeader + section(2, "\xff\xff\xff\xff\x0f"s);
  EXPECT_EQ(inspect(section_of_nothing).broken, "at offset 0x8: section 1 has 127 bytes, the file 0 more");
  EXPECT_EQ(inspect(instruction).broken, "at offset 0x23: unknown instruction 0xff");
  EXPECT_NE(inspect(lie).broken.find("4294967295 entries"), std::string::npos);
}

TEST(WasmInspect, WhatIsKeptOfAFileHasABound) {
  const std::string full = section(7, "\xc0\x84\x3d"s + std::string(3'000'000, '\0'));  // a million exports without a name
  const std::string once = kHeader + full, twice = once + full;
  EXPECT_EQ(inspect(once).broken, "");
  EXPECT_NE(inspect(twice).broken.find("more than 1000000"), std::string::npos);
}

TEST(WasmInspect, BrokenCustomSectionsMakeNothingBroken) {
  const std::string bytes =
      kHeader + custom("name", "\0\xff"s) + custom("producers", "\xff\xff\xff\xff\xff\xff"s) + custom("target_features", "\5"s);
  EXPECT_EQ(inspect(bytes).broken, "");
  EXPECT_EQ(inspect(bytes).custom_sections.size(), 3U);
}

// All that can be asked of a file; the sanitizers look on.
void look_everywhere(const std::string& bytes) {
  cli::Inspection inspection;
  inspection.file = "x";
  inspection.facts = inspect(bytes);
  inspection.obstacle = obstacle(inspection.facts, nullptr);
  EXPECT_FALSE(inspection_table(inspection).empty());
  EXPECT_FALSE(json::serialize(inspection_json(inspection)).empty());
}

TEST(WasmInspect, AFileThatIsCutAnywhereDoesNoHarm) {
  const std::string bytes = rich_module() + program("\xfd\x0c" + std::string(16, '\0')).substr(kHeader.size());
  for (std::size_t size = 0; size < bytes.size(); ++size) look_everywhere(bytes.substr(0, size));
}

TEST(WasmInspect, AFileWithAnyBytesChangedDoesNoHarm) {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): the same each time
  const std::string bytes = rich_module();
  for (int round = 0; round < 20000; ++round) {
    std::string changed = bytes;
    for (unsigned count = 1 + random() % 4; count > 0; --count)
      changed[kHeader.size() + random() % (bytes.size() - kHeader.size())] = static_cast<char>(random());
    look_everywhere(changed);
  }
}

TEST(WasmInspect, NamesOfTheFileAreShownAsText) {
  cli::Inspection inspection;
  const std::string bytes = kHeader + section(7, "\1" + sized("\x1b[2J\n\xff") + "\0\0"s);
  inspection.facts = inspect(bytes);
  const std::string table = inspection_table(inspection);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_NE(table.find("[2J"), std::string::npos);
  EXPECT_EQ(table.find("[2J\n"), std::string::npos);
}

TEST(WasmProvided, TypesAreComparedWithTheEnginesSignature) {
  EXPECT_TRUE(fits({"\x7f\x7f\x7e", "\x7f"}, "(*~I)i"));
  EXPECT_TRUE(fits({"", ""}, "()"));
  EXPECT_FALSE(fits({"\x7f", "\x7f"}, "(I)i"));
  EXPECT_FALSE(fits({"\x7f", ""}, "(i)i"));
}

TEST(WasmProvided, WhatSpeaksAgainstAModuleIsTold) {
  Provision engine;
  engine.features.add(simd128);
  const std::string library = kHeader, vector = program("\xfd\x0c" + std::string(16, '\0')), tail = program("\x12\0"s);
  EXPECT_EQ(obstacle(inspect(vector), &engine), "");
  EXPECT_EQ(obstacle(inspect(vector), nullptr), "crumb-wasm, the engine, is not there");
  EXPECT_EQ(obstacle(inspect(tail), &engine), "it uses what the engine lacks: tail-call");
  EXPECT_EQ(obstacle(inspect(library), &engine), "it is a library, not a program: it exports no _start");
  const std::string importing = kHeader + section(1, "\1\x60\0\0"s) + section(2, "\1" + sized("env") + sized("f") + "\0\0"s);
  engine.answers = {{false, "it was built by somebody"}};
  EXPECT_EQ(obstacle(inspect(importing), &engine), "the engine does not provide \"env\".\"f\": it was built by somebody");
}

}  // namespace
}  // namespace crumb::wasm
