#include "helpers/seccomp/ranges.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <tuple>

namespace crumb::seccomp {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr), kArchitecture = offsetof(seccomp_data, arch);
constexpr std::uint32_t kEveryBit = ~std::uint32_t{0};
constexpr unsigned short kLoad = BPF_LD | BPF_W | BPF_ABS, kMask = BPF_ALU | BPF_AND | BPF_K, kAnswer = BPF_RET | BPF_K,
                         kJump = BPF_JMP | BPF_JA;

bool is_comparison(const sock_filter& instruction) {
  return BPF_CLASS(instruction.code) == BPF_JMP && BPF_OP(instruction.code) != BPF_JA && BPF_SRC(instruction.code) == BPF_K;
}

bool compare(const sock_filter& instruction, std::uint32_t value) {
  switch (BPF_OP(instruction.code)) {
    case BPF_JEQ:
      return value == instruction.k;
    case BPF_JGT:
      return value > instruction.k;
    case BPF_JGE:
      return value >= instruction.k;
    default:
      return (value & instruction.k) != 0;
  }
}

// What a program compares architectures and numbers with. Jumps only lead forward, so one pass finds what the accumulator may
// hold at each instruction.
class Survey {
 public:
  explicit Survey(const Program& program) : program_(program), holds_(program.size(), 0) {
    if (program.empty()) return;
    holds_[0] = kNothing;
    understood_ = true;
    for (std::size_t at = 0; at < program.size() && understood_; ++at)
      if (holds_[at] != 0) understood_ = visit(at);
  }

  bool understood() const { return understood_; }
  const std::vector<std::uint32_t>& architectures() const { return architectures_; }
  // The first number of each range.
  const std::set<std::uint32_t>& starts() const { return starts_; }

 private:
  enum Content : unsigned { kNothing = 1, kIsNumber = 2, kIsArchitecture = 4, kIsWord = 8 };

  static unsigned content_of(std::uint32_t offset) {
    return offset == kNumber ? kIsNumber : offset == kArchitecture ? kIsArchitecture : kIsWord;
  }

  bool pass(std::size_t to, unsigned content) {
    if (to >= holds_.size()) return false;
    holds_[to] |= content;
    return true;
  }

  bool visit(std::size_t at) {
    const sock_filter& instruction = program_[at];
    if (instruction.code == kAnswer) return true;
    if (instruction.code == kLoad) return pass(at + 1, content_of(instruction.k));
    if (instruction.code == kJump) return pass(at + 1 + instruction.k, holds_[at]);
    if (instruction.code == kMask) return holds_[at] == kIsWord && pass(at + 1, kIsWord);
    if (!is_comparison(instruction) || !take_constant(holds_[at], instruction)) return false;
    return pass(at + 1 + instruction.jt, holds_[at]) && pass(at + 1 + instruction.jf, holds_[at]);
  }

  bool take_constant(unsigned content, const sock_filter& comparison) {
    if (content & kNothing) return false;
    if (content & kIsArchitecture) {
      if (BPF_OP(comparison.code) != BPF_JEQ) return false;
      if (std::ranges::find(architectures_, comparison.k) == architectures_.end()) architectures_.push_back(comparison.k);
    }
    return !(content & kIsNumber) || take_number(comparison);
  }

  bool take_number(const sock_filter& comparison) {
    if (BPF_OP(comparison.code) == BPF_JSET) return take_bits(comparison.k);
    starts_.insert(comparison.k);
    if (comparison.k != kEveryBit) starts_.insert(comparison.k + 1);
    return true;
  }

  // A bit is the same between multiples of itself: of x32's bit there are four.
  bool take_bits(std::uint32_t bits) {
    constexpr std::uint32_t kLowest = 1U << 28;
    const std::uint32_t lowest = bits & (~bits + 1);
    if (bits == 0 || lowest < kLowest) return false;
    for (std::uint64_t start = lowest; start <= kEveryBit; start += lowest) starts_.insert(static_cast<std::uint32_t>(start));
    return true;
  }

  const Program& program_;
  std::vector<unsigned> holds_;  // Contents, by instruction; 0: it is never come to
  std::vector<std::uint32_t> architectures_;
  std::set<std::uint32_t> starts_{0};
  bool understood_ = false;
};

// A decision: an answer, or a comparison of a masked word of the arguments with a constant and the decisions behind it.
struct Decision {
  bool is_answer = true;
  std::uint32_t answer = 0;
  std::uint32_t offset = 0, mask = kEveryBit, constant = 0;
  unsigned short comparison = 0;       // the instruction's code
  std::size_t holds = 0, differs = 0;  // indexes of decisions
  auto operator<=>(const Decision&) const = default;
};

