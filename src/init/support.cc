#include "init/support.h"

#include <sys/mman.h>

#include "kernel/call.h"

#ifndef CRUMB_HOSTED
// What the compiler calls on its own.
extern "C" {
void* memcpy(void* to, const void* from, size_t size) {
  for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}
void* memset(void* to, int byte, size_t size) {
  for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<char>(byte);
  return to;
}
}
#endif

namespace crumb::init {
namespace {

constexpr size_t kChunk = 256U << 10;  // address space; only pages that are used cost memory

}  // namespace

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

void* allocate(size_t size) {
  static char* next = nullptr;
  static size_t left = 0;
  constexpr size_t kAlignment = 16;
  size = (size + kAlignment - 1) & ~(kAlignment - 1);
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

char* concatenate(const char* a, const char* b) {
  const size_t first = length(a), size = first + length(b) + 1;
  char* const text = static_cast<char*>(allocate(size));
  if (text == nullptr) return nullptr;
  copy(text, size, a);
  copy(text + first, size - first, b);
  return text;
}

void append_number(char* text, size_t size, uint64_t number) {
  char digits[20];
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
