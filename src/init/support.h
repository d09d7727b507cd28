// The little that a program without libc needs: strings and an arena. Nothing is ever given back: init makes one process and
// becomes it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace crumb::init {

size_t length(const char* text);
bool equal(const char* a, const char* b);
bool starts_with(const char* text, const char* prefix);

// Copies as much of `text` as fits into `size` bytes, the NUL included. Returns what was copied.
size_t copy(char* to, size_t size, const char* text);

// Room for `size` bytes, aligned for anything, zeroed; nullptr when the kernel has no more.
void* allocate(size_t size);

// allocate() of a + b with its NUL.
char* concatenate(const char* a, const char* b);

// Decimal digits of `number`, and the reverse (-1 for anything but digits).
void append_number(char* text, size_t size, uint64_t number);
int64_t parse_number(const char* text);

}  // namespace crumb::init
