"""podman run: what a container is given, writes and ends with."""

from podman_case import PodmanCase, contexts
from support import UNIFIED, not_on, only_crumb


class Programs(PodmanCase):
    def test_output_goes_to_stdout_and_stderr(self):
        result = self.ran("sh", "-c", "echo out; echo err >&2")
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))

    def test_stdin_is_passed_through_with_interactive(self):
        self.assertEqual(self.output_of("cat", flags=["--interactive"], input="one\ntwo\n"), "one\ntwo\n")

    def test_the_exit_code_is_the_programs(self):
        self.ran("sh", "-c", "exit 42", code=42)

    def test_a_program_that_is_not_there_is_127(self):
        result = self.ran("nosuch", code=127)
        self.assertIn('exec: "nosuch": executable file not found in $PATH', result.err.replace('\\"', '"'))

    def test_a_path_that_is_not_there_is_127(self):
        self.ran("/bin/nosuch", code=127)

    def test_a_file_that_is_not_executable_is_126(self):
        self.ran("/etc/plain", code=126)

    def test_a_folder_is_126(self):
        self.ran("/bin", code=126)

    def test_a_setting_that_the_runtime_refuses_is_told(self):
        result = self.ran("true", flags=["--sysctl", "net.nosuch=1"], code=None)
        self.assertIn(result.code, (126, 127))
        self.assertIn("nosuch", result.err)

    def test_a_container_that_could_not_start_leaves_no_state(self):
        self.podman(*self.run_line("box", "nosuch", flags=["--name", self.name]), code=127)
        self.assertEqual(self.podman("ps", "--all", "--quiet").out, "")


class Settings(PodmanCase):
    def test_environment(self):
        self.assertEqual(self.sh("echo $COLOUR $SHAPE", flags=["--env", "SHAPE=round"]), "green round\n")

    def test_HOME_is_the_users(self):
        self.assertEqual(self.sh("echo $HOME", flags=["--user", "user"]), "/home/user\n")

    def test_workdir(self):
        self.assertEqual(self.output_of("pwd", flags=["--workdir", "/home/user"]), "/home/user\n")

    def test_hostname_is_in_the_uts_namespace_and_in_hosts(self):
        self.assertEqual(self.sh("hostname; grep -c web1 /etc/hosts", flags=["--hostname", "web1"]), "web1\n1\n")

    def test_add_host(self):
        self.assertIn("10.1.2.3", self.sh("grep db /etc/hosts", flags=["--add-host", "db:10.1.2.3"]))

    def test_the_user_by_name_has_the_images_groups(self):
        self.assertEqual(self.output_of("id", flags=["--user", "user"]), "uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)\n")

    def test_the_user_by_number_with_more_groups(self):
        out = self.output_of("id", flags=["--user", "7:8", "--group-add", "9"])
        self.assertEqual(out, "uid=7(7) gid=8(8) groups=8(8),9\n")

    def test_read_only_root_with_writable_tmpfs_places(self):
        out = self.sh("touch /file 2>/dev/null || echo no; touch /tmp/file /run/file /dev/shm/file && echo yes", flags=["--read-only"])
        self.assertEqual(out, "no\nyes\n")

    def test_tmpfs_with_options(self):
        out = self.sh("grep ' /scratch ' /proc/mounts; stat -c %a /scratch", flags=["--tmpfs", "/scratch:size=1m,noexec,mode=1770"])
        self.assertIn("noexec", out)
        self.assertIn("size=1024k", out)
        self.assertTrue(out.endswith("1770\n"), out)

    def test_tmpfs_shows_the_images_files(self):
        self.assertEqual(self.output_of("cat", "/etc/plain", flags=["--tmpfs", "/etc"]), "not executable\n")

    def test_sysctl(self):
        self.assertEqual(self.output_of("cat", "/proc/sys/kernel/msgmax", flags=["--sysctl", "kernel.msgmax=4242"]), "4242\n")

    def test_ulimit(self):
        self.assertEqual(self.sh("ulimit -n; ulimit -Hn", flags=["--ulimit", "nofile=100:200", "--ulimit", "nproc=1000"]), "100\n200\n")

    def test_shm_size(self):
        self.assertIn("size=1024k", self.sh("grep /dev/shm /proc/mounts", flags=["--shm-size", "1m"]))

    def test_umask(self):
        self.assertEqual(self.sh("umask", flags=["--umask", "0027"]), "0027\n")

    def test_init_is_the_first_process(self):
        self.assertEqual(self.sh("cat /proc/1/comm; true", flags=["--init"]), "podman-init\n")

    def test_host_network(self):
        flags = ["--network", "host"]
        self.assertEqual(self.sh("readlink /proc/self/ns/net", flags=flags), self.command("readlink", "/proc/self/ns/net").out)

    def test_bridge_network_reaches_another_container(self):
        server = self.detached("nc", "-l", "-p", "80", "-e", "echo", "hello", flags=["--network", "bridge"])
        address = self.inspect(server, "NetworkSettings", "IPAddress")
        self.assertEqual(self.output_of("nc", "-w", "5", address, "80", flags=["--network", "bridge"]), "hello\n")

    def test_host_pid_and_ipc_namespaces(self):
        flags = ["--pid", "host", "--ipc", "host"]
        expected = "".join(self.command("readlink", f"/proc/self/ns/{kind}").out for kind in ("pid", "ipc"))
        self.assertEqual(self.sh("readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc", flags=flags), expected)

    def test_another_containers_namespaces(self):
        name = self.detached()
        flags = ["--pid", f"container:{name}", "--network", f"container:{name}", "--ipc", f"container:{name}"]
        self.assertIn("sleep 1000", self.sh("cat /proc/1/cmdline | tr '\\0' ' '", flags=flags))


