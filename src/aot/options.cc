#include "aot/options.h"

#include <charconv>
#include <string_view>

#include "wire/code.h"

namespace crumb::aot {

const char kHelp[] =
    "usage: crumb-aot [--opt N] [--frames] [--memory BYTES] [--seconds N] < MODULE.wasm > CODE\n"
    "\n"
    "Compiles a WebAssembly module for crumb-wasm. `crumb wasm compile` runs it and keeps the code.\n"
    "\n"
    "  --opt N          0 (compiles quickly) to 3 (runs quickly; the default)\n"
    "  --frames         keep frames: a trap names all functions, and the code is slower\n"
    "  --memory BYTES   give up when the compiler needs more address space\n"
    "  --seconds N      give up after so many seconds, of CPU time or of the clock on the wall\n"
    "  --help           this text\n";

namespace {

template <class Number>
bool parse(std::string_view text, Number low, Number high, Number& value) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < low || number > high) return false;
  value = number;
  return true;
}

bool set_option(std::string_view name, std::string_view value, Options& options) {
  constexpr std::uint64_t kMostMemory = 1ULL << 46;
  constexpr std::uint32_t kMostSeconds = 7 * 24 * 3600;
  if (name == "--opt") return parse(value, 0U, wire::kHighestOptimisation, options.optimisation);
  if (name == "--memory") return parse(value, std::uint64_t{1}, kMostMemory, options.memory);
  if (name == "--seconds") return parse(value, std::uint32_t{1}, kMostSeconds, options.seconds);
  return false;
}

}  // namespace

bool read_options(int argc, char** argv, Options& options, std::string& error) {
  for (int index = 1; index < argc; ++index) {
    const std::string_view name = argv[index];
    if (name == "--help") return options.help = true;
    if (name == "--frames") {
      options.frames = true;
      continue;
    }
    if (++index < argc && set_option(name, argv[index], options)) continue;
    error = "bad option or value: " + std::string(name) + " (see --help)";
    return false;
  }
  return true;
}

}  // namespace crumb::aot
