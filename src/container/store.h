// Containers on disk: one directory for each below --root (docs/lifecycle.md). Atomic and locked; whatever crumb was killed at,
// the next command sees either the whole or something that remove() can clear away.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::container {

// The FIFOs of docs/lifecycle.md in a container's directory.
inline constexpr char kStartFifo[] = "start";
inline constexpr char kResultFifo[] = "result";

// The directory in it on which the root filesystem is mounted while criu restores the container.
inline constexpr char kCriuRoot[] = "criu-root";

// Unmounts and removes that of the container whose directory this is; one that is not there is fine.
void remove_criu_root(int directory);

// The module that is to be compiled in the background once it runs (wasm/job.h).
struct CompileLater {
  std::string module;  // its digest, 64 hexadecimal digits
  std::string name;
  bool frames = false;
  int descriptor = -1;     // of its file in the container's process
  std::string root, path;  // where it lies: a file or directory of the host, and the path below that; not known: ""
};

// What state.json holds.
struct State {
  std::string id, bundle, rootfs;
  std::string created;                   // RFC 3339
  int pid = 0;                           // 0: no process yet
  std::uint64_t start_time = 0;          // of pid, clock ticks after boot
  bool ready = false;                    // create has finished
  bool poststart = false;                // it has such hooks
  bool poststop = false;                 // likewise
  bool keyring = false;                  // it has a session keyring of its own, which exec joins
  std::vector<std::string> descriptors;  // where 0, 1 and 2 of its process led at first: "pipe:[123]"; none with a terminal
  std::map<std::string, std::string> annotations;
  std::vector<plan::CgroupLeaf> cgroups;  // mountpoint, path, unified and controllers only
  std::string unit;                       // of systemd, which holds the cgroups; empty: crumb made them
  std::optional<plan::RdtGroup> rdt;      // directories only
  bool rdt_made = false;                  // its class of service is the container's own, and goes with it
  std::optional<CompileLater> compile;    // by start
};

// Throws `container id "...": ...` unless it matches [A-Za-z0-9_+.-]{1,255} and is not "." or "..".
void check_id(const std::string& id);

// One container's directory, locked for as long as this lives.
class Entry {
 public:
  const std::string& id() const { return id_; }
  int directory() const { return directory_.get(); }

  // Nothing when there is no state.json or it is not one (crumb or the machine was killed in between). Throws when it cannot be
  // read, or a newer crumb wrote it.
  std::optional<State> read() const;
  void write(const State& state) const;
  void write_config(const std::string& text) const;
  std::string read_config() const;

  // The two FIFOs of docs/lifecycle.md, opened read-write and close-on-exec.
  struct Fifos {
    Fd start, result;
  };
  Fifos make_fifos() const;

  // For as long as nothing is done with the container. lock_again() is false when somebody has removed it meanwhile.
  void unlock() const;
  bool lock_again() const;

  // Removes the directory and all in it; a directory that is gone already is fine.
  void remove();

 private:
  friend class Store;
  Entry(std::string id, Fd root, Fd directory) : id_(std::move(id)), root_(std::move(root)), directory_(std::move(directory)) {}
  std::string id_;
  Fd root_, directory_;
};

class Store {
 public:
  // `root`: absolute. Made when it is missing and `make` is set (0700; sticky, so that cleaners of XDG_RUNTIME_DIR leave it
  // alone); a missing one is an empty store otherwise. Throws when it is somebody else's or everybody can write to it.
  Store(const std::string& root, bool make);

  // Throws `container "x" already exists`; of two at once one wins. The entry is locked. Nothing is left on failure.
  Entry create(const std::string& id) const;

  // Locks; waits for another crumb that holds it. Nothing when there is no such container.
  std::optional<Entry> find(const std::string& id) const;

  // Without a lock: for state, list and exec, that only look. `container "x" does not exist` as an Error.
  Entry open(const std::string& id) const;

  // Sorted. Foreign files are left out.
  std::vector<std::string> ids() const;

 private:
  Entry hold(const std::string& id, Fd directory) const;

  std::string path_;
  Fd root_;
};

// True when the container's process waits for `start`: the FIFO is there and somebody has it open for reading.
bool waits_for_start(const Entry& entry);

}  // namespace crumb::container
