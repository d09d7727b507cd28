#include "engine/module_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <limits>
#include <string_view>

#include "engine/bytes.h"

namespace crumb::engine {
namespace {

constexpr std::size_t kHeader = 8;  // magic and version

Failure require_regular(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return {};
  if (S_ISDIR(status.st_mode)) return {EISDIR, "is a directory, not a module"};
  if (S_ISFIFO(status.st_mode)) return {EACCES, "is a FIFO, not a module"};
  return {EACCES, "is not a regular file"};
}

Failure open_by_name(const std::string& name, Descriptor& descriptor) {
  // Opening a FIFO waits and opening a device may do anything: look first, without opening.
  const Descriptor handle(::open(name.c_str(), O_PATH | O_CLOEXEC));
  if (!handle) return {errno, errno == ENOENT ? "no such file" : std::strerror(errno)};
  struct stat before = {};
  if (::fstat(handle.get(), &before) != 0) return {errno, std::strerror(errno)};
  if (Failure failure = require_regular(before)) return failure;
  descriptor = Descriptor(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!descriptor) return {errno, std::strerror(errno)};
  return {};
}

Failure has_exceptions() {
  return not_runnable("was built with WebAssembly exceptions, which are not supported: rebuild it without");
}

// What garbage collection (core specification 3.0, 5.3.12) adds to the types of version 2.0.
bool is_of_garbage_collection(std::uint8_t form) {
  constexpr std::uint8_t kForms[] = {0x4e, 0x4f, 0x50, 0x5e, 0x5f};  // rec, sub final, sub, array, struct
  return std::find(std::begin(kForms), std::end(kForms), form) != std::end(kForms);
}

Failure read_type_section(Reader section) {
  constexpr std::uint8_t kFunction = 0x60, kNullableReference = 0x63, kReference = 0x64;
  const auto refuse = [] {
    return not_runnable(
        "was built with garbage collection or typed references (GC), which are not supported: rebuild it without");
  };
  std::uint64_t count = 0;
  for (section.number(count); count > 0; --count) {
    std::uint8_t form = 0, type = 0;
    if (!section.byte(form)) return {};
    if (is_of_garbage_collection(form)) return refuse();
    if (form != kFunction) return {};
    for (int list = 0; list < 2; ++list) {  // parameters, results
      std::uint64_t size = 0;
      for (section.number(size); size > 0; --size) {
        if (!section.byte(type)) return {};
        if (type == kNullableReference || type == kReference) return refuse();
      }
    }
  }
  return {};
}

Failure read_memory_type(Reader& section, ModuleFacts& facts) {
  constexpr std::uint8_t kHasMaximum = 1, kHas64BitAddresses = 4;
  std::uint64_t minimum = 0, maximum = 0;
  std::uint8_t flags = 0;
  if (!section.byte(flags)) return {};
  if ((flags & kHas64BitAddresses) != 0)
    return not_runnable("needs 64-bit memory (memory64, wasm64), which is not supported: build it for wasm32");
  if (!section.number(minimum)) return {};
  facts.has_memory = true;
  facts.minimum_pages = std::max(facts.minimum_pages, minimum);
  if ((flags & kHasMaximum) != 0) section.number(maximum);
  return {};
}

Failure read_memory_section(Reader section, ModuleFacts& facts) {
  std::uint64_t count = 0;
  if (!section.number(count) || count == 0) return {};
  return read_memory_type(section, facts);
}

// A memory that is imported is made by WAMR like one that is defined. What cannot be read is WAMR's to refuse.
Failure read_import_section(Reader section, ModuleFacts& facts) {
  constexpr std::uint8_t kFunction = 0, kTable = 1, kMemory = 2, kGlobal = 3, kTag = 4;
  std::uint64_t count = 0, number = 0;
  for (section.number(count); count > 0; --count) {
    std::uint8_t kind = 0, byte = 0;
    if (!section.skip_name() || !section.skip_name() || !section.byte(kind)) return {};
    bool read = false;
    if (kind == kTag) return has_exceptions();
    if (kind == kFunction) read = section.number(number), ++facts.imported_functions;
    if (kind == kTable)
      read = section.byte(byte) && section.byte(byte) && section.number(number) && (byte == 0 || section.number(number));
    if (kind == kGlobal) read = section.byte(byte) && section.byte(byte);
    if (kind == kMemory) {
      if (Failure failure = read_memory_type(section, facts)) return failure;
      read = true;
    }
    if (!read) return {};
  }
  return {};
}

constexpr std::uint8_t kCode = 10;

Failure read_section(std::uint8_t id, Reader section, ModuleFacts& facts) {
  constexpr std::uint8_t kType = 1, kImport = 2, kMemory = 5, kStart = 8, kData = 11, kTag = 13;
  if (id == kTag) return has_exceptions();
  if (id == kType) return read_type_section(section);
  if (id == kCode) facts.code = section.next(), facts.code_bytes = section.left();
  if (id == kData) facts.data_bytes = section.left();
  if (id == kStart) facts.has_start_section = true;
  if (id == kImport) return read_import_section(section, facts);
  if (id == kMemory) return read_memory_section(section, facts);
  return {};
}

std::string hexadecimal(std::size_t number) {
  char text[2 * sizeof(number) + 3];
  std::snprintf(text, sizeof(text), "0x%zx", number);
  return text;
}

Failure read_sections(Reader reader, std::size_t file_size, ModuleFacts& facts) {
  while (!reader.at_end()) {
    const std::uint8_t* const start = reader.next();
    std::uint8_t id = 0;
    std::uint64_t size = 0;
    const std::string place = " at offset " + hexadecimal(file_size - reader.left());
    if (!reader.byte(id) || !reader.number(size))
      return not_runnable("is cut short: the size of the section" + place + " is missing");
    if (size > reader.left())
      return not_runnable("is cut short: section " + std::to_string(id) + place + " has " + std::to_string(size) +
                          " bytes, the file " + std::to_string(reader.left()) + " more");
    if (Failure failure = read_section(id, reader.part(size), facts)) return failure;
    if (id == kCode) facts.code_section = start;
  }
  return {};
}

Failure examine_header(std::string_view start) {
  using namespace std::string_view_literals;
  if (start.empty()) return not_runnable("is an empty file");
  if (start.starts_with("\0aot"sv)) return not_runnable("is precompiled code, which is never run: give the .wasm module");
  if (start.starts_with("(module"sv)) return not_runnable("is WebAssembly text: translate it with wat2wasm");
  if (!start.starts_with("\0asm"sv))
    return not_runnable("\0asm"sv.starts_with(start) ? "is cut short" : "is not a WebAssembly module");
  if (start.size() < kHeader) return not_runnable("is cut short");
  const std::string_view version = start.substr(4, 4);
  if (version == "\x0d\0\1\0"sv)
    return not_runnable("is a WebAssembly component, which is not supported: build a core module (target wasm32-wasip1)");
  if (version != "\1\0\0\0"sv) return not_runnable("has an unknown WebAssembly version");
  if (start.size() == kHeader) return not_runnable("is an empty module");
  return {};
}

}  // namespace

Failure map_module(const Options& options, Mapping& mapping) {
  Descriptor descriptor(options.module_descriptor);
  if (!descriptor) {
    if (Failure failure = open_by_name(options.name, descriptor)) return failure;
  }
  struct stat status = {};
  // NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): errno is never 0 after a failed open
  if (::fstat(descriptor.get(), &status) != 0) return {errno, std::string("cannot be read: ") + std::strerror(errno)};
  if (Failure failure = require_regular(status)) return failure;
  if (status.st_size == 0) return not_runnable("is an empty file");
  if (status.st_size > std::numeric_limits<std::uint32_t>::max()) return {EFBIG, "is larger than 4 GiB"};
  const auto size = static_cast<std::size_t>(status.st_size);
  void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor.get(), 0);
  if (start == MAP_FAILED) return {errno, std::string("cannot be mapped: ") + std::strerror(errno)};
  mapping = Mapping(start, size);
  return {};
}

Failure examine_module(const Mapping& mapping, ModuleFacts& facts) {
  const std::string_view bytes(reinterpret_cast<const char*>(mapping.data()), mapping.size());
  if (Failure failure = examine_header(bytes.substr(0, kHeader + 1))) return failure;
  return read_sections(Reader(mapping.data() + kHeader, mapping.size() - kHeader), mapping.size(), facts);
}

}  // namespace crumb::engine
