// operator new and delete of crumb where libc is not glibc. Most crumbs live for a few milliseconds and allocate some thousand
// small blocks, for which musl maps and unmaps pages all the time (docs/performance.md). Here a block comes from the end of a
// chunk and, once deleted, serves the next one of its size: crumbs that wait for long do not grow. Larger blocks are libc's.
// crumb has one thread.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#ifndef __GLIBC__
namespace {

constexpr std::size_t kUnit = 16, kFine = 1024, kLargest = 32768, kChunk = 256 * 1024;  // bytes

// Sizes with their headers are multiples of kUnit up to kFine, then powers of two.
constexpr std::size_t kFineClasses = kFine / kUnit + 1;
constexpr std::size_t kClasses = kFineClasses + std::bit_width(kLargest / kFine);
constexpr std::size_t kLibc = kClasses;  // the class of all larger ones

// A block begins kHeader bytes before what operator new returns, with its class.
constexpr std::size_t kHeader = kUnit / 2;
struct Free {
  Free* next;
};

Free* deleted[kClasses];
alignas(kUnit) char first_chunk[kChunk];  // costs nothing until it is used
char* place = first_chunk + kHeader;      // so that what is returned is aligned
std::size_t left = kChunk - kUnit;

constexpr std::size_t class_of(std::size_t size) {
  if (size <= kFine) return (size + kUnit - 1) / kUnit;
  return size > kLargest ? kLibc : kFineClasses + std::bit_width((size - 1) / kFine) - 1;
}

constexpr std::size_t size_of(std::size_t size_class) {
  return size_class < kFineClasses ? size_class * kUnit : (2 * kFine) << (size_class - kFineClasses);
}

char* from_libc(std::size_t size) {
  void* const memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return static_cast<char*>(memory) + kHeader;
}

char* from_chunk(std::size_t size) {
  if (left < size) place = from_libc(kChunk), left = kChunk - kUnit;
  char* const block = place;
  place += size, left -= size;
  return block;
}

std::size_t& class_before(void* memory) { return static_cast<std::size_t*>(memory)[-1]; }

}  // namespace

void* operator new(std::size_t size) {
  if (size > PTRDIFF_MAX) throw std::bad_alloc();  // before a header is added
  const std::size_t size_class = class_of(size + kHeader);
  if (size_class != kLibc && deleted[size_class]) {
    Free* const memory = deleted[size_class];
    deleted[size_class] = memory->next;
    return memory;
  }
  char* const block = size_class == kLibc ? from_libc(size + kUnit) : from_chunk(size_of(size_class));
  class_before(block + kHeader) = size_class;
  return block + kHeader;
}

void operator delete(void* memory) noexcept {
  if (!memory) return;
  const std::size_t size_class = class_before(memory);
  if (size_class == kLibc) return std::free(static_cast<char*>(memory) - kUnit);
  deleted[size_class] = new (memory) Free{deleted[size_class]};
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
#endif
