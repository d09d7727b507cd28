#include "linux/seccomp_filter.h"

#include <linux/bpf_common.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "kernel/call.h"
#include "kernel/seccomp.h"
#include "linux/cache.h"
#include "linux/helper.h"
#include "support/error.h"
#include "support/log.h"
#include "support/sha256.h"
#include "support/word_list.h"
#include "wire/seccomp_profile.h"

namespace crumb::linux {
namespace {

// Of crumb's part in a filter: one more when crumb-seccomp makes another filter of the same profile.
constexpr char kFilterVersion[] = "crumb filter 2";

// The filter does not depend on the kernel today; a newer libseccomp may ask it.
std::string key_of(std::string_view profile) {
  utsname machine{};
  check(::uname(&machine) < 0 ? -errno : 0, "uname");
  WordWriter words;
  for (const std::string_view word :
       std::initializer_list<std::string_view>{kFilterVersion, CRUMB_LIBSECCOMP, machine.machine, machine.release})
    words.text(word);
  Sha256 hash;
  hash.add(words.take());
  hash.add(profile);
  return hex(hash.finish());
}

// The kernel looks at the flags before it looks for the program (seccomp(2): EINVAL against EFAULT).
bool knows_flags(std::uint64_t flags) {
  // Means nothing without a listener, and is refused then.
  if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  flags &= ~std::uint64_t{SECCOMP_FILTER_FLAG_TSYNC};  // which every kernel has, and none together with a listener
  return kernel::seccomp(SECCOMP_SET_MODE_FILTER, flags, nullptr) == -EFAULT;
}

void refuse_unknown_flags(const oci::Seccomp& profile, const std::string& name) {
  if (profile.flags == 0 || knows_flags(profile.flags)) return;
  for (const kernel::SeccompFlag& flag : kernel::kSeccompFlags)
    if ((profile.flags & flag.value) != 0 && !knows_flags(flag.value))
      throw fail("{}: linux.seccomp.flags: this kernel does not know {}", name, flag.word);
}

// A line each.
template <class F>
void for_each_line(std::string_view text, const F& f) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    f(text.substr(at, end - at));
    at = end + 1;
  }
}

std::string compile(const std::string& profile, const std::string& helper, const std::string& name) {
  HelperResult result = run_helper(helper, profile);
  if (result.code != 0) {
    const std::string reason = result.err.substr(0, result.err.find('\n'));
    if (reason.empty()) throw fail("crumb-seccomp ended with exit code {}", result.code);
    throw fail("{}: linux.seccomp.{}", name, reason);
  }
  for_each_line(result.err, [](std::string_view line) { log::debug(fmt::format("linux.seccomp.{}", line)); });
  return std::move(result.out);
}

std::vector<std::uint64_t> instructions(std::string_view bytes) {
  std::vector<std::uint64_t> program(bytes.size() / sizeof(std::uint64_t));
  if (program.empty() || program.size() > BPF_MAXINSNS || bytes.size() % sizeof(std::uint64_t) != 0)
    throw fail("crumb-seccomp made a filter of {} bytes", bytes.size());
  std::memcpy(program.data(), bytes.data(), bytes.size());
  return program;
}

}  // namespace

std::string seccomp_profile(const oci::Seccomp& profile, bool strict) {
  WordWriter words;
  words.text(wire::kSeccompProfile);
  words.text(strict ? wire::kSeccompStrict : wire::kSeccompLenient);
  words.number(profile.default_action);
  words.each(profile.architectures, [&](std::string_view name) { words.text(name); });
  words.each(profile.rules, [&](const oci::SeccompRule& rule) {
    words.number(rule.action);
    words.each(rule.names, [&](const std::string& call) { words.text(call); });
    words.each(rule.arguments, [&](const oci::SeccompArgument& argument) {
      words.number(argument.index);
      words.number(static_cast<std::uint64_t>(argument.op));
      words.number(argument.value);
      words.number(argument.value_two);
    });
  });
  return words.take();
}

std::uint64_t supported_seccomp_flags() {
  std::uint64_t known = 0;
  for (const kernel::SeccompFlag& flag : kernel::kSeccompFlags)
    if (knows_flags(flag.value)) known |= flag.value;
  return known;
}

std::vector<std::uint64_t> seccomp_filter(const oci::Seccomp& profile, const SeccompCompiler& compiler,
                                          const std::string& name) {
  refuse_unknown_flags(profile, name);
  const std::string words = seccomp_profile(profile, compiler.strict);
  const std::string key = key_of(words);
  Cache cache(compiler.cache);
  if (const std::optional<std::string> found = cache.find(key)) return instructions(*found);
  const std::string bytes = compile(words, compiler.helper, name);
  std::vector<std::uint64_t> program = instructions(bytes);
  cache.store(key, bytes);
  return program;
}

}  // namespace crumb::linux
