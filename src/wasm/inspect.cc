#include "wasm/inspect.h"

#include <algorithm>

#include "support/text.h"
#include "wasm/reader.h"

namespace crumb::wasm {
namespace {

using enum Feature;

constexpr std::size_t kMostSections = 64;  // custom ones that are told

// A file may have a kind of section many times, or groups within groups: what is kept of it has a bound of its own.
template <class Thing>
void append(const Reader& reader, std::vector<Thing>& things, const Thing& thing) {
  if (things.size() == kMostThings) throw reader.error(fmt::format("more than {} of a kind", kMostThings));
  things.push_back(thing);
}

class Inspector {
 public:
  explicit Inspector(Facts& facts) : facts_(facts) {}
  void section(std::uint8_t id, Reader reader);

 private:
  void types(Reader& reader);
  void type(Reader& reader, std::uint8_t form, unsigned depth);
  void fields(Reader& reader, std::uint64_t count);
  Signature function_type(Reader& reader);
  std::string_view value_types(Reader& reader, std::uint64_t count);
  void imports(Reader& reader);
  void import_type(Reader& reader, Import& import);
  void tables(Reader& reader);
  Limits limits(Reader& reader, bool of_memory);
  void table_type(Reader& reader);
  void global_type(Reader& reader, bool imported);
  void globals(Reader& reader);
  void exports(Reader& reader);
  void code(Reader& reader);
  void add_memory(Reader& reader, bool imported);

