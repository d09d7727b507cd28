#include "linux/seccomp_filter.h"

#include <linux/bpf_common.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "kernel/call.h"
#include "kernel/seccomp.h"
#include "linux/helper.h"
#include "support/error.h"
#include "support/log.h"
#include "support/word_list.h"
#include "wire/seccomp_profile.h"

namespace crumb::linux {
namespace {

// Of crumb's part in a filter: one more when it reads a profile otherwise, or crumb-seccomp makes another filter of the same
// one.
constexpr char kFilterVersion[] = "crumb filter 4";

// `profile`: its text in config.json or its words, which never are the same bytes. The filter does not depend on the kernel
// today; a newer libseccomp may ask it.
std::string key_of(std::string_view profile, bool strict) {
  utsname machine{};
  check(::uname(&machine) < 0 ? -errno : 0, "uname");
  WordWriter words;
  for (const std::string_view word :
       std::initializer_list<std::string_view>{kFilterVersion, CRUMB_LIBSECCOMP, machine.machine, machine.release,
                                               strict ? wire::kSeccompStrict : wire::kSeccompLenient})
    words.text(word);
  return words.take().append(profile);
}

// The kernel looks at the flags before it looks for the program (seccomp(2): EINVAL against EFAULT).
bool knows_flags(std::uint64_t flags) {
  // Means nothing without a listener, and is refused then.
  if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  flags &= ~std::uint64_t{SECCOMP_FILTER_FLAG_TSYNC};  // which every kernel has, and none together with a listener
  return kernel::seccomp(SECCOMP_SET_MODE_FILTER, flags, nullptr) == -EFAULT;
}

void refuse_unknown_flags(std::uint64_t flags, const std::string& name) {
  if (flags == 0 || knows_flags(flags)) return;
  for (const kernel::SeccompFlag& flag : kernel::kSeccompFlags)
    if ((flags & flag.value) != 0 && !knows_flags(flag.value))
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

// What the cache keeps: the flags, then the instructions.
std::string kept_form(std::uint64_t flags, std::string_view program) {
  std::string bytes(reinterpret_cast<const char*>(&flags), sizeof flags);
  return bytes.append(program);
}

std::optional<KnownFilter> find_kept(const Cache& cache, std::string_view key) {
  const std::optional<std::string> bytes = cache.find(key);
  if (!bytes || bytes->size() < sizeof(KnownFilter::flags)) return std::nullopt;
  KnownFilter filter;
  std::memcpy(&filter.flags, bytes->data(), sizeof filter.flags);
  filter.program = instructions(std::string_view(*bytes).substr(sizeof filter.flags));
  return filter;
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

Cache& SeccompFilter::cache() {
  if (!cache_) cache_.emplace(directory_);
  return *cache_;
}

std::optional<KnownFilter> SeccompFilter::find(std::string_view text, bool strict, const std::string& name) {
  missed_ = key_of(text, strict);
  std::optional<KnownFilter> filter = find_kept(cache(), missed_);
  if (filter) refuse_unknown_flags(filter->flags, name);
  return filter;
}

std::vector<std::uint64_t> SeccompFilter::make(const oci::Seccomp& profile, bool strict, const std::string& name) {
  refuse_unknown_flags(profile.flags, name);
  const std::string words = seccomp_profile(profile, strict);
  // find() cannot say what an agent has to be told.
  const bool by_text = !missed_.empty() && !profile.notifies();
  const std::string key = by_text ? missed_ : key_of(words, strict);
  if (!by_text)
    if (std::optional<KnownFilter> kept = find_kept(cache(), key)) return std::move(kept->program);
  const std::string bytes = compile(words, helper_, name);
  std::vector<std::uint64_t> program = instructions(bytes);
  cache().store(key, kept_form(profile.flags, bytes));
  return program;
}

}  // namespace crumb::linux
