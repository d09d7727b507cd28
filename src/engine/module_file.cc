#include "engine/module_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <limits>
#include <string_view>

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

// Reads a section's contents; every read is checked against the end.
class Reader {
 public:
  Reader(const std::uint8_t* start, std::size_t size) : next_(start), end_(start + size) {}

  bool at_end() const { return next_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

  bool byte(std::uint8_t& value) {
    if (at_end()) return false;
    value = *next_++;
    return true;
  }

  // An unsigned LEB128 of up to `bits` bits.
  bool number(std::uint64_t& value, unsigned bits = 32) {
    value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      std::uint8_t part = 0;
      if (!byte(part)) return false;
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if ((part & 0x80) == 0) return true;
    }
    return false;
  }

  Reader part(std::size_t size) {
    const Reader result(next_, size);
    next_ += size;
    return result;
  }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

Failure read_memory_section(Reader section, ModuleFacts& facts) {
  constexpr std::uint8_t kHas64BitAddresses = 4;
  std::uint64_t count = 0, minimum = 0;
  std::uint8_t flags = 0;
  if (!section.number(count) || count == 0 || !section.byte(flags)) return {};
  if ((flags & kHas64BitAddresses) != 0) return not_runnable("needs 64-bit memory (memory64), which is not supported");
  if (section.number(minimum)) {
    facts.has_memory = true;
    facts.minimum_pages = minimum;
  }
  return {};
}

Failure read_section(std::uint8_t id, Reader section, ModuleFacts& facts) {
  constexpr std::uint8_t kMemory = 5, kStart = 8, kTag = 13;
  if (id == kTag) return not_runnable("was built with WebAssembly exceptions, which are not supported: rebuild it without");
  if (id == kStart) facts.has_start_section = true;
  if (id == kMemory) return read_memory_section(section, facts);
  return {};
}

Failure read_sections(Reader reader, ModuleFacts& facts) {
  while (!reader.at_end()) {
    std::uint8_t id = 0;
    std::uint64_t size = 0;
    if (!reader.byte(id) || !reader.number(size)) return not_runnable("is cut short: a section's size is missing");
    if (size > reader.left())
      return not_runnable("is cut short: section " + std::to_string(id) + " has " + std::to_string(size) + " bytes, the file " +
                          std::to_string(reader.left()) + " more");
    if (Failure failure = read_section(id, reader.part(size), facts)) return failure;
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
  return read_sections(Reader(mapping.data() + kHeader, mapping.size() - kHeader), facts);
}

}  // namespace crumb::engine
