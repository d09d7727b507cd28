#include "wasm/code_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "kernel/call.h"
#include "linux/directory.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "support/quantities.h"
#include "support/text.h"
#include "wasm/code_key.h"
#include "wasm/compile_lock.h"
#include "wasm/digest_memo.h"
#include "wasm/trust.h"

namespace crumb::wasm {
namespace {

constexpr char kDraftPrefix[] = "draft-";
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

// Calls that nobody else makes.
long write_at(int file, std::string_view bytes, long offset) {
  return kernel::syscall(SYS_pwrite64, file, bytes.data(), bytes.size(), offset);
}
long sync(int file) { return kernel::syscall(SYS_fsync, file); }
long link(const std::string& from, int directory, const std::string& name) {
  return kernel::syscall(SYS_linkat, AT_FDCWD, from.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW);
}

bool is_memo(const std::string& name) { return name.starts_with(kMemoPrefix); }
// No entry, nor the half of one.
bool is_note(const std::string& name) { return is_memo(name) || name == kLockName; }

struct stat facts_of(int file) {
  struct stat facts{};
  check(kernel::fstat(file, &facts), "look at it");
  return facts;
}

std::string read_page(int file) {
  std::string page(wire::kCodeOffset, '\0');
  page.resize(static_cast<std::size_t>(check(kernel::pread64(file, page.data(), page.size(), 0), "read it")));
  return page;
}

void write_page(int file, const std::string& page, const std::string& name) {
  const long count = check(write_at(file, page, 0), "{}", name);
  if (static_cast<std::size_t>(count) != page.size()) throw fail("{}: {}", name, errno_text(ENOSPC));
}

// From the beginning, wherever an earlier look left the descriptor.
std::vector<linux::Entry> files_in(int directory, const std::string& name) {
  check(kernel::lseek(directory, 0, SEEK_SET), "{}", name);
  return linux::entries(directory, name);
}

// One process may write several.
std::string draft_name() {
  static unsigned number = 0;
  return fmt::format("{}{}-{}", kDraftPrefix, kernel::getpid(), ++number);
}

}  // namespace

std::string default_code_cache(bool machine_root) {
  if (const std::string given = environment("CRUMB_CODE_CACHE"); !given.empty()) return given;
  if (machine_root) return "/var/cache/crumb/aot";
  if (const std::string base = environment("XDG_CACHE_HOME"); base.starts_with('/')) return base + "/crumb/aot";
  const std::string home = environment("HOME");
  return home.starts_with('/') ? home + "/.cache/crumb/aot" : "";
}

std::uint64_t code_cache_limit() {
  constexpr std::uint64_t kDefault = 2ULL << 30;
  const std::string given = environment("CRUMB_CODE_CACHE_SIZE");
  if (given.empty()) return kDefault;
  const std::optional<std::int64_t> size = parse_size(given);
  if (!size || *size < 0) throw fail("CRUMB_CODE_CACHE_SIZE: {} is no size", quote(given));
  return static_cast<std::uint64_t>(*size);
}

Draft::~Draft() {
  if (!name_.empty()) kernel::unlinkat(directory_, name_.c_str(), 0);
}

std::optional<CodeCache> CodeCache::find(const std::string& path) {
  if (path.empty()) return {};
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (opened == -ENOENT) return {};
  Fd directory(check(opened, "wasm cache: {}", path));
  try {
    require_own_directory(facts_of(directory.get()));
  } catch (const Error& error) {
    throw fail("wasm cache: {}: {}", path, error.what());
  }
  return CodeCache(path, std::move(directory));
}

CodeCache CodeCache::make(const std::string& path) {
  if (path.empty()) throw fail("wasm cache: no place for it: set XDG_CACHE_HOME or HOME");
  const std::size_t slash = path.rfind('/');
  if (slash != 0 && slash != path.npos) make_directories(path.substr(0, slash), 0755);
  const long made = kernel::mkdirat(AT_FDCWD, path.c_str(), 0700);
  if (made != -EEXIST) check(made, "wasm cache: {}: make the directory", path);
  std::optional<CodeCache> cache = find(path);
  if (!cache) throw fail("wasm cache: {}: it vanished", path);
  return std::move(*cache);
}

// All that can be known of an entry without its key. Throws the reason.
CodeHeader CodeCache::check_file(int file, const std::string& name, bool read) const {
  const struct stat facts = facts_of(file);
  require_own_file(facts);
  CodeHeader header = decode(read_page(file));
  const auto size = static_cast<std::uint64_t>(facts.st_size) - wire::kCodeOffset;
  const bool is_refusal = !header.refusal.empty();
  if (header.size != size || (size == 0) != is_refusal)
    throw fail("it has {} bytes of code, its header says {}", size, header.size);
  if (is_refusal) return header;
  const Sha256Digest code =
      read ? digest_of(file, wire::kCodeOffset, name) : DigestMemo(directory()).digest(file, wire::kCodeOffset, name);
  if (code != header.code) throw fail("its code was changed");
  return header;
}

CodeCache::Opened CodeCache::open_checked(const Sha256Digest& key) const {
  const std::string file = hex(key);
  const long opened = kernel::openat(directory(), file.c_str(), kOpenFlags);
  if (opened == -ENOENT) return {};
  try {
    if (opened == -ELOOP) throw fail("it is a symbolic link");
    Fd entry(check(opened, "open it"));
    CodeHeader header = check_file(entry.get(), file);
    if (header.key != key) throw fail("it is of another module");
    return {std::move(entry), std::move(header)};
  } catch (const Error& error) {
    log::warning(fmt::format("wasm cache: {}/{} is not used: {}", path_, file, error.what()));
    return {};
  }
}

Fd CodeCache::open_code(const Sha256Digest& module, bool frames) const {
  for (const unsigned level : kLevels) {
    Opened entry = open_checked(code_key(module, {level, frames}));
    if (entry.file && entry.header.refusal.empty()) return std::move(entry.file);
  }
  return {};
}

CodeCache::Known CodeCache::known(const Sha256Digest& module, CodeKind kind, std::string* refusal) const {
  Opened entry = open_checked(code_key(module, kind));
  if (!entry.file) return Known::nothing;
  if (entry.header.refusal.empty()) return Known::code;
  if (refusal) *refusal = std::move(entry.header.refusal);
  return Known::refusal;
}

Draft CodeCache::draft() const {
  constexpr unsigned kMode = 0600;
  long opened = kernel::openat(directory(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kMode);
  std::string name;
  if (opened == -EOPNOTSUPP || opened == -EISDIR) {  // filesystems without such files
    name = draft_name();
    kernel::unlinkat(directory(), name.c_str(), 0);  // of an earlier process with this number
    opened = kernel::openat(directory(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, kMode);
  }
  Fd file(check(opened, "wasm cache: {}", path_));
  Draft result(std::move(file), std::move(name), directory());
  check(kernel::lseek(result.file(), wire::kCodeOffset, SEEK_SET), "wasm cache: {}", path_);
  return result;
}

// Under its name at once, complete and on disk. Only where an older one has to be replaced it has another name for a moment.
void CodeCache::publish(Draft draft, const CodeHeader& header) const {
  const std::string name = hex(header.key);
  write_page(draft.file(), encode(header), path_);
  check(sync(draft.file()), "wasm cache: {}", path_);
  const std::string self = fmt::format("/proc/self/fd/{}", draft.file());
  const long linked = draft.name_.empty() ? link(self, directory(), name) : -EEXIST;
  if (linked != -EEXIST) {
    check(linked, "wasm cache: {}", path_);
  } else {
    if (draft.name_.empty()) name_draft(draft, self);
    check(kernel::renameat(directory(), draft.name_.c_str(), directory(), name.c_str()), "wasm cache: {}", path_);
    draft.name_.clear();
  }
  sync(directory());
}

void CodeCache::name_draft(Draft& draft, const std::string& self) const {
  const std::string name = draft_name();
  kernel::unlinkat(directory(), name.c_str(), 0);
  check(link(self, directory(), name), "wasm cache: {}", path_);
  draft.name_ = name;
}

void CodeCache::keep(Draft draft, CodeHeader header) const {
  header.key = code_key(header.module, header.kind, header.build);
  header.size = static_cast<std::uint64_t>(facts_of(draft.file()).st_size) - wire::kCodeOffset;
  header.code = digest_of(draft.file(), wire::kCodeOffset, path_);
  publish(std::move(draft), header);
  evict(code_cache_limit(), hex(header.key));
}

void CodeCache::refuse(CodeHeader header) const {
  header.key = code_key(header.module, header.kind, header.build);
  header.size = 0;
  if (known(header.module, header.kind) != Known::code) publish(draft(), header);
}

Fd CodeCache::copy(int file, const std::string& name) const {
  constexpr std::size_t kPart = 256U << 10;
  const Draft draft = this->draft();
  check(kernel::lseek(draft.file(), 0, SEEK_SET), "wasm cache: {}", path_);
  std::vector<char> buffer(kPart);
  for (std::uint64_t at = 0;;) {
    const long count = kernel::pread64(file, buffer.data(), buffer.size(), static_cast<long>(at));
    if (count == -EINTR) continue;
    if (check(count, "\"{}\"", name) == 0) break;
    if ((at += static_cast<std::uint64_t>(count)) > kLargestModule) throw fail("\"{}\": it has more than 512 MiB", name);
    write_all(draft.file(), {buffer.data(), static_cast<std::size_t>(count)}, "wasm cache: " + path_);
  }
  const std::string self = fmt::format("/proc/self/fd/{}", draft.file());
  return Fd(check(kernel::openat(AT_FDCWD, self.c_str(), O_RDONLY | O_CLOEXEC), "wasm cache: {}", path_));
}

std::vector<CodeCache::Entry> CodeCache::entries(bool read) const {
  std::vector<Entry> found;
  for (const linux::Entry& named : files_in(directory(), path_)) {
    if (is_note(named.name)) continue;
    Entry entry{named.name, 0, 0, 0, {}, {}};
    try {
      const Fd file(check(kernel::openat(directory(), named.name.c_str(), kOpenFlags), "open it"));
      const struct stat facts = facts_of(file.get());
      entry.bytes = static_cast<std::uint64_t>(facts.st_size);
      entry.time = facts.st_mtim.tv_sec;
      entry.used = std::max(entry.time, DigestMemo(directory()).last_use(facts));
      CodeHeader header = check_file(file.get(), named.name, read);
      if (hex(header.key) != named.name) throw fail("it is not called as its key");
      entry.header = std::move(header);
    } catch (const Error& error) {
      entry.reason = error.what();
    }
    found.push_back(std::move(entry));
  }
  return found;
}

void CodeCache::remove(const Entry& entry) const {
  struct stat facts{};
  const bool there = kernel::fstatat(directory(), entry.file.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
  const long removed = kernel::unlinkat(directory(), entry.file.c_str(), 0);
  if (removed != -ENOENT) check(removed, "wasm cache: {}/{}", path_, entry.file);
  if (there) DigestMemo(directory()).forget(facts);
}

// Of modules, and of entries that are not there any more. A refusal may have had reasons that are gone by then: it has one
// page.
void CodeCache::forget_unused(std::int64_t before) const {
  for (const linux::Entry& named : files_in(directory(), path_)) {
    struct stat facts{};
    if (named.name == kLockName) continue;
    if (kernel::fstatat(directory(), named.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) < 0 || facts.st_mtim.tv_sec >= before)
      continue;
    if (!is_memo(named.name) && facts.st_size != static_cast<off_t>(wire::kCodeOffset)) continue;
    kernel::unlinkat(directory(), named.name.c_str(), 0);
  }
}

std::vector<CodeCache::Entry> CodeCache::prune(bool all) const {
  std::vector<Entry> removed;
  for (Entry& entry : entries()) {
    if (!all && entry.header && entry.header->build == code_build()) continue;
    remove(entry);
    removed.push_back(std::move(entry));
  }
  if (all) {
    forget_unused(std::numeric_limits<std::int64_t>::max());
    remove_idle_lock(directory());
  }
  return removed;
}

std::vector<CodeCache::Flaw> CodeCache::flaws() const {
  std::vector<Flaw> found;
  const auto look = [&](const std::string& name, auto&& check) {
    try {
      check();
    } catch (const Error& error) {
      found.push_back({name, error.what()});
    }
  };
  for (const linux::Entry& named : files_in(directory(), path_)) {
    if (named.name == kLockName) look(named.name, [&] { open_lock(directory()); });
    if (is_memo(named.name)) look(named.name, [&] { DigestMemo(directory()).check_file(named.name); });
    if (is_note(named.name)) continue;
    const Fd file(kernel::openat(directory(), named.name.c_str(), kOpenFlags));
    if (!file || !S_ISREG(facts_of(file.get()).st_mode)) continue;  // a bad entry
    if (const std::string memo = DigestMemo(directory()).lie(file.get(), wire::kCodeOffset); !memo.empty())
      found.push_back({memo, "it remembers a digest that its file does not have"});
  }
  return found;
}

void CodeCache::remove(const Flaw& flaw) const {
  const long removed = kernel::unlinkat(directory(), flaw.file.c_str(), 0);
  if (removed != -ENOENT) check(removed, "wasm cache: {}/{}", path_, flaw.file);
}

CodeCache::Removed CodeCache::evict(std::uint64_t limit, const std::string& kept) const {
  constexpr std::int64_t kMonth = 30L * 24 * 3600;  // seconds
  forget_unused(std::time(nullptr) - kMonth);
  std::vector<Entry> found;
  std::uint64_t bytes = 0;
  for (const linux::Entry& named : files_in(directory(), path_)) {
    struct stat facts{};
    if (is_note(named.name) || kernel::fstatat(directory(), named.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) < 0) continue;
    const std::int64_t used = std::max<std::int64_t>(facts.st_mtim.tv_sec, DigestMemo(directory()).last_use(facts));
    found.push_back({named.name, static_cast<std::uint64_t>(facts.st_size), facts.st_mtim.tv_sec, used, {}, {}});
    bytes += found.back().bytes;
  }
  std::ranges::sort(found, {}, &Entry::used);
  Removed removed;
  for (const Entry& entry : found) {
    if (limit == 0 || bytes <= limit) break;
    if (entry.file == kept) continue;
    remove(entry);
    bytes -= entry.bytes;
    removed = {removed.count + 1, removed.bytes + entry.bytes};
  }
  return removed;
}

}  // namespace crumb::wasm
