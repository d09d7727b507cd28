// Reading the Plan (wire/steps.h) where it lies mapped: no copies, every bound checked.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/steps.h"

namespace crumb::init {

// NUL-terminated, inside the Plan.
struct Text {
  const char* at = "";
  uint32_t size = 0;
};

// Items as they lie on the wire; read() walks them.
template <class T>
struct List {
  const unsigned char* at = nullptr;
  uint32_t count = 0;
};

struct InitForm {
  using Text = init::Text;
  template <class T>
  using List = init::List<T>;
};

// Takes values off the wire; after the first that does not fit, ok is false and values are zero or empty.
class Reader {
 public:
  Reader(const unsigned char* at, const unsigned char* end) : at_(at), end_(end) {}

  uint16_t number16() { return static_cast<uint16_t>(number(2)); }
  uint64_t number64() { return number(8); }
  Text text();
  void operator()(const char*, uint64_t& value) { value = number64(); }
  void operator()(const char*, Text& value) { value = text(); }
  void operator()(const char*, List<uint64_t>& list);
  void operator()(const char*, List<Text>& list);

  bool ok() const { return ok_; }
  bool done() const { return at_ == end_; }
  const unsigned char* position() const { return at_; }

 private:
  uint64_t number(unsigned size);
  bool take(size_t size);

  const unsigned char* at_;
  const unsigned char* end_;
  bool ok_ = true;
};

// Reads one step's fields.
template <class Step>
Step read_step(Reader& reader) {
  Step step;
  Step::fields(step, reader);
  return step;
}

// for_each(list, f): f(index, item) for every item; the list was checked when it was read.
template <class F>
void for_each(const List<uint64_t>& list, F&& f) {
  Reader reader(list.at, list.at + list.count * sizeof(uint64_t));
  for (uint32_t i = 0; i < list.count; ++i) f(i, reader.number64());
}
template <class F>
void for_each(const List<Text>& list, F&& f) {
  Reader reader(list.at, reinterpret_cast<const unsigned char*>(UINTPTR_MAX));
  for (uint32_t i = 0; i < list.count; ++i) f(i, reader.text());
}

struct Plan {
  wire::Header header;
  const unsigned char* steps = nullptr;
  const unsigned char* end = nullptr;
};

// Checks all of `size` bytes at `bytes`: header, every step, no byte more. False for anything else.
bool open_plan(const unsigned char* bytes, size_t size, Plan& plan);

}  // namespace crumb::init
