// The messages of criu's RPC, criu(8)'s images/rpc.proto, as bytes of protocol buffers: what crumb says and hears of them, by
// the names they have there. Pure. Unknown members of an answer are skipped, as protocol buffers want it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crumb::linux::criu {

// criu_req_type
enum class Type { empty = 0, dump = 1, restore = 2, pre_dump = 4, notify = 6, feature_check = 9, version = 10 };

// criu_cg_mode
enum class CgroupsMode { ignore = 0, soft = 3, full = 4, strict = 5, standard = 6 };

struct InheritedFd {
  std::string key;
  int fd = -1;  // its number in criu
};

struct CgroupRoot {
  std::string controller;  // "" for version 2
  std::string path;
};

struct JoinedNamespace {
  std::string type;  // "ipc"
  std::string file;
};

struct PageServer {
  std::string address;  // empty: none
  int port = 0;
};

// criu_opts. What is false or empty is not said, so that criu's configuration files decide.
struct Options {
  // Numbers of descriptors of crumb, which criu opens through /proc; negative: none.
  int images = -1, work = -1;
  std::string log_file;  // in `work`, else in `images`
  int log_level = 0;
  std::string config_file;
  std::string root;    // of the container
  int pid = 0;         // dump: the container's process
  std::string parent;  // dump: images of an earlier dump, below `images`
  bool track_mem = false;
  bool leave_running = false, ext_unix_sk = false, tcp_established = false, tcp_skip_in_flight = false, tcp_close = false;
  bool evasive_devices = false, shell_job = false, file_locks = false, link_remap = false, auto_dedup = false;
  bool lazy_pages = false, orphan_pts_master = false, notify_scripts = false;
  bool rst_sibling = false;  // restore: the container's process becomes a child of crumb
  PageServer page_server;
  CgroupsMode cgroups = CgroupsMode::standard;
  std::vector<CgroupRoot> cgroup_roots;
  std::string freeze_cgroup;   // a directory
  std::uint32_t empty_ns = 0;  // CLONE_NEW*
  std::vector<std::string> external;
  std::vector<InheritedFd> inherited;
  std::vector<JoinedNamespace> joined;
  std::string lsm_profile, lsm_mount_context;
};

struct Features {
  bool mem_track = false, lazy_pages = false;
};

struct Version {
  int major = 0, minor = 0, sublevel = 0;
};

// criu_resp
struct Answer {
  Type type = Type::empty;
  bool success = false;
  int pid = 0;         // restore: of the container's process
  std::string script;  // notify: which one
  int script_pid = 0;
  Features features;
  Version version;
  int error = 0;  // errno
  std::string message;
};

std::string encode(Type type);
std::string encode(Type type, const Options& options);
std::string encode(const Features& asked);
std::string encode_notified(bool success);

// Throws Error for bytes that are no criu_resp.
Answer decode(std::string_view bytes);

}  // namespace crumb::linux::criu