class Limits(PodmanCase):
    def in_cgroup(self, version1, version2, flags):
        """The content of one of these files, as the container sees it: below its controller's hierarchy, or in its root."""
        return self.output_of("cat", f"/sys/fs/cgroup/{version2 if UNIFIED else version1}", flags=flags).strip()

    def test_memory(self):
        self.assertEqual(self.in_cgroup("memory/memory.limit_in_bytes", "memory.max", ["--memory", "64m"]), "67108864")

    def test_memory_reservation(self):
        flags = ["--memory-reservation", "32m"]
        self.assertEqual(self.in_cgroup("memory/memory.soft_limit_in_bytes", "memory.low", flags), "33554432")

    def test_a_program_that_exceeds_the_memory_is_killed(self):
        script = "x=0123456789abcdef; while true; do x=$x$x; done"
        self.ran("sh", "-c", script, flags=["--memory", "16m"], code=137)

    def test_cpus(self):
        quota = "50000 100000" if UNIFIED else "50000"
        self.assertEqual(self.in_cgroup("cpu/cpu.cfs_quota_us", "cpu.max", ["--cpus", "0.5"]), quota)

    def test_cpu_shares(self):
        self.assertEqual(self.in_cgroup("cpu/cpu.shares", "cpu.weight", ["--cpu-shares", "512"]), "20" if UNIFIED else "512")

    def test_cpuset(self):
        self.assertEqual(self.in_cgroup("cpuset/cpuset.cpus", "cpuset.cpus", ["--cpuset-cpus", "0"]), "0")

    def test_pids_limit(self):
        self.assertEqual(self.in_cgroup("pids/pids.max", "pids.max", ["--pids-limit", "33"]), "33")

    @not_on("runc", "podman says that it cannot do without cgroups")
    def test_no_cgroups(self):
        out = self.output_of("cat", "/proc/self/cgroup", flags=["--cgroups", "disabled"])
        self.assertNotIn("libpod-", out)


