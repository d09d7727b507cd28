#include "wasm/features.h"

namespace crumb::wasm {
namespace {

using enum Feature;

// Which immediates an instruction has (core specification 3.0, 5.4). Opcodes that are not here are no instructions.
class Scanner {
 public:
  Scanner(Reader& reader, Features& features) : reader_(reader), features_(features) {}

  // Reads one; its opcode.
  std::uint8_t step() {
    start_ = reader_.offset();
    const std::uint8_t opcode = reader_.byte();
    plain(opcode);
    return opcode;
  }

 private:
  void plain(std::uint8_t opcode);
  void reference(std::uint8_t opcode);
  void exception(std::uint8_t opcode);
  void collected();
  void miscellaneous();
  void vector();
  void atomic();
  void index() { reader_.number(); }
  void memory() {
    if (reader_.number() != 0) features_.add(multimemory);
  }
  void memory_argument();
  void block_type();
  void labels();
  void catches();
  [[noreturn]] void unknown(unsigned prefix, std::uint64_t opcode) const {
    const std::string first = prefix == 0 ? "" : fmt::format("{:#04x} ", prefix);
    throw fail("at offset {:#x}: unknown instruction {}{:#04x}", start_, first, opcode);
  }

  Reader& reader_;
  Features& features_;
  std::size_t start_ = 0;  // of the instruction, in the file
};

void Scanner::memory_argument() {
  constexpr std::uint64_t kHasIndex = 1U << 6;
  if (reader_.number() & kHasIndex) memory();
  reader_.number(64);
}

// Empty, a value type, or a type's index, which only several values need.
void Scanner::block_type() {
  constexpr std::uint8_t kEmpty = 0x40;
  const std::uint8_t first = reader_.peek();
  if (first == kEmpty) return reader_.skip(1);
  if ((first & 0xc0) == 0x40) return scan_value_type(reader_, features_);
  features_.add(multivalue);
  reader_.skip_number(33);
}

void Scanner::labels() {
  for (std::uint64_t left = reader_.count() + 1; left > 0; --left) index();
}

void Scanner::catches() {
  for (std::uint64_t left = reader_.count(); left > 0; --left) {
    const std::uint8_t kind = reader_.byte();
    if (kind < 2) index();  // its tag
    index();
  }
}

void Scanner::exception(std::uint8_t opcode) {
  features_.add(exception_handling);
  switch (opcode) {
    case 0x06:  // try
      return block_type();
    case 0x1f:  // try_table
      block_type();
      return catches();
    case 0x0a:  // throw_ref
    case 0x19:  // catch_all
      return;
    default:  // catch, throw, rethrow, delegate
      return index();
  }
}

void Scanner::reference(std::uint8_t opcode) {
  features_.add(opcode >= 0xd3 ? gc : reference_types);
  switch (opcode) {
    case 0xd0:  // ref.null
      return scan_heap_type(reader_, features_);
    case 0xd2:  // ref.func
    case 0xd5:  // br_on_null
    case 0xd6:  // br_on_non_null
      return index();
    default:
      return;
  }
}

// NOLINTNEXTLINE(readability-function-size): a table
void Scanner::plain(std::uint8_t opcode) {
  if ((opcode >= 0x45 && opcode <= 0xbf) || opcode == 0x1a || opcode == 0x1b) return;
  if (opcode >= 0xc0 && opcode <= 0xc4) return features_.add(sign_ext);
  if (opcode >= 0x20 && opcode <= 0x24) return index();            // of a local or a global
  if (opcode >= 0x28 && opcode <= 0x3e) return memory_argument();  // loads and stores
  if (opcode >= 0xd0 && opcode <= 0xd6) return reference(opcode);
  switch (opcode) {
    case 0x00:  // unreachable, nop, else, end, return
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
      return;
    case 0x02:  // block, loop, if
    case 0x03:
    case 0x04:
      return block_type();
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0a:
    case 0x18:
    case 0x19:
    case 0x1f:
      return exception(opcode);
    case 0x0c:  // br, br_if, call
    case 0x0d:
    case 0x10:
      return index();
    case 0x0e:
      return labels();
    case 0x11:  // call_indirect
      index();
      if (reader_.number() != 0) features_.add(reference_types);
      return;
    case 0x12:  // return_call
      features_.add(tail_call);
      return index();
    case 0x13:  // return_call_indirect
      features_.add(tail_call);
      index();
      return index();
    case 0x14:  // call_ref, return_call_ref
    case 0x15:
      features_.add(gc);
      return index();
    case 0x1c:  // select with types
      features_.add(reference_types);
      for (std::uint64_t left = reader_.count(); left > 0; --left) scan_value_type(reader_, features_);
      return;
    case 0x25:  // table.get, table.set
    case 0x26:
      features_.add(reference_types);
      return index();
    case 0x3f:  // memory.size, memory.grow
    case 0x40:
      return memory();
    case 0x41:
      return reader_.skip_number(32);
    case 0x42:
      return reader_.skip_number(64);
    case 0x43:
      return reader_.skip(4);
    case 0x44:
      return reader_.skip(8);
    case 0xfb:
      return collected();
    case 0xfc:
      return miscellaneous();
    case 0xfd:
      return vector();
    case 0xfe:
      return atomic();
    default:
      unknown(0, opcode);
  }
}

// Garbage collection.
void Scanner::collected() {
  // Per opcode: a digit for each index; "h": a heap type; "c": flags, a label and two heap types.
  constexpr std::string_view kImmediates[] = {"1", "1", "2", "2", "2", "2", "1", "1", "2", "2", "2", "1", "1", "1", "1", "",
                                              "1", "2", "2", "2", "h", "h", "h", "h", "c", "c", "",  "",  "",  "",  ""};
  features_.add(gc);
  const std::uint64_t opcode = reader_.number();
  if (opcode >= std::size(kImmediates)) unknown(0xfb, opcode);
  const std::string_view immediates = kImmediates[opcode];
  if (immediates == "1" || immediates == "2") index();
  if (immediates == "2") index();
  if (immediates == "h") scan_heap_type(reader_, features_);
  if (immediates != "c") return;
  reader_.skip(1);
  index();
  scan_heap_type(reader_, features_);
  scan_heap_type(reader_, features_);
}

void Scanner::miscellaneous() {
  const std::uint64_t opcode = reader_.number();
  if (opcode > 17) unknown(0xfc, opcode);
  if (opcode <= 7) return features_.add(nontrapping_fptoint);
  features_.add(opcode >= 15 ? reference_types : bulk_memory);
  switch (opcode) {
    case 8:  // memory.init
      index();
      return memory();
    case 10:  // memory.copy
      memory();
      return memory();
    case 11:  // memory.fill
      return memory();
    case 12:  // table.init, table.copy
    case 14:
      index();
      return index();
    default:  // data.drop, elem.drop, table.grow, table.size, table.fill
      return index();
  }
}

void Scanner::vector() {
  const std::uint64_t opcode = reader_.number();
  features_.add(simd128);
  if (opcode > 0x113) unknown(0xfd, opcode);
  if (opcode >= 0x100) return features_.add(relaxed_simd);
  if (opcode <= 11 || opcode == 92 || opcode == 93) return memory_argument();
  if (opcode == 12 || opcode == 13) return reader_.skip(16);             // v128.const, shuffle
  if (opcode >= 21 && opcode <= 34) return reader_.skip(1);              // a lane
  if (opcode >= 84 && opcode <= 91) memory_argument(), reader_.skip(1);  // a lane in memory
}

void Scanner::atomic() {
  const std::uint64_t opcode = reader_.number();
  features_.add(atomics);
  if (opcode == 3) return reader_.skip(1);  // atomic.fence
  if (opcode > 0x4e || (opcode > 3 && opcode < 0x10)) unknown(0xfe, opcode);
  memory_argument();
}

// What a constant expression may compute with (extended-const).
bool computes(std::uint8_t opcode) { return (opcode >= 0x6a && opcode <= 0x6c) || (opcode >= 0x7c && opcode <= 0x7e); }

}  // namespace

void scan_heap_type(Reader& reader, Features& features) {
  constexpr std::uint8_t kFunction = 0x70, kExternal = 0x6f, kException = 0x69, kNoException = 0x74;
  const std::uint8_t first = reader.peek();
  reader.skip_number(33);
  if (first == kFunction || first == kExternal) return features.add(reference_types);
  features.add(first == kException || first == kNoException ? exception_handling : gc);
}

void scan_value_type(Reader& reader, Features& features) {
  constexpr std::uint8_t kVector = 0x7b, kFunction = 0x70, kExternal = 0x6f, kNullable = 0x63, kReference = 0x64;
  const std::uint8_t type = reader.peek();
  if (type == kNullable || type == kReference) {
    reader.skip(1);
    features.add(gc);
    return scan_heap_type(reader, features);
  }
  if (type == kFunction || type == kExternal || (type >= 0x69 && type <= 0x74)) return scan_heap_type(reader, features);
  if (type < kVector || type > 0x7f) throw reader.error(fmt::format("unknown type {:#04x}", type));
  if (type == kVector) features.add(simd128);
  reader.skip(1);
}

void scan_code(Reader reader, Features& features) {
  Scanner scanner(reader, features);
  while (!reader.at_end()) scanner.step();
}

void scan_constant(Reader& reader, Features& features) {
  constexpr std::uint8_t kEnd = 0x0b;
  Scanner scanner(reader, features);
  for (std::uint8_t opcode = 0; opcode != kEnd;)
    if (opcode = scanner.step(); computes(opcode)) features.add(extended_const);
}

}  // namespace crumb::wasm
