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

// Items as they lie on the wire; for_each() walks them.
template <class T>
struct List {
  const unsigned char* at = nullptr;
  const unsigned char* end = nullptr;
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

  uint16_t number16() { return static_cast<uint16_t>(number<2>()); }
  void operator()(const char*, uint64_t& value) { value = number<8>(); }
  void operator()(const char*, Text& value) { value = text(); }
  void operator()(const char*, List<uint64_t>& list);
  void operator()(const char*, List<Text>& list);

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }

 private:
  template <unsigned Size>
  uint64_t number();
  Text text();
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
template <class T, class F>
void for_each(const List<T>& list, F f) {
  Reader reader(list.at, list.end);
  for (uint32_t i = 0; i < list.count; ++i) {
    T item;
    reader("", item);
    f(i, item);
  }
}

struct Plan {
  wire::Header header;
  const unsigned char* steps = nullptr;
  const unsigned char* end = nullptr;
};

// Checks all of `size` bytes at `bytes`: header, every step, what a step's values must be for init to act on them, no byte
// more. False for anything else; `header` is set whenever there are bytes enough for one.
bool open_plan(const unsigned char* bytes, size_t size, Plan& plan);

inline constexpr uint32_t kMostJoins = 8;  // namespaces of one process

}  // namespace crumb::init
