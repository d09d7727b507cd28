#include "helpers/seccomp/plain_calls.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <utility>

#include "helpers/seccomp/architecture.h"

namespace crumb::seccomp {
namespace {

// Numbers up to this one: the architecture does not have the call. Between it and 0: the architecture may have it inside
// another call (seccomp.h, __PNR_socket and following).
constexpr int kNoCall = -10000;

struct Release {
  void operator()(char* text) const { std::free(text); }  // NOLINT(*no-malloc): libseccomp's manual says so
};
using Name = std::unique_ptr<char, Release>;

class Finder {
 public:
  Finder(const Profile& profile, const std::vector<std::uint32_t>& architectures) {
    for (const std::uint32_t architecture : architectures) architectures_.push_back({architecture, carriers_of(architecture)});
    for (const Rule& rule : profile.rules)
      for (const std::string& name : rule.names) read(name, rule, profile.default_action);
  }

  PlainCalls find() {
    std::ranges::sort(mentions_);
    while (separate()) {
    }
    return answer();
  }

 private:
  struct Architecture {
    std::uint32_t word;
    std::vector<std::uint32_t> carriers;  // numbers of calls that have others inside
  };

  // A name in a rule.
  struct Call {
    std::uint32_t action;
    bool plain;
  };

  struct Mention {
    FixedAnswer answer;
    std::size_t call;
    auto operator<=>(const Mention&) const = default;
  };

  static std::vector<std::uint32_t> carriers_of(std::uint32_t architecture) {
    std::vector<std::uint32_t> numbers;
    for (const char* name : {"socketcall", "ipc"})
      if (const int number = seccomp_syscall_resolve_name_arch(architecture, name); number >= 0)
        numbers.push_back(static_cast<std::uint32_t>(number));
    return numbers;
  }

  void read(const std::string& name, const Rule& rule, std::uint32_t default_action) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    calls_.push_back({rule.action, rule.comparisons.empty()});
    if (number == __NR_SCMP_ERROR || rule.action == default_action) {
      calls_.back().plain = false;
      return;
    }
    // As libseccomp finds the call on other architectures.
    const Name known(seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number));
    for (const Architecture& architecture : architectures_)
      mention(architecture, known ? seccomp_syscall_resolve_name_arch(architecture.word, known.get()) : __NR_SCMP_ERROR);
  }

  void mention(const Architecture& architecture, int number) {
    if (number <= kNoCall) return;
    if (number >= 0) return mention_number(architecture, static_cast<std::uint32_t>(number));
    calls_.back().plain = false;
    for (const std::uint32_t carrier : architecture.carriers) mention_number(architecture, carrier);
  }

  void mention_number(const Architecture& architecture, std::uint32_t number) {
    mentions_.push_back({{audit_architecture(architecture.word), number, calls_.back().action}, calls_.size() - 1});
  }

  // What shares its number with another answer, or with a call that is not plain, is not plain. Whether there was any.
  bool separate() {
    bool found = false;
    for (auto first = mentions_.begin(); first != mentions_.end();) {
      const auto last = std::find_if(first, mentions_.end(), [&](const Mention& mention) {
        return mention.answer.architecture != first->answer.architecture || mention.answer.number != first->answer.number;
      });
      if (!std::all_of(first, last, [&](const Mention& mention) {
            return calls_[mention.call].plain && mention.answer.answer == first->answer.answer;
          }))
        for (auto mention = first; mention != last; ++mention) found |= std::exchange(calls_[mention->call].plain, false);
      first = last;
    }
    return found;
  }

  PlainCalls answer() const {
    PlainCalls found;
    std::set<std::uint32_t> actions;
    for (const Call& call : calls_) found.aside.push_back(call.plain && !actions.insert(call.action).second);
    for (const Mention& mention : mentions_)
      if (calls_[mention.call].plain && (found.answers.empty() || found.answers.back() != mention.answer))
        found.answers.push_back(mention.answer);
    return found;
  }

  std::vector<Architecture> architectures_;
  std::vector<Call> calls_;        // by their place in the profile
  std::vector<Mention> mentions_;  // of numbers
};

}  // namespace

PlainCalls find_plain_calls(const Profile& profile, const std::vector<std::uint32_t>& architectures) {
  return Finder(profile, architectures).find();
}

}  // namespace crumb::seccomp