  Facts& facts_;
  std::vector<Signature> types_;
};

std::string_view Inspector::value_types(Reader& reader, std::uint64_t count) {
  Reader before = reader;
  const std::size_t start = reader.offset();
  for (; count > 0; --count) scan_value_type(reader, facts_.features);
  return before.take(reader.offset() - start);
}

Signature Inspector::function_type(Reader& reader) {
  constexpr std::uint64_t kMostTypes = 1000;  // browsers' limit
  Signature signature;
  signature.parameters = value_types(reader, reader.count(kMostTypes));
  const std::uint64_t results = reader.count(kMostTypes);
  if (results > 1) facts_.features.add(multivalue);
  signature.results = value_types(reader, results);
  return signature;
}

// Of a structure or an array, which only garbage collection knows.
void Inspector::fields(Reader& reader, std::uint64_t count) {
  constexpr std::uint8_t kByte = 0x78, kHalf = 0x77;  // packed
  for (; count > 0; --count) {
    if (const std::uint8_t packed = reader.peek(); packed == kByte || packed == kHalf)
      reader.skip(1);
    else
      scan_value_type(reader, facts_.features);
    reader.skip(1);  // whether it can change
  }
}

void Inspector::type(Reader& reader, std::uint8_t form, unsigned depth) {
  constexpr std::uint8_t kFunction = 0x60, kStructure = 0x5f, kArray = 0x5e, kSubtype = 0x50, kFinalSubtype = 0x4f;
  Signature signature;
  if (form != kFunction) facts_.features.add(gc);
  switch (form) {
    case kFunction:
      signature = function_type(reader);
      break;
    case kStructure:
      fields(reader, reader.count());
      break;
    case kArray:
      fields(reader, 1);
      break;
    case kSubtype:
    case kFinalSubtype:
      if (depth > 0) throw reader.error("a subtype of a subtype");
      for (std::uint64_t left = reader.count(); left > 0; --left) reader.number();
      return type(reader, reader.byte(), depth + 1);
    default:
      throw reader.error(fmt::format("unknown form of a type {:#04x}", form));
  }
  append(reader, types_, signature);
}

void Inspector::types(Reader& reader) {
  constexpr std::uint8_t kRecursive = 0x4e;
  for (std::uint64_t left = reader.count(); left > 0; --left) {
    const std::uint8_t form = reader.byte();
    if (form != kRecursive) {
      type(reader, form, 0);
      continue;
    }
    facts_.features.add(gc);
    for (std::uint64_t members = reader.count(); members > 0; --members) type(reader, reader.byte(), 0);
  }
}

Limits Inspector::limits(Reader& reader, bool of_memory) {
  constexpr std::uint8_t kMaximum = 1, kShared = 2, kWide = 4, kPageSize = 8;
  const std::uint8_t flags = reader.byte();
  if (flags > 15) throw reader.error(fmt::format("unknown limits {:#04x}", flags));
  Limits result;
  result.shared = (flags & kShared) != 0;
  result.wide = (flags & kWide) != 0;
  if (result.shared && of_memory) facts_.features.add(atomics);
  if (result.wide) facts_.features.add(memory64);
  const unsigned bits = result.wide ? 64 : 32;
  result.minimum = reader.number(bits);
  if (flags & kMaximum) result.maximum = reader.number(bits);
  if (flags & kPageSize) {
    facts_.features.add(custom_page_sizes);
    reader.number();
  }
  return result;
}

void Inspector::add_memory(Reader& reader, bool imported) {
  append(reader, facts_.memories, limits(reader, true));
  facts_.memories.back().imported = imported;
  if (facts_.memories.size() > 1) facts_.features.add(multimemory);
}

// A table of functions is in version 1.0; all else, and more than one, is not.
void Inspector::table_type(Reader& reader) {
  constexpr std::uint8_t kFunction = 0x70;
  if (reader.peek() == kFunction)
    reader.skip(1);
  else
    scan_value_type(reader, facts_.features);
  append(reader, facts_.tables, limits(reader, false));
  if (facts_.tables.size() > 1) facts_.features.add(reference_types);
}

void Inspector::tables(Reader& reader) {
  constexpr std::uint8_t kWithValue = 0x40;
  for (std::uint64_t left = reader.count(); left > 0; --left) {
    const bool with_value = reader.peek() == kWithValue;
    if (with_value) reader.skip(2);
    table_type(reader);
    if (with_value) scan_constant(reader, facts_.features);
    if (with_value) facts_.features.add(gc);
  }
}

void Inspector::global_type(Reader& reader, bool imported) {
  scan_value_type(reader, facts_.features);
  if (reader.byte() != 0 && imported) facts_.features.add(mutable_globals);
}

void Inspector::globals(Reader& reader) {
  facts_.globals = reader.count();
  for (std::uint64_t left = facts_.globals; left > 0; --left) {
    global_type(reader, false);
    scan_constant(reader, facts_.features);
  }
}

void Inspector::import_type(Reader& reader, Import& import) {
  switch (import.kind) {
    case ExternKind::function: {
      const std::uint64_t index = reader.number();
      if (index >= types_.size()) throw reader.error(fmt::format("there is no type {}", index));
      import.signature = types_[index];
      return;
    }
    case ExternKind::table:
      table_type(reader);
      facts_.tables.back().imported = true;
      return;
    case ExternKind::memory:
      return add_memory(reader, true);
    case ExternKind::global:
      return global_type(reader, true);
    case ExternKind::tag:
      facts_.features.add(exception_handling);
      reader.skip(1);
      reader.number();
  }
}

ExternKind extern_kind(Reader& reader) {
  const std::uint8_t kind = reader.byte();
  if (kind >= kExternWords.size()) throw reader.error(fmt::format("unknown kind {:#04x}", kind));
  return static_cast<ExternKind>(kind);
}

void Inspector::imports(Reader& reader) {
  for (std::uint64_t left = reader.count(); left > 0; --left) {
    Import import;
    import.module = reader.name();
    import.name = reader.name();
    import.kind = extern_kind(reader);
    import_type(reader, import);
    append(reader, facts_.imports, import);
  }
}

void Inspector::exports(Reader& reader) {
  for (std::uint64_t left = reader.count(); left > 0; --left) {
    const std::string_view name = reader.name();
    const ExternKind kind = extern_kind(reader);
    reader.number();
    append(reader, facts_.exports, Export{name, kind});
  }
}

void Inspector::code(Reader& reader) {
  facts_.code_bytes = reader.left();
  facts_.functions = reader.count();
  for (std::uint64_t left = facts_.functions; left > 0; --left) {
    Reader body = reader.part(reader.number());
    for (std::uint64_t groups = body.count(); groups > 0; --groups) {
      body.number();
      scan_value_type(body, facts_.features);
    }
    scan_code(body, facts_.features);
  }
}

// What goes wrong in custom sections makes no module wrong (core specification, 2.5).
class CustomSection {
 public:
  CustomSection(Facts& facts, Reader& reader) : facts_(facts), reader_(reader) {}
  void read() {
    const std::string_view name = reader_.name();
    if (facts_.custom_sections.size() < kMostSections) facts_.custom_sections.push_back(name);
    if (name == "name") module_name();
    if (name == "producers") producers();
    if (name == "target_features") target_features();
  }

