// A filter that decides as another one does, and sooner: by a binary search over ranges of numbers.
//
// The kernel runs a new filter once for each number of a call, so its shape is most of what attaching it costs; then it is run
// for each call that it looks into the arguments of. libseccomp compares with one number after another.
#pragma once

#include <linux/filter.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

namespace crumb::seccomp {

// The answer to one number of one architecture, whatever the arguments.
struct FixedAnswer {
  std::uint32_t architecture = 0;  // seccomp_data.arch
  std::uint32_t number = 0;        // seccomp_data.nr
  std::uint32_t answer = 0;        // SECCOMP_RET_*
  auto operator<=>(const FixedAnswer&) const = default;
};

// For any architecture, number and arguments the result answers as `program` does, but for the numbers that `fixed` has an
// answer to: `program` is followed once for each range of numbers between those that it compares with, and what is left of it
// there, answers and comparisons of arguments, is what the search leads to. `fixed`: sorted, each number once. Nothing when
// `program` does something else than load words, mask those of arguments, compare with constants, jump and answer, as
// libseccomp's do; or when the result is larger than the kernel takes.
std::optional<std::vector<sock_filter>> search_ranges(const std::vector<sock_filter>& program,
                                                      const std::vector<FixedAnswer>& fixed = {});

}  // namespace crumb::seccomp
