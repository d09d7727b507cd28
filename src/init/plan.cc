#include "init/plan.h"

#include <linux/bpf_common.h>
#include <sched.h>
#include <sys/stat.h>

#include <initializer_list>

#include "kernel/namespaces.h"
#include "wire/protocol.h"

namespace crumb::init {
namespace {

// What the steps rely on beyond the form of their fields.
template <class Step>
bool sound(const Step&) {
  return true;
}
bool sound(const wire::JoinPaths<InitForm>& step) {
  return step.types.count == step.paths.count && step.types.count <= kMostJoins;
}
bool sound(const wire::Unshare<InitForm>& step) {
  constexpr uint64_t kPossible = CLONE_NEWUSER | CLONE_NEWTIME;
  return (step.namespaces & ~kPossible) == 0;
}
bool sound(const wire::Fork<InitForm>& step) {
  constexpr uint64_t kPossible = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  return (step.namespaces & ~kPossible) == 0;
}
bool sound(const wire::Meet<InitForm>& step) {
  using wire::Point;
  for (const Point point : {Point::map, Point::placed, Point::mounted, Point::ready})
    if (step.point == static_cast<uint64_t>(point)) return true;
  return false;
}
bool sound(const wire::Tell<InitForm>& step) { return step.point == static_cast<uint64_t>(wire::Point::ready); }
bool sound(const wire::Await<InitForm>& step) {
  return step.point == static_cast<uint64_t>(wire::Point::placed) || step.point == static_cast<uint64_t>(wire::Point::ready);
}
bool sound(const wire::Device<InitForm>& step) {
  const uint64_t type = step.mode & S_IFMT;
  return (type == S_IFCHR || type == S_IFBLK || type == S_IFIFO) && (step.mode & ~uint64_t{S_IFMT | 07777}) == 0;
}
bool sound(const wire::Seccomp<InitForm>& step) { return step.program.count > 0 && step.program.count <= BPF_MAXINSNS; }
bool sound(const wire::Terminal<InitForm>& step) {
  constexpr uint64_t kMost = 0xffff;  // struct winsize
  return step.rows <= kMost && step.columns <= kMost;
}
bool sound(const wire::Program<InitForm>& step) { return step.arguments.count > 0 && step.opened <= INT32_MAX; }
bool sound(const wire::Hook<InitForm>& step) { return step.arguments.count > 0 && step.timeout <= INT32_MAX; }

// Reads past one step of any kind.
bool check_step(Reader& reader) {
  switch (static_cast<wire::StepNumber>(reader.number16())) {
#define CRUMB_CHECK(name)                                      \
  case wire::StepNumber::name: {                               \
    const auto step = read_step<wire::name<InitForm>>(reader); \
    return reader.ok() && sound(step);                         \
  }
    CRUMB_STEPS(CRUMB_CHECK)
#undef CRUMB_CHECK
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

// Nothing on the wire is aligned. The lower bytes come first on both machines that crumb runs on.
template <unsigned Size>
uint64_t Reader::number() {
  if (!take(Size)) return 0;
  uint64_t value = 0;
  __builtin_memcpy(&value, at_, Size);
  at_ += Size;
  return value;
}
template uint64_t Reader::number<2>();
template uint64_t Reader::number<8>();

Text Reader::text() {
  const uint64_t size = number<4>();
  if (!take(size + 1)) return {};
  const char* const at = reinterpret_cast<const char*>(at_);
  for (uint64_t i = 0; i < size; ++i) ok_ = ok_ && at[i] != 0;
  ok_ = ok_ && at[size] == 0;
  at_ += size + 1;
  return ok_ ? Text{at, static_cast<uint32_t>(size)} : Text{};
}

void Reader::operator()(const char*, List<uint64_t>& list) {
  const uint64_t count = number<4>();
  if (!take(count * sizeof(uint64_t))) return;
  list = {at_, at_ + count * sizeof(uint64_t), static_cast<uint32_t>(count)};
  at_ = list.end;
}

void Reader::operator()(const char*, List<Text>& list) {
  const uint64_t count = number<4>();
  const unsigned char* const at = at_;
  for (uint64_t i = 0; i < count && ok_; ++i) text();
  if (ok_) list = {at, at_, static_cast<uint32_t>(count)};
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
    if (!check_step(reader)) return false;
  return reader.at_end();
}

}  // namespace crumb::init