 private:
  void module_name() {
    constexpr std::uint8_t kOfModule = 0;
    while (!reader_.at_end()) {
      const std::uint8_t kind = reader_.byte();
      Reader part = reader_.part(reader_.number());
      if (kind == kOfModule) facts_.name = part.name();
    }
  }
  void producers() {
    for (std::uint64_t fields = reader_.count(kMostSections); fields > 0; --fields) {
      const std::string_view field = reader_.name();
      for (std::uint64_t values = reader_.count(kMostSections); values > 0; --values) {
        const std::string_view name = reader_.name(), version = reader_.name();
        if (facts_.producers.size() < kMostSections)
          facts_.producers.emplace_back(field, fmt::format("{}{}{}", name, version.empty() ? "" : " ", version));
      }
    }
  }
  void target_features() {
    for (std::uint64_t left = reader_.count(kMostSections); left > 0; --left) {
      Reader before = reader_;
      reader_.skip(1);  // "+", "-" or "="
      const std::size_t start = before.offset();
      reader_.name();
      std::string_view whole = before.take(reader_.offset() - start);
      // The length between them is a byte: no feature's name is longer than 127.
      if (whole.size() > 2) spell(whole);
    }
  }
  void spell(std::string_view whole) {
    if (whole.front() == '+') facts_.target_features.push_back(whole.substr(2));
  }

  Facts& facts_;
  Reader& reader_;
};

void Inspector::section(std::uint8_t id, Reader reader) {
  switch (id) {
    case 0:
      try {
        CustomSection(facts_, reader).read();
      } catch (const Error&) {
        // It tells what it could.
      }
      return;
    case 1:
      return types(reader);
    case 2:
      return imports(reader);
    case 4:
      return tables(reader);
    case 5:
      for (std::uint64_t left = reader.count(); left > 0; --left) add_memory(reader, false);
      return;
    case 6:
      return globals(reader);
    case 7:
      return exports(reader);
    case 8:
      facts_.starts = true;
      return;
    case 10:
      return code(reader);
    case 11:
      facts_.data_bytes = reader.left();
      return;
    case 12:
      return facts_.features.add(bulk_memory);
    case 13:
      return facts_.features.add(exception_handling);
    case 3:  // functions' types, elements: nothing that anyone asks about
    case 9:
      return;
    default:
      throw reader.error(fmt::format("unknown section {}", id));
  }
}

void read_sections(std::string_view bytes, Facts& facts) {
  Reader reader(bytes.substr(kHeaderSize), kHeaderSize);
  Inspector inspector(facts);
  while (!reader.at_end()) {
    const std::size_t start = reader.offset();
    const std::uint8_t id = reader.byte();
    const std::uint64_t size = reader.number();
    if (size > reader.left())
      throw fail("at offset {:#x}: section {} has {} bytes, the file {} more", start, id, size, reader.left());
    inspector.section(id, reader.part(size));
  }
}

std::string type_word(std::uint8_t type) {
  switch (type) {
    case 0x7f:
      return "i32";
    case 0x7e:
      return "i64";
    case 0x7d:
      return "f32";
    case 0x7c:
      return "f64";
    case 0x7b:
      return "v128";
    case 0x70:
      return "funcref";
    case 0x6f:
      return "externref";
    default:
      return "ref";
  }
}

std::string type_words(std::string_view types) {
  constexpr std::size_t kMostShown = 32;
  std::vector<std::string> words;
  Features unused;
  for (Reader reader(types); !reader.at_end();) {
    if (words.size() == kMostShown) return join(words, ", ") + ", ...";
    words.push_back(type_word(reader.peek()));
    scan_value_type(reader, unused);
  }
  return join(words, ", ");
}

}  // namespace

std::string text_of(const Signature& signature) {
  return fmt::format("({}){}{}", type_words(signature.parameters), signature.results.empty() ? "" : " -> ",
                     type_words(signature.results));
}

bool Facts::exports_function(std::string_view wanted) const {
  return std::ranges::any_of(exports,
                             [&](const Export& one) { return one.kind == ExternKind::function && one.name == wanted; });
}

std::string_view Facts::role() const {
  if (exports_function("_start") || exports_function("main") || exports_function("__main_argc_argv")) return "command";
  return exports_function("_initialize") ? "reactor" : "library";
}

Facts inspect(std::string_view bytes) {
  Facts facts;
  facts.kind = classify(bytes.substr(0, kHeaderSize));
  if (facts.kind != Kind::module) return facts;
  try {
    read_sections(bytes, facts);
  } catch (const Error& error) {
    facts.broken = error.what();
  }
  return facts;
}

}  // namespace crumb::wasm
