#include "container/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>

#include "container/state_text.h"
#include "linux/directory.h"
#include "support/error.h"
#include "support/file.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

namespace json = boost::json;

constexpr char kStateFile[] = "state.json";
constexpr char kConfigFile[] = "config.json";
constexpr std::size_t kLongestId = 255;

plan::RdtGroup rdt_from_json(const json::value& value) {
  plan::RdtGroup group;
  group.mountpoint = json::value_to<std::string>(value.at("mountpoint"));
  group.directory = json::value_to<std::string>(value.at("directory"));
  group.monitor = json::value_to<std::string>(value.at("monitor"));
  return group;
}

plan::CgroupLeaf leaf_from_json(const json::value& value) {
  plan::CgroupLeaf leaf;
  leaf.mountpoint = json::value_to<std::string>(value.at("mountpoint"));
  leaf.path = json::value_to<std::string>(value.at("path"));
  leaf.unified = value.at("unified").as_bool();
  leaf.required = value.at("required").as_bool();
  leaf.controllers = json::value_to<std::vector<std::string>>(value.at("controllers"));
  return leaf;
}

CompileLater compile_from_json(const json::value& value) {
  CompileLater compile{json::value_to<std::string>(value.at("module")), json::value_to<std::string>(value.at("name")),
                       value.at("frames").as_bool(), json::value_to<int>(value.at("descriptor"))};
  if (const json::value* root = value.as_object().if_contains("root")) {
    compile.root = json::value_to<std::string>(*root);
    compile.path = json::value_to<std::string>(value.at("path"));
  }
  return compile;
}

State from_json(const json::value& value) {
  State state;
  state.id = json::value_to<std::string>(value.at("id"));
  state.bundle = json::value_to<std::string>(value.at("bundle"));
  state.rootfs = json::value_to<std::string>(value.at("rootfs"));
  state.created = json::value_to<std::string>(value.at("created"));
  state.pid = json::value_to<int>(value.at("pid"));
  state.start_time = json::value_to<std::uint64_t>(value.at("startTime"));
  state.ready = value.at("ready").as_bool();
  if (const json::value* keyring = value.as_object().if_contains("keyring")) state.keyring = keyring->as_bool();
  state.poststart = value.as_object().contains("poststart");
  state.poststop = value.as_object().contains("poststop");
  if (const json::value* descriptors = value.as_object().if_contains("descriptors"))
    state.descriptors = json::value_to<std::vector<std::string>>(*descriptors);
  state.annotations = json::value_to<std::map<std::string, std::string>>(value.at("annotations"));
  for (const json::value& leaf : value.at("cgroups").as_array()) state.cgroups.push_back(leaf_from_json(leaf));
  if (const json::value* unit = value.as_object().if_contains("unit")) state.unit = json::value_to<std::string>(*unit);
  if (const json::value* rdt = value.as_object().if_contains("rdt")) {
    state.rdt = rdt_from_json(*rdt);
    state.rdt_made = rdt->at("made").as_bool();
  }
  if (const json::value* compile = value.as_object().if_contains("compile")) state.compile = compile_from_json(*compile);
  return state;
}

bool valid_id(const std::string& id) {
  if (id.empty() || id.size() > kLongestId || id == "." || id == "..") return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '.' ||
           c == '-';
  });
}

// Nothing when there is no such directory; a link or a file of that name is none.
std::optional<Fd> open_directory(int at, const std::string& id) {
  const long opened = kernel::openat(at, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened == -ENOENT || opened == -ENOTDIR || opened == -ELOOP) return std::nullopt;
  return Fd(check(opened, "container \"{}\"", id));
}

// What others can write to, or make lead elsewhere, could have crumb, as root, kill and remove what they like.
void refuse_foreign(int directory, const std::string& path) {
  struct stat itself{}, facts{};
  check(kernel::fstatat(AT_FDCWD, path.c_str(), &itself, AT_SYMLINK_NOFOLLOW), "--root {}", path);
  check(kernel::fstat(directory, &facts), "--root {}", path);
  const uid_t ours = geteuid();
  for (const uid_t owner : {itself.st_uid, facts.st_uid})
    if (owner != ours && owner != 0) throw fail("--root {}: it belongs to user {}, not to {}", path, owner, ours);
  if (facts.st_mode & S_IWOTH) throw fail("--root {}: everybody can write to it", path);
}

