#include "wasm/code_file.h"

#include <algorithm>
#include <cstring>

#include "support/error.h"

namespace crumb::wasm {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr char kMagic[8] = {'c', 'r', 'u', 'm', 'b', 'a', 'o', 't'};

// Numbers are little-endian, as on every machine that the code runs on; the rest of the page is zero.
struct Page {
  char magic[8];
  std::uint32_t version;
  std::uint32_t level;
  std::uint64_t size;
  std::uint8_t key[32], module[32], code[32];
  char build[256];       // NUL-terminated
  char name[1024];       // NUL-terminated
  std::uint32_t frames;  // 0 or 1
  char refusal[512];     // NUL-terminated
};
static_assert(sizeof(Page) <= wire::kCodeOffset);

template <std::size_t size>
void put(char (&to)[size], const std::string& text) {
  text.copy(to, size - 1);
}

template <std::size_t size>
std::string text_of(const char (&from)[size]) {
  return {from, std::find(from, from + size, '\0')};
}

}  // namespace

std::string encode(const CodeHeader& header) {
  Page page{};
  std::memcpy(page.magic, kMagic, sizeof kMagic);
  page.version = kVersion;
  page.level = header.kind.level;
  page.frames = header.kind.frames;
  page.size = header.size;
  std::copy(header.key.begin(), header.key.end(), page.key);
  std::copy(header.module.begin(), header.module.end(), page.module);
  std::copy(header.code.begin(), header.code.end(), page.code);
  put(page.build, header.build);
  put(page.name, header.name);
  put(page.refusal, header.refusal);
  std::string bytes(wire::kCodeOffset, '\0');
  std::memcpy(bytes.data(), &page, sizeof page);
  return bytes;
}

CodeHeader decode(std::string_view bytes) {
  if (bytes.size() < wire::kCodeOffset) throw fail("it ends within its header");
  Page page;
  std::memcpy(&page, bytes.data(), sizeof page);
  if (std::memcmp(page.magic, kMagic, sizeof kMagic) != 0) throw fail("it is no entry of the cache");
  if (page.version != kVersion) throw fail("it has version {}, not {}", page.version, kVersion);
  CodeHeader header;
  header.kind = {page.level, page.frames != 0};
  header.size = page.size;
  std::copy_n(page.key, header.key.size(), header.key.begin());
  std::copy_n(page.module, header.module.size(), header.module.begin());
  std::copy_n(page.code, header.code.size(), header.code.begin());
  header.build = text_of(page.build);
  header.name = text_of(page.name);
  header.refusal = text_of(page.refusal);
  return header;
}

}  // namespace crumb::wasm
