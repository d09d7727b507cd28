"""podman run: capabilities, seccomp, user namespaces, masked paths."""

import json
import pathlib

from machine import FIRST_SUBORDINATE, SUBORDINATES
from podman_case import MEMORY_LIMIT, PodmanCase
from support import only_crumb

CHOWN, NET_ADMIN, SYS_ADMIN = 0, 12, 21  # capabilities' numbers


class SecurityCase(PodmanCase):
    def status(self, field, flags):
        out = self.output_of("cat", "/proc/self/status", flags=flags)
        return next(line.split()[1] for line in out.splitlines() if line.startswith(field + ":"))

    def capabilities(self, flags):
        value = int(self.status("CapEff", flags), 16)
        return {number for number in range(64) if value >> number & 1}


class Capabilities(SecurityCase):
    def test_some_by_default(self):
        self.assertIn(CHOWN, self.capabilities([]))
        self.assertNotIn(SYS_ADMIN, self.capabilities([]))

    def test_added(self):
        self.assertIn(NET_ADMIN, self.capabilities(["--cap-add", "net_admin"]))

    def test_all_dropped(self):
        self.assertEqual(self.capabilities(["--cap-drop", "all"]), set())

    def test_dropped_and_added(self):
        self.assertEqual(self.capabilities(["--cap-drop", "all", "--cap-add", "chown"]), {CHOWN})

    def test_none_for_another_user(self):
        self.assertEqual(self.capabilities(["--user", "1000"]), set())

    def test_privileged(self):
        self.assertIn(SYS_ADMIN, self.capabilities(["--privileged"]))

    def test_no_new_privileges(self):
        self.assertEqual(self.status("NoNewPrivs", ["--security-opt", "no-new-privileges"]), "1")
        self.assertEqual(self.status("NoNewPrivs", []), "0")


class Seccomp(SecurityCase):
    def profile(self, *calls):
        path = self.scratch / "profile.json"
        path.write_text(json.dumps({
            "defaultAction": "SCMP_ACT_ALLOW",
            "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": list(calls), "action": "SCMP_ACT_ERRNO", "errnoRet": 95}],
        }))
        return ["--security-opt", f"seccomp={path}"]

    def test_a_filter_by_default(self):
        self.assertEqual(self.status("Seccomp", []), "2")

    def test_unconfined(self):
        self.assertEqual(self.status("Seccomp", ["--security-opt", "seccomp=unconfined"]), "0")

    def test_a_profile_from_a_file(self):
        out = self.sh("mkdir /new 2>&1 || true", flags=self.profile("mkdir", "mkdirat"))
        self.assertIn("not supported", out)

    def test_the_default_filter_knows_the_capabilities(self):
        script = "mount -t tmpfs none /tmp 2>/dev/null && echo mounted || echo refused"
        self.assertEqual(self.sh(script), "refused\n")
        self.assertEqual(self.sh(script, flags=["--cap-add", "sys_admin"]), "mounted\n")

    @only_crumb("running Wasm")
    def test_a_profile_also_binds_a_module(self):
        result = self.wasm("files", "/new", "w", "text", flags=self.profile("open", "openat", "openat2"), code=None)
        self.assertNotEqual(result.code, 0)


class Paths(SecurityCase):
    def test_masked_and_read_only_by_default(self):
        out = self.sh("cat /proc/kcore | wc -c; ls /sys/firmware; echo 1 2>/dev/null > /proc/sys/kernel/hostname || echo no")
        self.assertEqual(out, "0\nno\n")

    def test_unmask(self):
        self.assertEqual(self.output_of("ls", "/sys/firmware"), "")
        self.assertNotEqual(self.output_of("ls", "/sys/firmware", flags=["--security-opt", "unmask=ALL"]), "")

    def test_mask(self):
        self.assertEqual(self.sh("ls /guest", flags=["--security-opt", "mask=/guest"]), "")

    def test_label_disable_means_nothing_without_selinux(self):
        self.assertEqual(self.output_of("echo", "hi", flags=["--security-opt", "label=disable"]), "hi\n")

    def test_an_apparmor_profile_of_no_name_means_nothing_without_apparmor(self):
        self.assertEqual(self.output_of("echo", "hi", flags=["--security-opt", "apparmor=unconfined"]), "hi\n")

    def test_privileged_writes_sysctls_and_sees_devices(self):
        out = self.sh("echo other > /proc/sys/kernel/hostname; hostname; test -c /dev/kmsg && echo device", flags=["--privileged"])
        self.assertEqual(out, "other\ndevice\n")