// True when the name still leads to what we opened: the lock may have been waited for while the container was removed.
bool still_there(int root, const std::string& id, int directory) {
  struct stat ours{}, theirs{};
  check(kernel::fstat(directory, &ours), "container \"{}\"", id);
  const long result = kernel::fstatat(root, id.c_str(), &theirs, AT_SYMLINK_NOFOLLOW);
  if (result == -ENOENT) return false;
  check(result, "container \"{}\"", id);
  return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

void lock(int directory, const std::string& id, int operation = LOCK_EX) {
  long result = 0;
  do result = kernel::flock(directory, operation);
  while (result == -EINTR);
  check(result, "container \"{}\": lock", id);
}

void make_fifo(int directory, const char* name, const std::string& id) {
  check(kernel::mknodat(directory, name, S_IFIFO | 0600, 0), "container \"{}\": FIFO \"{}\"", id, name);
}

Fd open_fifo(int directory, const char* name, const std::string& id) {
  return Fd(check(kernel::openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW), "container \"{}\": FIFO \"{}\"", id, name));
}

}  // namespace

void check_id(const std::string& id) {
  if (valid_id(id)) return;
  if (id.empty()) throw Error("container id: it is empty");
  if (id.size() > kLongestId) throw fail("container id: {} characters, and {} is the most", id.size(), kLongestId);
  std::string shown = id;
  std::ranges::replace_if(shown, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  throw fail(
      "container id \"{}\": invalid characters or name: letters, digits and _ + . - may be used, but not as \".\" or \"..\"",
      shown);
}

// Whatever is still mounted below goes with it; rmdir cannot remove what is in a root filesystem.
void remove_criu_root(int directory) {
  const long opened = kernel::openat(directory, kCriuRoot, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return;
  Fd root(opened);
  const std::string path = read_link(fmt::format("/proc/self/fd/{}", root.get()));
  root.reset();
  while (kernel::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) >= 0) {
  }
  kernel::unlinkat(directory, kCriuRoot, AT_REMOVEDIR);
}

std::optional<State> Entry::read() const {
  const long opened = kernel::openat(directory_.get(), kStateFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (opened == -ENOENT || opened == -ELOOP) return std::nullopt;
  const std::string place = fmt::format("container \"{}\": {}", id_, kStateFile);
  const Fd file(check(opened, "{}", place));
  const std::string text = read_all(file.get(), place);
  try {
    const json::value value = json::parse(text);
    // Of a newer crumb: removing it without knowing its processes would be wrong.
    if (const std::int64_t version = value.at("version").as_int64(); version > kStateVersion)
      throw fail("{}: version {}, and this crumb knows {}", place, version, kStateVersion);
    return from_json(value);
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {  // whatever Boost.JSON throws for bytes that are not a state of ours
    return std::nullopt;
  }
}

void Entry::write(const State& state) const {
  const trace::Span span("write state.json");
  replace_file(directory_.get(), kStateFile, state_text(state));
}
void Entry::write_config(const std::string& text) const { replace_file(directory_.get(), kConfigFile, text); }
std::string Entry::read_config() const { return read_file(directory_.get(), kConfigFile); }

Entry::Fifos Entry::make_fifos() const {
  make_fifo(directory_.get(), kStartFifo, id_);
  make_fifo(directory_.get(), kResultFifo, id_);
  return {open_fifo(directory_.get(), kStartFifo, id_), open_fifo(directory_.get(), kResultFifo, id_)};
}

void Entry::unlock() const { lock(directory_.get(), id_, LOCK_UN); }

bool Entry::lock_again() const {
  lock(directory_.get(), id_);
  return still_there(root_.get(), id_, directory_.get());
}

void Entry::remove() {
  if (!still_there(root_.get(), id_, directory_.get())) return;
  // Only crumb writes here, and it holds the lock. state.json goes last: until then the container can be found and removed
  // again by whoever comes after a crumb that was killed here.
  const auto unlink = [&](const std::string& name) {
    const long result = kernel::unlinkat(directory_.get(), name.c_str(), 0);
    if (result != -ENOENT) check(result, "container \"{}\": remove its {}", id_, name);
  };
  const Fd again(check(kernel::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "container \"{}\"", id_));
  for (const linux::Entry& file : linux::entries(again.get(), id_)) {
    if (file.name == kCriuRoot)
      remove_criu_root(directory_.get());
    else if (file.name != kStateFile)
      unlink(file.name);
  }
  unlink(kStateFile);
  const long result = kernel::unlinkat(root_.get(), id_.c_str(), AT_REMOVEDIR);
  if (result != -ENOENT) check(result, "container \"{}\": remove its state", id_);
}

Store::Store(const std::string& root, bool make) : path_(root) {
  const auto open = [&] { return kernel::openat(AT_FDCWD, root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); };
  long opened = open();
  if (opened == -ENOENT && make) {
    make_directories(root, 0700 | S_ISVTX);
    opened = open();
  }
  if (opened == -ENOENT) return;
  root_ = Fd(check(opened, "--root {}", root));
  refuse_foreign(root_.get(), root);
}

Entry Store::hold(const std::string& id, Fd directory) const {
  return Entry(id, Fd(check(kernel::fcntl(root_.get(), F_DUPFD_CLOEXEC, 3), "--root {}", path_)), std::move(directory));
}

Entry Store::create(const std::string& id) const {
  const trace::Span span("make the state directory");
  check_id(id);
  if (!root_) throw fail("container \"{}\": {} does not exist", id, path_);
  const long result = kernel::mkdirat(root_.get(), id.c_str(), 0700);
  if (result == -EEXIST) throw fail("container \"{}\" already exists", id);
  check(result, "container \"{}\": make its state below {}", id, path_);
  std::optional<Fd> directory;
  try {
    directory = open_directory(root_.get(), id);
    if (directory) lock(directory->get(), id);
  } catch (const Error&) {
    kernel::unlinkat(root_.get(), id.c_str(), AT_REMOVEDIR);
    throw;
  }
  // A `delete --force` may have come between mkdir and lock, and somebody else's create after that.
  if (!directory || !still_there(root_.get(), id, directory->get()))
    throw fail("container \"{}\": it was deleted while it was being created", id);
  return hold(id, std::move(*directory));
}

std::optional<Entry> Store::find(const std::string& id) const {
  check_id(id);
  for (;;) {
    std::optional<Fd> directory = root_ ? open_directory(root_.get(), id) : std::nullopt;
    if (!directory) return std::nullopt;
    lock(directory->get(), id);
    if (still_there(root_.get(), id, directory->get())) return hold(id, std::move(*directory));
  }
}

Entry Store::open(const std::string& id) const {
  check_id(id);
  std::optional<Fd> directory = root_ ? open_directory(root_.get(), id) : std::nullopt;
  if (!directory) throw fail("container \"{}\" does not exist", id);
  return hold(id, std::move(*directory));
}

std::vector<std::string> Store::ids() const {
  std::vector<std::string> found;
  if (!root_) return found;
  const Fd again(check(kernel::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "--root {}", path_));
  for (const linux::Entry& entry : linux::entries(again.get(), path_))
    if (entry.type == DT_DIR && valid_id(entry.name)) found.push_back(entry.name);
  return found;
}

bool waits_for_start(const Entry& entry) {
  const long opened = kernel::openat(entry.directory(), kStartFifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (opened == -ENOENT || opened == -ENXIO) return false;  // ENXIO: nobody reads
  const Fd writer(check(opened, "container \"{}\": FIFO \"{}\"", entry.id(), kStartFifo));
  return true;
}

}  // namespace crumb::container
