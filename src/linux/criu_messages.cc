#include "linux/criu_messages.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "support/error.h"

namespace crumb::linux::criu {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;

// Numbers of members, rpc.proto.
namespace req {
enum : protozero::pbf_tag_type { kType = 1, kOpts = 2, kNotifySuccess = 3, kFeatures = 5 };
}
namespace resp {
enum : protozero::pbf_tag_type {
  kType = 1,
  kSuccess = 2,
  kRestore = 4,
  kNotify = 5,
  kErrno = 7,
  kFeatures = 8,
  kErrorMessage = 9,
  kVersion = 10
};
}
namespace opts {
enum : protozero::pbf_tag_type {
  kImagesDirFd = 1,
  kPid = 2,
  kLeaveRunning = 3,
  kExtUnixSk = 4,
  kTcpEstablished = 5,
  kEvasiveDevices = 6,
  kShellJob = 7,
  kFileLocks = 8,
  kLogLevel = 9,
  kLogFile = 10,
  kPageServer = 11,
  kNotifyScripts = 12,
  kRoot = 13,
  kParentImg = 14,
  kTrackMem = 15,
  kAutoDedup = 16,
  kWorkDirFd = 17,
  kLinkRemap = 18,
  kManageCgroups = 24,
  kCgroupRoot = 25,
  kRstSibling = 26,
  kInheritFd = 27,
  kManageCgroupsMode = 34,
  kExternal = 37,
  kEmptyNs = 38,
  kJoinNs = 39,
  kFreezeCgroup = 44,
  kTcpSkipInFlight = 46,
  kLazyPages = 48,
  kOrphanPtsMaster = 50,
  kConfigFile = 51,
  kTcpClose = 52,
  kLsmProfile = 53,
  kLsmMountContext = 63
};
}

void add_flag(pbf_writer& writer, protozero::pbf_tag_type tag, bool value) {
  if (value) writer.add_bool(tag, true);
}

void add_text(pbf_writer& writer, protozero::pbf_tag_type tag, const std::string& value) {
  if (!value.empty()) writer.add_string(tag, value);
}

void add_flags(pbf_writer& writer, const Options& options) {
  add_flag(writer, opts::kLeaveRunning, options.leave_running);
  add_flag(writer, opts::kExtUnixSk, options.ext_unix_sk);
  add_flag(writer, opts::kTcpEstablished, options.tcp_established);
  add_flag(writer, opts::kTcpSkipInFlight, options.tcp_skip_in_flight);
  add_flag(writer, opts::kTcpClose, options.tcp_close);
  add_flag(writer, opts::kEvasiveDevices, options.evasive_devices);
  add_flag(writer, opts::kShellJob, options.shell_job);
  add_flag(writer, opts::kFileLocks, options.file_locks);
  add_flag(writer, opts::kLinkRemap, options.link_remap);
  add_flag(writer, opts::kAutoDedup, options.auto_dedup);
  add_flag(writer, opts::kLazyPages, options.lazy_pages);
  add_flag(writer, opts::kOrphanPtsMaster, options.orphan_pts_master);
  add_flag(writer, opts::kNotifyScripts, options.notify_scripts);
  add_flag(writer, opts::kRstSibling, options.rst_sibling);
  add_flag(writer, opts::kTrackMem, options.track_mem);
}

void add_texts(pbf_writer& writer, const Options& options) {
  add_text(writer, opts::kLogFile, options.log_file);
  add_text(writer, opts::kConfigFile, options.config_file);
  add_text(writer, opts::kRoot, options.root);
  add_text(writer, opts::kParentImg, options.parent);
  add_text(writer, opts::kFreezeCgroup, options.freeze_cgroup);
  add_text(writer, opts::kLsmProfile, options.lsm_profile);
  add_text(writer, opts::kLsmMountContext, options.lsm_mount_context);
}

void add_lists(pbf_writer& writer, const Options& options) {
  for (const CgroupRoot& root : options.cgroup_roots) {
    pbf_writer part(writer, opts::kCgroupRoot);
    part.add_string(1, root.controller);
    part.add_string(2, root.path);
  }
  for (const InheritedFd& inherited : options.inherited) {
    pbf_writer part(writer, opts::kInheritFd);
    part.add_string(1, inherited.key);
    part.add_int32(2, inherited.fd);
  }
  for (const JoinedNamespace& joined : options.joined) {
    pbf_writer part(writer, opts::kJoinNs);
    part.add_string(1, joined.type);
    part.add_string(2, joined.file);
  }
  for (const std::string& external : options.external) writer.add_string(opts::kExternal, external);
}

void add_options(pbf_writer& writer, const Options& options) {
  writer.add_int32(opts::kImagesDirFd, options.images);
  if (options.work >= 0) writer.add_int32(opts::kWorkDirFd, options.work);
  if (options.pid > 0) writer.add_int32(opts::kPid, options.pid);
  writer.add_int32(opts::kLogLevel, options.log_level);
  if (!options.page_server.address.empty()) {
    pbf_writer part(writer, opts::kPageServer);
    part.add_string(1, options.page_server.address);
    part.add_int32(2, options.page_server.port);
  }
  writer.add_bool(opts::kManageCgroups, true);  // what versions before 2.0 know
  writer.add_enum(opts::kManageCgroupsMode, static_cast<int>(options.cgroups));
  if (options.empty_ns != 0) writer.add_uint32(opts::kEmptyNs, options.empty_ns);
  add_flags(writer, options);
  add_texts(writer, options);
  add_lists(writer, options);
}

int read_process(pbf_reader reader, protozero::pbf_tag_type tag) {
  int pid = 0;
  while (reader.next(tag)) pid = reader.get_int32();
  return pid;
}

void read_notify(pbf_reader reader, Answer& answer) {
  while (reader.next()) switch (reader.tag()) {
      case 1:
        answer.script = reader.get_string();
        break;
      case 2:
        answer.script_pid = reader.get_int32();
        break;
      default:
        reader.skip();
    }
}

void read_features(pbf_reader reader, Features& features) {
  while (reader.next()) switch (reader.tag()) {
      case 1:
        features.mem_track = reader.get_bool();
        break;
      case 2:
        features.lazy_pages = reader.get_bool();
        break;
      default:
        reader.skip();
    }
}

void read_version(pbf_reader reader, Version& version) {
  while (reader.next()) switch (reader.tag()) {
      case 1:
        version.major = reader.get_int32();
        break;
      case 2:
        version.minor = reader.get_int32();
        break;
      case 4:
        version.sublevel = reader.get_int32();
        break;
      default:
        reader.skip();
    }
}

void read_member(pbf_reader& reader, Answer& answer) {
  switch (reader.tag()) {
    case resp::kType:
      answer.type = static_cast<Type>(reader.get_enum());
      break;
    case resp::kSuccess:
      answer.success = reader.get_bool();
      break;
    case resp::kRestore:
      answer.pid = read_process(reader.get_message(), 1);
      break;
    case resp::kNotify:
      read_notify(reader.get_message(), answer);
      break;
    case resp::kErrno:
      answer.error = reader.get_int32();
      break;
    case resp::kFeatures:
      read_features(reader.get_message(), answer.features);
      break;
    case resp::kErrorMessage:
      answer.message = reader.get_string();
      break;
    case resp::kVersion:
      read_version(reader.get_message(), answer.version);
      break;
    default:
      reader.skip();
  }
}

}  // namespace

std::string encode(Type type) {
  std::string bytes;
  pbf_writer(bytes).add_enum(req::kType, static_cast<int>(type));
  return bytes;
}

std::string encode(Type type, const Options& options) {
  std::string bytes = encode(type);
  pbf_writer writer(bytes);
  pbf_writer part(writer, req::kOpts);
  add_options(part, options);
  return bytes;
}

std::string encode(const Features& asked) {
  std::string bytes = encode(Type::feature_check);
  pbf_writer writer(bytes);
  pbf_writer part(writer, req::kFeatures);
  add_flag(part, 1, asked.mem_track);
  add_flag(part, 2, asked.lazy_pages);
  return bytes;
}

std::string encode_notified(bool success) {
  std::string bytes = encode(Type::notify);
  pbf_writer(bytes).add_bool(req::kNotifySuccess, success);
  return bytes;
}

Answer decode(std::string_view bytes) {
  Answer answer;
  try {
    pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) read_member(reader, answer);
  } catch (const protozero::exception& error) {
    throw fail("criu does not keep to its protocol: a message of {} bytes: {}", bytes.size(), error.what());
  }
  return answer;
}

}  // namespace crumb::linux::criu