class UserNamespaces(SecurityCase):
    def maps(self, flags):
        return [line.split() for line in self.output_of("cat", "/proc/self/uid_map", flags=flags).splitlines()]

    def test_host_is_the_default(self):
        self.assertEqual(self.sh("readlink /proc/self/ns/user"), self.command("readlink", "/proc/self/ns/user").out)

    def test_auto(self):
        (inside, outside, size), = self.maps(["--userns", "auto"])
        self.assertEqual(inside, "0")
        self.assertIn(int(outside) - FIRST_SUBORDINATE["containers"], range(SUBORDINATES))

    def test_a_mapping(self):
        self.assertEqual(self.maps(["--uidmap", "0:100000:5000"]), [["0", "100000", "5000"]])

    def test_files_on_the_host_belong_to_the_mapped_user(self):
        self.scratch.chmod(0o777)
        self.sh("touch /data/new", flags=["--uidmap", "0:100000:5000", "--volume", f"{self.scratch}:/data"])
        self.assertEqual((self.scratch / "new").stat().st_uid, 100000)

    def test_a_volume_can_be_given_to_the_mapped_user(self):
        (self.scratch / "old").touch()
        self.sh("echo written > /data/old", flags=["--uidmap", "0:100000:5000", "--volume", f"{self.scratch}:/data:U"])
        self.assertEqual((self.scratch / "old").stat().st_uid, 100000)

    def test_an_idmapped_volume_stays_its_owners(self):
        volume = f"type=bind,source={self.scratch},destination=/data,idmap"
        out = self.sh("touch /data/new && stat -c %u /data /data/new", flags=["--uidmap", "0:100000:5000", "--mount", volume])
        self.assertEqual(out, "0\n0\n")
        self.assertEqual((self.scratch / "new").stat().st_uid, 0)

    def test_root_inside_owns_the_image_and_its_terminals_and_devices(self):
        out = self.sh("touch /new && stat -c %u /new /bin/busybox; echo x > /dev/null && echo null",
                      flags=["--uidmap", "0:100000:5000"])
        self.assertEqual(out, "0\n0\nnull\n")

    def test_another_containers_user_namespace(self):
        name = self.detached(flags=["--uidmap", "0:100000:5000"])
        self.assertEqual(self.maps(["--userns", f"container:{name}"]), [["0", "100000", "5000"]])

    def test_exec_joins_it(self):
        name = self.detached(flags=["--uidmap", "0:100000:5000"])
        self.assertEqual(self.podman("exec", name, "cat", "/proc/self/uid_map").out.split(), ["0", "100000", "5000"])

    def test_limits_and_read_only_root(self):
        flags = ["--uidmap", "0:100000:5000", "--memory", "64m", "--read-only"]
        self.assertEqual(self.output_of("cat", MEMORY_LIMIT, flags=flags), "67108864\n")

    @only_crumb("running Wasm")
    def test_a_module(self):
        self.assertEqual(self.wasm("hello", flags=["--userns", "auto"]).out, "hello from wasm\n")

    @only_crumb("running Wasm")
    def test_a_modules_files_belong_to_the_mapped_user(self):
        self.scratch.chmod(0o777)
        flags = ["--uidmap", "0:100000:5000", "--volume", f"{self.scratch}:/data"]
        self.wasm("files", "/data/new", "w", "text", flags=flags)
        self.assertEqual((self.scratch / "new").stat().st_uid, 100000)


class Configuration(PodmanCase):
    def test_the_bundles_config_is_kept_while_the_container_is_there(self):
        name = self.detached()
        config = json.loads(pathlib.Path(self.inspect(name, "OCIConfigPath")).read_text())
        self.assertEqual(config["process"]["args"], ["sleep", "1000"])