class Volumes(PodmanCase):
    def setUp(self):
        super().setUp()
        self.shared = self.scratch / "shared"
        self.shared.mkdir()
        (self.shared / "file").write_text("from the host\n")

    def test_bind(self):
        self.sh("cat /data/file; echo inside > /data/new", flags=["--volume", f"{self.shared}:/data"])
        self.assertEqual((self.shared / "new").read_text(), "inside\n")

    def test_bind_read_only(self):
        out = self.sh("cat /data/file; touch /data/new 2>/dev/null || echo no", flags=["--volume", f"{self.shared}:/data:ro"])
        self.assertEqual(out, "from the host\nno\n")

    def test_bind_of_one_file(self):
        out = self.output_of("cat", "/etc/plain", flags=["--volume", f"{self.shared}/file:/etc/plain"])
        self.assertEqual(out, "from the host\n")

    def test_label_flags_mean_nothing_without_selinux(self):
        self.assertEqual(self.output_of("cat", "/data/file", flags=["--volume", f"{self.shared}:/data:Z"]), "from the host\n")

    def test_an_overlay_volume_keeps_the_host_unchanged(self):
        self.sh("echo inside > /data/new", flags=["--volume", f"{self.shared}:/data:O"])
        self.assertEqual([path.name for path in self.shared.iterdir()], ["file"])

    def test_a_named_volume_lives_on(self):
        volume = f"{self.name}-v"
        self.addCleanup(self.podman, "volume", "rm", volume)
        self.sh("echo kept > /data/file", flags=["--volume", f"{volume}:/data"])
        self.assertEqual(self.output_of("cat", "/data/file", flags=["--volume", f"{volume}:/data"]), "kept\n")

    def test_a_new_named_volume_has_the_images_files(self):
        self.assertEqual(self.output_of("cat", "/etc/plain", flags=["--volume", "/etc"]), "not executable\n")

    def test_mount_with_a_propagation(self):
        flags = ["--mount", f"type=bind,source={self.shared},destination=/data,bind-propagation=rshared"]
        self.assertIn("shared:", self.sh("grep ' /data ' /proc/self/mountinfo", flags=flags))

    def test_mount_of_a_tmpfs(self):
        flags = ["--mount", "type=tmpfs,destination=/scratch,tmpfs-size=1m"]
        self.assertIn("size=1024k", self.sh("grep ' /scratch ' /proc/mounts", flags=flags))

    def test_mount_of_an_image(self):
        flags = ["--mount", "type=image,source=wasm,destination=/modules"]
        self.assertIn("hello.wasm", self.output_of("ls", "/modules", flags=flags))

    def test_volumes_of_another_container(self):
        name = self.detached(flags=["--volume", f"{self.shared}:/data"])
        self.assertEqual(self.output_of("cat", "/data/file", flags=["--volumes-from", name]), "from the host\n")

    def test_a_device(self):
        out = self.sh("ls -l /dev/loopy | cut -c1; head -c 1 /dev/loopy > /dev/null && echo read",
                      flags=["--device", "/dev/full:/dev/loopy:r"])
        self.assertEqual(out, "c\nread\n")


