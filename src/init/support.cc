#include "init/support.h"

#include <sys/mman.h>

#include "kernel/call.h"

#ifdef CRUMB_HOSTED
#include <stdlib.h>
#else
// What the compiler calls on its own. x86-64 has instructions for the two that are called with kilobytes.
extern "C" {
void* memcpy(void* to, const void* from, size_t size) {
#if defined(__x86_64__)
  void* end = to;
  asm volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(size) : : "memory");
#else
  for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
#endif
  return to;
}
void* memmove(void* to, const void* from, size_t size) {
  if (to <= from) return memcpy(to, from, size);  // from the front
  for (size_t i = size; i > 0; --i) static_cast<char*>(to)[i - 1] = static_cast<const char*>(from)[i - 1];
  return to;
}
void* memset(void* to, int byte, size_t size) {
#if defined(__x86_64__)
  void* end = to;
  asm volatile("rep stosb" : "+D"(end), "+c"(size) : "a"(byte) : "memory");
#else
  for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<char>(byte);
#endif
  return to;
}
int memcmp(const void* a, const void* b, size_t size) {
  const auto* const left = static_cast<const unsigned char*>(a);
  const auto* const right = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < size; ++i)
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  return 0;
}
}
#endif

namespace crumb::init {

size_t length(const char* text) {
  size_t size = 0;
  while (text[size] != 0) ++size;
  return size;
}

bool equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

bool starts_with(const char* text, const char* prefix) {
  while (*prefix != 0 && *text == *prefix) ++text, ++prefix;
  return *prefix == 0;
}

size_t copy(char* to, size_t size, const char* text) {
  size_t count = 0;
  for (; count + 1 < size && text[count] != 0; ++count) to[count] = text[count];
  if (size > 0) to[count] = 0;
  return count;
}

#ifdef CRUMB_HOSTED
// Pieces of their own, so that AddressSanitizer sees where each ends.
void* allocate(size_t size) { return calloc(1, size + 1); }
#else
void* allocate(size_t size) {
  constexpr size_t kChunk = 256U << 10;  // address space; only pages that are used cost memory
  constexpr size_t kAlignment = 16;
  static char* next = nullptr;
  static size_t left = 0;
  size = (size + kAlignment) & ~(kAlignment - 1);  // never 0
  if (size > left) {
    const size_t chunk = size > kChunk ? size : kChunk;
    const long at = kernel::mmap(nullptr, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0 && at > -4096) return nullptr;
    next = reinterpret_cast<char*>(at);
    left = chunk;
  }
  void* const found = next;
  next += size;
  left -= size;
  return found;
}
#endif

char* prefix(const char* text, size_t size) {
  char* const made = static_cast<char*>(allocate(size + 1));
  if (made != nullptr) copy(made, size + 1, text);
  return made;
}

char* concatenate(const char* a, const char* b) {
  const size_t first = length(a), size = first + length(b) + 1;
  char* const text = static_cast<char*>(allocate(size));
  if (text == nullptr) return nullptr;
  copy(text, size, a);
  copy(text + first, size - first, b);
  return text;
}

void append_number(char* text, size_t size, uint64_t number) {
  constexpr size_t kDigits = 20;  // of the largest one
  char digits[kDigits];
  size_t count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  size_t at = length(text);
  while (count > 0 && at + 1 < size) text[at++] = digits[--count];
  text[at] = 0;
}

int64_t parse_number(const char* text) {
  if (*text == 0) return -1;
  int64_t number = 0;
  for (; *text != 0; ++text) {
    if (*text < '0' || *text > '9' || number > INT64_MAX / 10 - 9) return -1;
    number = number * 10 + (*text - '0');
  }
  return number;
}

}  // namespace crumb::init