// Equal ones are one.
class Decisions {
 public:
  std::size_t add(const Decision& decision) {
    if (!decision.is_answer && decision.holds == decision.differs) return decision.holds;
    const auto [place, is_new] = indexes_.emplace(decision, all_.size());
    if (is_new) all_.push_back(decision);
    return place->second;
  }
  const Decision& at(std::size_t index) const { return all_[index]; }
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<Decision> all_;
  std::map<Decision, std::size_t> indexes_;
};

// What is left of a program for one call of one architecture.
class Follower {
 public:
  Follower(const Program& program, Decisions& decisions, std::uint32_t architecture, std::uint32_t number)
      : program_(program), decisions_(decisions), architecture_(architecture), number_(number) {}

  std::size_t follow() { return follow(0, {}); }

 private:
  struct Accumulator {
    bool known = true;
    std::uint32_t value = 0;
    std::uint32_t offset = 0, mask = kEveryBit;  // of what is not known
    auto operator<=>(const Accumulator&) const = default;
  };

  Accumulator load(std::uint32_t offset) const {
    if (offset == kNumber) return {.value = number_};
    if (offset == kArchitecture) return {.value = architecture_};
    return {.known = false, .offset = offset};
  }

  // The survey has found that every way ends with an answer.
  std::size_t follow(std::size_t at, Accumulator accumulator) {
    for (;; ++at) {
      const sock_filter& instruction = program_[at];
      if (instruction.code == kAnswer) return decisions_.add({.answer = instruction.k});
      if (instruction.code == kLoad)
        accumulator = load(instruction.k);
      else if (instruction.code == kMask)
        accumulator.mask &= instruction.k;
      else if (instruction.code == kJump)
        at += instruction.k;
      else if (accumulator.known)
        at += compare(instruction, accumulator.value) ? instruction.jt : instruction.jf;
      else
        return fork(at, accumulator);
    }
  }

  std::size_t fork(std::size_t at, const Accumulator& accumulator) {
    const std::pair place{at, accumulator};
    if (const auto known = known_.find(place); known != known_.end()) return known->second;
    const sock_filter& instruction = program_[at];
    Decision decision{.is_answer = false,
                      .offset = accumulator.offset,
                      .mask = accumulator.mask,
                      .constant = instruction.k,
                      .comparison = instruction.code};
    decision.holds = follow(at + 1 + instruction.jt, accumulator);
    decision.differs = follow(at + 1 + instruction.jf, accumulator);
    return known_[place] = decisions_.add(decision);
  }

  const Program& program_;
  Decisions& decisions_;
  std::uint32_t architecture_, number_;
  std::map<std::pair<std::size_t, Accumulator>, std::size_t> known_;
};

struct Range {
  std::uint32_t start;
  std::size_t decision;
  bool operator==(const Range&) const = default;
};
using Ranges = std::vector<Range>;

// Writes a program from its end: what a jump leads to is there already.
class Writer {
 public:
  explicit Writer(const Decisions& decisions) : decisions_(decisions), written_(decisions.size()) {}

  // All return the place of what they have written, counted from the program's end.

  std::size_t search(std::span<const Range> ranges) {
    if (ranges.size() == 1) return decide(ranges[0].decision);
    if (is_exception(ranges)) {
      const std::size_t one = decide(ranges[1].decision), others = decide(ranges[0].decision);
      return branch(BPF_JMP | BPF_JEQ | BPF_K, ranges[1].start, one, others);
    }
    const std::size_t half = ranges.size() / 2;
    const std::size_t above = search(ranges.subspan(half)), below = search(ranges.first(half));
    return branch(BPF_JMP | BPF_JGE | BPF_K, ranges[half].start, above, below);
  }

  std::size_t branch(unsigned short comparison, std::uint32_t constant, std::size_t holds, std::size_t differs) {
    constexpr std::size_t kAtMostTwoMore = 2;
    holds = within_reach(holds, kAtMostTwoMore);
    differs = within_reach(differs, kAtMostTwoMore - 1);
    return write(BPF_JUMP(comparison, constant, static_cast<unsigned char>(distance(holds)),
                          static_cast<unsigned char>(distance(differs))));
  }

  std::size_t load(std::uint32_t offset) { return write(BPF_STMT(kLoad, offset)); }

  Program take() {
    std::ranges::reverse(program_);
    return std::move(program_);
  }

 private:
  // One number that is decided otherwise than those around it.
  static bool is_exception(std::span<const Range> ranges) {
    return ranges.size() == 3 && ranges[0].decision == ranges[2].decision && ranges[1].start + 1 == ranges[2].start;
  }

  std::size_t write(const sock_filter& instruction) {
    program_.push_back(instruction);
    return program_.size() - 1;
  }

  // What a jump that is written now has to skip.
  std::size_t distance(std::size_t place) const { return program_.size() - 1 - place; }

