// The little that a program without libc needs: strings and an arena. Nothing is ever given back: init makes one process and
// becomes it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace crumb::init {

inline constexpr size_t kLongestPath = 4096;  // PATH_MAX, its NUL included

size_t length(const char* text);
bool equal(const char* a, const char* b);
bool starts_with(const char* text, const char* prefix);

// Copies as much of `text` as fits into `size` bytes, the NUL included. Returns the number of characters copied.
size_t copy(char* to, size_t size, const char* text);

// Room for `size` bytes, aligned for anything, zeroed; nullptr when the kernel has no more.
void* allocate(size_t size);

// allocate() of the first `size` characters of `text`, and of a + b.
char* prefix(const char* text, size_t size);
char* concatenate(const char* a, const char* b);

// Decimal digits of `number` behind what `text` holds already, and the reverse (-1 for anything but digits).
void append_number(char* text, size_t size, uint64_t number);
int64_t parse_number(const char* text);

}  // namespace crumb::init
