#include "engine/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/descriptor.h"
#include "engine/preopens.h"
#include "engine/wasi_table.h"
#include "wire/statx.h"

extern "C" struct fd_prestats;

namespace crumb::engine {
namespace {

using Errno = std::uint16_t;  // __wasi_errno_t
using Number = std::int32_t;  // __wasi_fd_t

constexpr Errno kNotCapable = 76;
constexpr std::uint32_t kFollow = 1;     // __wasi_lookupflags_t
constexpr std::uint16_t kCreateNew = 5;  // __wasi_oflags_t: create, exclusively

bool enabled = false;
std::string working_directory;  // NOLINT: written once, before the guest's first instruction

// The buffer into which a guest reads a link by path_readlink: it gets the raw text.
thread_local const char* raw_link = nullptr;

// (a preopened directory, path below it) as one path below "/".
class FromRoot {
 public:
  // False when the path is absolute (WASI has none) or the pair is not below a preopen, or "/" is no longer number 3.
  bool set(wasm_exec_env_t environment, Number directory, const char* path, std::size_t length) {
    char name[PATH_MAX];
    if (!enabled || length == 0 || path[0] == '/' || directory == kFirstPreopen) return false;
    if (!crumb_preopen_name(environment, kFirstPreopen, name, sizeof(name)) || std::strcmp(name, "/") != 0) return false;
    if (!crumb_preopen_name(environment, directory, name, sizeof(name))) return false;
    const std::string_view base = std::strcmp(name, ".") == 0 ? std::string_view(working_directory) : name;
    text_.assign(base.substr(1)).append("/").append(path, length);
    return true;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// call(directory, path, length), and again from "/" when the path was refused because it leaves its directory. Such a refusal
// comes before anything was done.
template <class Call>
Errno retry_from_root(wasm_exec_env_t environment, Number directory, const char* path, std::size_t length, const Call& call) {
  const Errno error = call(directory, path, length);
  FromRoot whole;
  if (error != kNotCapable || !whole.set(environment, directory, path, length)) return error;
  return call(kFirstPreopen, whole.text().data(), whole.text().size());
}

struct Place {
  dev_t device;
  ino_t inode;
  std::uint64_t mount;

  bool operator==(const Place&) const = default;
};

// The mount belongs to a directory's identity: the root may be mounted a second time below itself.
bool place_of(int directory, const char* name, Place& place) {
  struct statx status = {};
  if (::statx(directory, name, AT_EMPTY_PATH, STATX_INO | wire::kStatxMountId, &status) != 0) return false;
  place = {static_cast<dev_t>(status.stx_dev_major) << 32 | status.stx_dev_minor, status.stx_ino, 0};
  if ((status.stx_mask & wire::kStatxMountId) != 0) place.mount = wire::mount_id(status);
  return true;
}

// Number of directories between "/" and this one; -1 when that cannot be found out.
int depth_of(int directory) {
  constexpr int kDeepest = 128;  // WAMR goes no deeper
  Place root = {}, here = {};
  if (!place_of(AT_FDCWD, "/", root)) return -1;
  Descriptor above;
  for (int depth = 0; depth < kDeepest; ++depth) {
    const int current = above ? above.get() : directory;
    if (!place_of(current, "", here)) return -1;
    if (here == root) return depth;
    above = Descriptor(::openat(current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!above) return -1;
  }
  return -1;
}

// An absolute link in `directory`, seen from there: "../" for each level, then the target.
std::string relative_target(int directory, std::string_view target) {
  const int depth = depth_of(directory);
  if (depth < 0) return std::string(target);  // stays absolute: refused
  while (target.starts_with('/')) target.remove_prefix(1);
  std::string result;
  for (int level = 0; level < depth; ++level) result += "../";
  result.append(target);
  return result.empty() ? "." : result;
}

}  // namespace

void resolve_paths_from_root(std::string directory) {
  working_directory = std::move(directory);
  enabled = true;
}

}  // namespace crumb::engine

// The functions behind the wraps, with their declarations in wasmtime_ssp.h and platform_api_extension.h.
using crumb::engine::Errno;
using crumb::engine::kCreateNew;
using crumb::engine::kFollow;
using crumb::engine::Number;
using crumb::engine::retry_from_root;

#define CRUMB_TABLE wasm_exec_env_t environment, fd_table *table
#define CRUMB_PATH Number directory, const char *path, std::size_t length

extern "C" {

Errno __real_wasmtime_ssp_path_create_directory(CRUMB_TABLE, CRUMB_PATH);
Errno __wrap_wasmtime_ssp_path_create_directory(CRUMB_TABLE, CRUMB_PATH) {
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_create_directory(environment, table, at, text, size);
  });
}

Errno __real_wasmtime_ssp_path_remove_directory(CRUMB_TABLE, CRUMB_PATH);
Errno __wrap_wasmtime_ssp_path_remove_directory(CRUMB_TABLE, CRUMB_PATH) {
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_remove_directory(environment, table, at, text, size);
  });
}

Errno __real_wasmtime_ssp_path_unlink_file(CRUMB_TABLE, CRUMB_PATH);
Errno __wrap_wasmtime_ssp_path_unlink_file(CRUMB_TABLE, CRUMB_PATH) {
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_unlink_file(environment, table, at, text, size);
  });
}