  // A comparison skips 255 instructions at most: for what is farther away an answer is repeated, or a jump without condition
  // stands in its place.
  std::size_t within_reach(std::size_t place, std::size_t more) {
    if (distance(place) + more <= std::numeric_limits<unsigned char>::max()) return place;
    const sock_filter there = program_[place];
    const sock_filter jump = BPF_STMT(kJump, static_cast<std::uint32_t>(distance(place)));
    return write(there.code == kAnswer ? there : jump);
  }

  std::size_t decide(std::size_t index) {
    const Decision& decision = decisions_.at(index);
    if (written_[index]) return *(written_[index] = decision.is_answer ? within_reach(*written_[index], 2) : *written_[index]);
    if (decision.is_answer) return *(written_[index] = write(BPF_STMT(kAnswer, decision.answer)));
    const std::size_t holds = decide(decision.holds), differs = decide(decision.differs);
    branch(decision.comparison, decision.constant, holds, differs);
    if (decision.mask != kEveryBit) write(BPF_STMT(kMask, decision.mask));
    return *(written_[index] = load(decision.offset));
  }

  const Decisions& decisions_;
  Program program_;                                  // its last instruction first
  std::vector<std::optional<std::size_t>> written_;  // by decision
};

void append(Ranges& ranges, std::uint32_t start, std::size_t decision) {
  if (!ranges.empty() && ranges.back().start == start) ranges.pop_back();
  if (ranges.empty() || ranges.back().decision != decision) ranges.push_back({start, decision});
}

class Divider {
 public:
  Divider(const Program& program, const Survey& survey, const std::vector<FixedAnswer>& fixed, Decisions& decisions)
      : program_(program), starts_(survey.starts()), fixed_(fixed), decisions_(decisions) {}

  Ranges ranges(std::uint32_t architecture) const {
    Ranges ranges;
    auto fixed = std::ranges::lower_bound(fixed_, architecture, {}, &FixedAnswer::architecture);
    for (auto start = starts_.begin(); start != starts_.end(); ++start) {
      const std::size_t decision = Follower(program_, decisions_, architecture, *start).follow();
      append(ranges, *start, decision);
      const auto next = std::next(start);
      for (; fixed != fixed_.end() && fixed->architecture == architecture && (next == starts_.end() || fixed->number < *next);
           ++fixed) {
        append(ranges, fixed->number, decisions_.add({.answer = fixed->answer}));
        if (fixed->number != kEveryBit) append(ranges, fixed->number + 1, decision);
      }
    }
    return ranges;
  }

 private:
  const Program& program_;
  const std::set<std::uint32_t>& starts_;
  const std::vector<FixedAnswer>& fixed_;
  Decisions& decisions_;
};

std::vector<std::uint32_t> architectures_of(const Survey& survey, const std::vector<FixedAnswer>& fixed) {
  std::vector<std::uint32_t> found = survey.architectures();
  for (const FixedAnswer& answer : fixed)
    if (std::ranges::find(found, answer.architecture) == found.end()) found.push_back(answer.architecture);
  return found;
}

std::uint32_t none_of(const std::vector<std::uint32_t>& architectures) {
  std::uint32_t other = 0;
  while (std::ranges::find(architectures, other) != architectures.end()) ++other;
  return other;
}

}  // namespace

std::optional<std::vector<sock_filter>> search_ranges(const std::vector<sock_filter>& program,
                                                      const std::vector<FixedAnswer>& fixed) {
  const Survey survey(program);
  if (!survey.understood()) return std::nullopt;

  Decisions decisions;
  const Divider divider(program, survey, fixed, decisions);
  const std::vector<std::uint32_t> architectures = architectures_of(survey, fixed);
  const Ranges others = divider.ranges(none_of(architectures));
  std::vector<std::pair<std::uint32_t, Ranges>> known;
  for (const std::uint32_t architecture : architectures)
    if (Ranges found = divider.ranges(architecture); found != others) known.emplace_back(architecture, std::move(found));

  Writer writer(decisions);
  const auto search = [&](const Ranges& all) {
    const std::size_t place = writer.search(all);
    return all.size() == 1 ? place : writer.load(kNumber);
  };
  std::size_t rest = search(others);
  std::vector<std::size_t> places(known.size());
  for (std::size_t i = known.size(); i-- > 0;) places[i] = search(known[i].second);
  for (std::size_t i = known.size(); i-- > 0;) rest = writer.branch(BPF_JMP | BPF_JEQ | BPF_K, known[i].first, places[i], rest);
  if (!known.empty()) writer.load(kArchitecture);

  Program result = writer.take();
  if (result.size() > BPF_MAXINSNS) return std::nullopt;
  return result;
}

}  // namespace crumb::seccomp
