// crumb spec: a config.json to begin with.
#include "cli/spec.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"

namespace crumb::cli {

// As runc's, but without a terminal, and with a cgroup namespace.
const char kSpecText[] = R"({
	"ociVersion": "1.3.0",
	"process": {
		"terminal": false,
		"user": {
			"uid": 0,
			"gid": 0
		},
		"args": [
			"sh"
		],
		"env": [
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"TERM=xterm"
		],
		"cwd": "/",
		"capabilities": {
			"bounding": [
				"CAP_AUDIT_WRITE",
				"CAP_KILL",
				"CAP_NET_BIND_SERVICE"
			],
			"effective": [
				"CAP_AUDIT_WRITE",
				"CAP_KILL",
				"CAP_NET_BIND_SERVICE"
			],
			"permitted": [
				"CAP_AUDIT_WRITE",
				"CAP_KILL",
				"CAP_NET_BIND_SERVICE"
			]
		},
		"rlimits": [
			{
				"type": "RLIMIT_NOFILE",
				"hard": 1024,
				"soft": 1024
			}
		],
		"noNewPrivileges": true
	},
	"root": {
		"path": "rootfs",
		"readonly": true
	},
	"hostname": "crumb",
	"mounts": [
		{
			"destination": "/proc",
			"type": "proc",
			"source": "proc"
		},
		{
			"destination": "/dev",
			"type": "tmpfs",
			"source": "tmpfs",
			"options": [
				"nosuid",
				"strictatime",
				"mode=755",
				"size=65536k"
			]
		},
		{
			"destination": "/dev/pts",
			"type": "devpts",
			"source": "devpts",
			"options": [
				"nosuid",
				"noexec",
				"newinstance",
				"ptmxmode=0666",
				"mode=0620",
				"gid=5"
			]
		},
		{
			"destination": "/dev/shm",
			"type": "tmpfs",
			"source": "shm",
			"options": [
				"nosuid",
				"noexec",
				"nodev",
				"mode=1777",
				"size=65536k"
			]
		},
		{
			"destination": "/dev/mqueue",
			"type": "mqueue",
			"source": "mqueue",
			"options": [
				"nosuid",
				"noexec",
				"nodev"
			]
		},
		{
			"destination": "/sys",
			"type": "sysfs",
			"source": "sysfs",
			"options": [
				"nosuid",
				"noexec",
				"nodev",
				"ro"
			]
		},
		{
			"destination": "/sys/fs/cgroup",
			"type": "cgroup",
			"source": "cgroup",
			"options": [
				"nosuid",
				"noexec",
				"nodev",
				"relatime",
				"ro"
			]
		}
	],
	"linux": {
		"resources": {
			"devices": [
				{
					"allow": false,
					"access": "rwm"
				}
			]
		},
		"namespaces": [
			{
				"type": "pid"
			},
			{
				"type": "network"
			},
			{
				"type": "ipc"
			},
			{
				"type": "uts"
			},
			{
				"type": "mount"
			},
			{
				"type": "cgroup"
			}
		],
		"maskedPaths": [
			"/proc/acpi",
			"/proc/asound",
			"/proc/kcore",
			"/proc/keys",
			"/proc/latency_stats",
			"/proc/timer_list",
			"/proc/timer_stats",
			"/proc/sched_debug",
			"/sys/firmware",
			"/proc/scsi",
			"/proc/interrupts",
			"/sys/devices/virtual/powercap"
		],
		"readonlyPaths": [
			"/proc/bus",
			"/proc/fs",
			"/proc/irq",
			"/proc/sys",
			"/proc/sysrq-trigger"
		]
	}
}
)";

namespace {

bool names_id(const json::value& option) {
  const boost::json::string& text = option.as_string();
  return text.starts_with("uid=") || text.starts_with("gid=");
}

// What the kernel allows whoever maps no more than one id, and has no network of its own.
void adapt_mount(json::object& mount) {
  if (mount["destination"] == "/sys") {
    mount["type"] = "none";
    mount["source"] = "/sys";
    mount["options"] = {"rbind", "nosuid", "noexec", "nodev", "ro"};
  }
  if (json::value* options = mount.if_contains("options")) {
    json::array kept;
    for (const json::value& option : options->as_array())
      if (!names_id(option)) kept.push_back(option);
    *options = kept;
  }
}

json::array own_id(std::uint32_t id) { return {json::object{{"containerID", 0}, {"hostID", id}, {"size", 1}}}; }

std::string rootless_spec() {
  json::value spec = boost::json::parse(kSpecText);
  for (json::value& mount : spec.as_object()["mounts"].as_array()) adapt_mount(mount.as_object());
  json::object& config = spec.as_object()["linux"].as_object();
  config.erase("resources");
  json::array namespaces;
  for (const json::value& space : config["namespaces"].as_array())
    if (space.at("type") != "network") namespaces.push_back(space);
  namespaces.push_back(json::object{{"type", "user"}});
  config["namespaces"] = namespaces;
  config["uidMappings"] = own_id(geteuid());
  config["gidMappings"] = own_id(getegid());
  return json::pretty(spec) + "\n";
}

void write_spec(const std::string& bundle, bool rootless) {
  const std::string path = bundle.empty() ? "config.json" : bundle + "/config.json";
  std::error_code ignored;
  if (std::filesystem::symlink_status(path, ignored).type() != std::filesystem::file_type::not_found)
    throw fail("File {} exists. Remove it first", path);
  replace_file(AT_FDCWD, path, rootless ? rootless_spec() : kSpecText, 0644);
}

}  // namespace

Action define_spec(Options& options) {
  const auto bundle = std::make_shared<std::string>();
  options.text("bundle,b", *bundle, "DIR", "where to write it (default: the current directory)");
  const auto rootless = std::make_shared<bool>(false);
  options.flag("rootless", *rootless, "for an ordinary user: root in the container is who calls crumb");
  return [bundle, rootless](const container::Runtime&) {
    write_spec(*bundle, *rootless);
    return 0;
  };
}

}  // namespace crumb::cli