@only_crumb("running Wasm")
class Wasm(PodmanCase):
    def test_an_image_that_holds_only_modules(self):
        self.assertEqual(self.output_of(image="wasm"), "hello from wasm\n")

    def test_arguments(self):
        self.assertEqual(self.wasm("args", "a b", "", "-x").out.splitlines(), ["/args.wasm", "a b", "", "-x"])

    def test_environment(self):
        out = self.wasm("env", flags=["--env", "SHAPE=round"]).out.splitlines()
        self.assertIn("COLOUR=green", out)
        self.assertIn("SHAPE=round", out)

    def test_stdin_is_passed_through_with_interactive(self):
        self.assertEqual(self.wasm("cat", flags=["--interactive"], input="one\ntwo\n").out, "one\ntwo\n")

    def test_the_exit_code_is_the_modules(self):
        self.wasm("exitcode", "42", code=42)

    def test_a_trap_is_134_with_its_reason(self):
        self.assertIn("unreachable", self.wasm("trap", code=134).err)

    def test_a_module_that_is_not_there_is_127(self):
        self.wasm("nosuch", code=127)

    def test_a_component_is_126_with_the_reason(self):
        self.assertIn("component", self.wasm("component", code=126).err)

    def test_a_truncated_module_is_126(self):
        self.wasm("truncated", code=126)

    def test_a_module_needs_no_executable_bit(self):
        plain = self.scratch / "plain.wasm"
        self.command("cp", contexts()["wasm"] / "hello.wasm", plain)
        plain.chmod(0o644)
        self.assertEqual(self.output_of("/plain.wasm", flags=["--volume", f"{plain}:/plain.wasm"]), "hello from wasm\n")

    def test_volumes_and_files(self):
        flags = ["--volume", f"{self.scratch}:/data"]
        self.wasm("files", "/data/new", "w", "from a module", flags=flags)
        self.assertEqual((self.scratch / "new").read_text(), "from a module")

    def test_an_overlay_volume_keeps_the_host_unchanged(self):
        self.wasm("files", "/data/new", "w", "text", flags=["--volume", f"{self.scratch}:/data:O"])
        self.assertFalse((self.scratch / "new").exists())

    def test_a_named_volume_lives_on(self):
        volume = f"{self.name}-v"
        self.addCleanup(self.podman, "volume", "rm", volume)
        self.wasm("files", "/data/file", "w", "kept", flags=["--volume", f"{volume}:/data"])
        self.assertEqual(self.output_of("cat", "/data/file", flags=["--volume", f"{volume}:/data"]), "kept")

    def test_no_cgroups(self):
        self.assertEqual(self.wasm("hello", flags=["--cgroups", "disabled"]).out, "hello from wasm\n")

    def test_a_read_only_root(self):
        self.wasm("files", "/new", "w", "text", flags=["--read-only"], code=1)

    def test_the_user_decides_what_a_module_may_write(self):
        self.scratch.chmod(0o755)
        self.wasm("files", "/data/new", "w", "text", flags=["--volume", f"{self.scratch}:/data", "--user", "1000"], code=1)

    def test_workdir(self):
        self.assertIn("hello.wasm", self.wasm("files", ".", "d", flags=["--workdir", "/"]).out)

    def test_a_module_sees_the_end_of_the_memory_that_it_may_have(self):
        mebibytes = int(self.wasm("grow", "512", flags=["--memory", "64m"]).out.split()[0])
        self.assertIn(mebibytes, range(16, 64))

    def test_no_new_privileges_no_capabilities_and_another_user(self):
        flags = ["--security-opt", "no-new-privileges", "--cap-drop", "all", "--user", "1000:1000"]
        self.assertEqual(self.wasm("hello", flags=flags).out, "hello from wasm\n")

    def test_without_seccomp(self):
        self.assertEqual(self.wasm("hello", flags=["--security-opt", "seccomp=unconfined"]).out, "hello from wasm\n")

    def test_privileged(self):
        self.assertEqual(self.wasm("hello", flags=["--privileged"]).out, "hello from wasm\n")

    def test_annotations_that_say_that_the_program_is_a_module_are_honoured(self):
        flags = ["--annotation", "run.oci.handler=wasm", "--annotation", "module.wasm.image/variant=compat"]
        self.assertEqual(self.wasm("hello", flags=flags).out, "hello from wasm\n")
        self.assertIn("not a WebAssembly module", self.ran("echo", "native", flags=flags, code=126).err)

    def test_annotations_that_leave_it_open_change_nothing(self):
        flags = ["--annotation", "module.wasm.image/variant=compat-smart"]
        self.assertEqual(self.wasm("hello", flags=flags).out, "hello from wasm\n")
        self.assertEqual(self.output_of("echo", "native", flags=flags), "native\n")

    def test_annotations_of_crumbs_own_are_given_by_podman(self):
        flags = ["--annotation", "run.crumb.wasm.preopens=none"]
        self.assertEqual(self.wasm("files", "/hello.wasm", flags=flags, code=1).out, "")
