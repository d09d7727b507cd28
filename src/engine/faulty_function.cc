#include "engine/faulty_function.h"

#include <cstdio>
#include <string_view>
#include <vector>

#include "engine/bytes.h"
#include "wasm_export.h"

namespace crumb::engine {
namespace {

constexpr std::size_t kLargest = 8U << 20;  // bytes of a module that is searched

std::string_view text(const std::uint8_t* start, std::size_t size) { return {reinterpret_cast<const char*>(start), size}; }

// An unsigned LEB128.
std::string number(std::size_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

// Each with its size before it; empty when the section is not what it should be.
std::vector<std::string_view> read_bodies(const ModuleFacts& facts) {
  Reader section(facts.code, facts.code_bytes);
  std::vector<std::string_view> bodies;
  std::uint64_t count = 0, size = 0;
  for (section.number(count); count > 0; --count) {
    const std::uint8_t* const start = section.next();
    if (!section.number(size) || size > section.left()) return {};
    section.part(size);
    bodies.push_back(text(start, static_cast<std::size_t>(section.next() - start)));
  }
  return bodies;
}

// The module up to its code section, and what is behind that.
struct Rest {
  std::string_view before, behind;
};

Rest around_code(const Mapping& module, const ModuleFacts& facts) {
  const std::uint8_t* const behind = facts.code + facts.code_bytes;
  return {text(module.data(), static_cast<std::size_t>(facts.code_section - module.data())),
          text(behind, module.size() - static_cast<std::size_t>(behind - module.data()))};
}

// Whether the module loads when only the first `kept` functions have their code. The others trap, which is right for any type.
bool loads(const Rest& rest, const std::vector<std::string_view>& bodies, std::size_t kept) {
  using namespace std::string_view_literals;
  constexpr std::string_view kUnreachable = "\3\0\0\x0b"sv;  // size, no locals, unreachable, end
  std::string code = number(bodies.size());
  for (std::size_t index = 0; index < bodies.size(); ++index) code += index < kept ? bodies[index] : kUnreachable;
  std::string copy(rest.before);
  copy.append("\x0a").append(number(code.size())).append(code).append(rest.behind);
  char message[128];
  wasm_module_t module = wasm_runtime_load(reinterpret_cast<std::uint8_t*>(copy.data()),
                                           static_cast<std::uint32_t>(copy.size()), message, sizeof(message));
  if (module == nullptr) return false;
  wasm_runtime_unload(module);
  return true;
}

}  // namespace

std::string faulty_function(const Mapping& module, const ModuleFacts& facts) {
  if (facts.code == nullptr || module.size() > kLargest) return {};
  const std::vector<std::string_view> bodies = read_bodies(facts);
  const Rest rest = around_code(module, facts);
  if (bodies.empty() || !loads(rest, bodies, 0) || loads(rest, bodies, bodies.size())) return {};
  std::size_t good = 0, bad = bodies.size();  // it loads with so many, and does not with so many
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    (loads(rest, bodies, middle) ? good : bad) = middle;
  }
  const auto offset = static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(bodies[good].data()) - module.data());
  char place[96];
  std::snprintf(place, sizeof(place), " in function %zu, whose code begins at 0x%zx",
                good + static_cast<std::size_t>(facts.imported_functions), offset);
  return place;
}

}  // namespace crumb::engine