Errno __real_wasmtime_ssp_path_open(CRUMB_TABLE, Number directory, std::uint32_t lookup, const char* path, std::size_t length,
                                    std::uint16_t flags, std::uint64_t base, std::uint64_t inheriting, std::uint16_t status,
                                    Number* opened);
Errno __wrap_wasmtime_ssp_path_open(CRUMB_TABLE, Number directory, std::uint32_t lookup, const char* path, std::size_t length,
                                    std::uint16_t flags, std::uint64_t base, std::uint64_t inheriting, std::uint16_t status,
                                    Number* opened) {
  // open(2): a link in the place of what is to be created is never followed. WAMR resolves it before the kernel sees the flags.
  if ((flags & kCreateNew) == kCreateNew) lookup &= ~kFollow;
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_open(environment, table, at, lookup, text, size, flags, base, inheriting, status, opened);
  });
}

Errno __real_wasmtime_ssp_path_readlink(CRUMB_TABLE, CRUMB_PATH, char* buffer, std::size_t room, std::size_t* used);
Errno __wrap_wasmtime_ssp_path_readlink(CRUMB_TABLE, CRUMB_PATH, char* buffer, std::size_t room, std::size_t* used) {
  crumb::engine::raw_link = buffer;
  const Errno error = retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_readlink(environment, table, at, text, size, buffer, room, used);
  });
  crumb::engine::raw_link = nullptr;
  return error;
}

Errno __real_wasmtime_ssp_path_filestat_get(CRUMB_TABLE, Number directory, std::uint32_t lookup, const char* path,
                                            std::size_t length, void* status);
Errno __wrap_wasmtime_ssp_path_filestat_get(CRUMB_TABLE, Number directory, std::uint32_t lookup, const char* path,
                                            std::size_t length, void* status) {
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_filestat_get(environment, table, at, lookup, text, size, status);
  });
}

Errno __real_wasmtime_ssp_path_filestat_set_times(CRUMB_TABLE, Number directory, std::uint32_t lookup, const char* path,
                                                  std::size_t length, std::uint64_t access, std::uint64_t change,
                                                  std::uint16_t which);
Errno __wrap_wasmtime_ssp_path_filestat_set_times(CRUMB_TABLE, Number directory, std::uint32_t lookup, const char* path,
                                                  std::size_t length, std::uint64_t access, std::uint64_t change,
                                                  std::uint16_t which) {
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_filestat_set_times(environment, table, at, lookup, text, size, access, change, which);
  });
}

Errno __real_wasmtime_ssp_path_symlink(CRUMB_TABLE, fd_prestats* preopens, const char* target, std::size_t target_length,
                                       CRUMB_PATH);
Errno __wrap_wasmtime_ssp_path_symlink(CRUMB_TABLE, fd_prestats* preopens, const char* target, std::size_t target_length,
                                       CRUMB_PATH) {
  return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
    return __real_wasmtime_ssp_path_symlink(environment, table, preopens, target, target_length, at, text, size);
  });
}

// Two paths: each of them may be the one that was refused.
Errno __real_wasmtime_ssp_path_rename(CRUMB_TABLE, CRUMB_PATH, Number to, const char* name, std::size_t name_length);
Errno __wrap_wasmtime_ssp_path_rename(CRUMB_TABLE, CRUMB_PATH, Number to, const char* name, std::size_t name_length) {
  return retry_from_root(environment, to, name, name_length, [&](Number new_at, const char* new_text, std::size_t new_size) {
    return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
      return __real_wasmtime_ssp_path_rename(environment, table, at, text, size, new_at, new_text, new_size);
    });
  });
}

Errno __real_wasmtime_ssp_path_link(CRUMB_TABLE, fd_prestats* preopens, Number directory, std::uint32_t lookup,
                                    const char* path, std::size_t length, Number to, const char* name, std::size_t name_length);
Errno __wrap_wasmtime_ssp_path_link(CRUMB_TABLE, fd_prestats* preopens, Number directory, std::uint32_t lookup,
                                    const char* path, std::size_t length, Number to, const char* name,
                                    std::size_t name_length) {
  return retry_from_root(environment, to, name, name_length, [&](Number new_at, const char* new_text, std::size_t new_size) {
    return retry_from_root(environment, directory, path, length, [&](Number at, const char* text, std::size_t size) {
      return __real_wasmtime_ssp_path_link(environment, table, preopens, at, lookup, text, size, new_at, new_text, new_size);
    });
  });
}

Errno __real_os_readlinkat(int directory, const char* path, char* buffer, std::size_t room, std::size_t* used);
Errno __wrap_os_readlinkat(int directory, const char* path, char* buffer, std::size_t room, std::size_t* used) {
  const Errno error = __real_os_readlinkat(directory, path, buffer, room, used);
  // A full buffer may hold a cut target: WAMR comes back with a larger one.
  if (error != 0 || !crumb::engine::enabled || buffer == crumb::engine::raw_link || *used == 0 || *used >= room ||
      buffer[0] != '/')
    return error;
  const std::string target = crumb::engine::relative_target(directory, std::string_view(buffer, *used));
  *used = std::min(target.size(), room);
  std::memcpy(buffer, target.data(), *used);
  return 0;
}
}
