#include "init/plan.h"

namespace crumb::init {
namespace {

// Reads past one step of any kind.
bool skip_step(Reader& reader) {
  switch (static_cast<wire::StepNumber>(reader.number16())) {
#define CRUMB_SKIP(name)                     \
  case wire::StepNumber::name:               \
    read_step<wire::name<InitForm>>(reader); \
    return reader.ok();
    CRUMB_STEPS(CRUMB_SKIP)
#undef CRUMB_SKIP
    case wire::StepNumber::none:
      break;
  }
  return false;
}

}  // namespace

bool Reader::take(size_t size) {
  ok_ = ok_ && static_cast<size_t>(end_ - at_) >= size;
  return ok_;
}

// Byte by byte: nothing on the wire is aligned.
uint64_t Reader::number(unsigned size) {
  if (!take(size)) return 0;
  uint64_t value = 0;
  __builtin_memcpy(&value, at_, size);  // little-endian, as both machines that crumb runs on
  at_ += size;
  return value;
}

Text Reader::text() {
  const uint64_t size = number(4);
  if (!take(size + 1)) return {};
  const char* const at = reinterpret_cast<const char*>(at_);
  for (uint64_t i = 0; i < size; ++i) ok_ = ok_ && at[i] != 0;
  ok_ = ok_ && at[size] == 0;
  at_ += size + 1;
  return ok_ ? Text{at, static_cast<uint32_t>(size)} : Text{};
}

void Reader::operator()(const char*, List<uint64_t>& list) {
  const uint64_t count = number(4);
  if (!take(count * sizeof(uint64_t))) return;
  list = {at_, static_cast<uint32_t>(count)};
  at_ += count * sizeof(uint64_t);
}

void Reader::operator()(const char*, List<Text>& list) {
  const uint64_t count = number(4);
  const unsigned char* const at = at_;
  for (uint64_t i = 0; i < count && ok_; ++i) text();
  if (ok_) list = {at, static_cast<uint32_t>(count)};
}

bool open_plan(const unsigned char* bytes, size_t size, Plan& plan) {
  if (size < sizeof plan.header) return false;
  __builtin_memcpy(&plan.header, bytes, sizeof plan.header);
  if (plan.header.magic != wire::kPlanMagic || plan.header.version != wire::kPlanVersion || plan.header.size != size)
    return false;
  plan.steps = bytes + sizeof plan.header;
  plan.end = bytes + size;
  Reader reader(plan.steps, plan.end);
  for (uint32_t i = 0; i < plan.header.steps; ++i)
    if (!skip_step(reader)) return false;
  return reader.done();
}

}  // namespace crumb::init
