"""linux.resources and the container's cgroups, version 1 or 2, whichever this machine has (tests/vm brings a machine with 2)."""

import os
import pathlib
import unittest

from support import IS_CRUMB, UNIFIED, ContainerCase, Running, find_cgroups, hierarchies, not_on, only_crumb

MEGA = 1 << 20


class Limits(ContainerCase):
    def limit(self, **resources):
        self.linux["resources"] = resources

    def test_the_memory_limit_is_written(self):
        self.limit(memory={"limit": 64 * MEGA})
        self.create("/bin/true")
        self.assertEqual(self.cgroup("memory", "memory.limit_in_bytes", "memory.max"), str(64 * MEGA))

    def test_an_unlimited_memory_is_written(self):
        self.limit(memory={"limit": -1})
        self.create("/bin/true")
        self.assertIn(self.cgroup("memory", "memory.limit_in_bytes", "memory.max"), ("max", "9223372036854771712"))

    def test_the_memory_reservation_is_written(self):
        self.limit(memory={"reservation": 32 * MEGA})
        self.create("/bin/true")
        self.assertEqual(self.cgroup("memory", "memory.soft_limit_in_bytes", "memory.low"), str(32 * MEGA))

    @not_on("runc", "ignores it")
    def test_the_limit_of_tcp_buffers_is_written_on_version_1(self):
        name = "memory.kmem.tcp.limit_in_bytes"
        if not any(os.path.exists(f"{place}/{name}") for place in hierarchies()):
            self.skipTest("limits of TCP's buffers are version 1's")
        self.limit(memory={"kernelTCP": 16 * MEGA})
        self.create("/bin/true")
        self.assertEqual((self.cgroup_folder("memory") / name).read_text(), f"{16 * MEGA}\n")

    def test_memory_and_swap_together_are_written(self):
        name = "memory.swap.max" if UNIFIED else "memory.memsw.limit_in_bytes"
        root = next(p for p, c in hierarchies().items() if UNIFIED or "memory" in c)
        if not UNIFIED and not os.path.exists(f"{root}/{name}"):
            self.skipTest("this kernel does not account for swap")
        self.limit(memory={"limit": 64 * MEGA, "swap": 96 * MEGA})
        self.create("/bin/true")
        # version 2 counts swap alone
        self.assertEqual((self.cgroup_folder("memory") / name).read_text(), f"{(32 if UNIFIED else 96) * MEGA}\n")

    def test_a_program_that_takes_more_memory_than_its_limit_is_killed(self):
        # dd's buffer is memory of its own; swap is forbidden so that the limit is felt
        root = next(p for p, c in hierarchies().items() if UNIFIED or "memory" in c)
        accounts_for_swap = UNIFIED or os.path.exists(f"{root}/memory.memsw.limit_in_bytes")
        self.limit(memory={"limit": 16 * MEGA, **({"swap": 16 * MEGA} if accounts_for_swap else {})})
        self.sh("dd if=/dev/zero of=/dev/null bs=64M count=1", code=137)

    def test_a_program_that_takes_less_memory_than_its_limit_lives(self):
        self.limit(memory={"limit": 64 * MEGA})
        self.sh("dd if=/dev/zero of=/dev/null bs=16M count=1 2>/dev/null")

    def test_the_limit_of_processes_is_written(self):
        self.limit(pids={"limit": 12})
        self.create("/bin/true")
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "12")

    def test_no_limit_of_processes_is_max(self):
        self.limit(pids={"limit": -1})
        self.create("/bin/true")
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "max")

    def test_more_processes_than_the_limit_cannot_be_made(self):
        self.limit(pids={"limit": 3})
        result = self.run_container("/bin/sh", "-c", "sleep 2 & sleep 2 & sleep 2 & echo all started", code=None)
        self.assertNotIn("all started", result.out)
        self.assertIn("fork", result.err)

    def test_the_quota_of_CPU_time_is_written(self):
        self.limit(cpu={"quota": 20000, "period": 100000})
        self.create("/bin/true")
        if UNIFIED:
            self.assertEqual(self.cgroup("cpu", "", "cpu.max"), "20000 100000")
        else:
            self.assertEqual((self.cgroup("cpu", "cpu.cfs_quota_us", ""), self.cgroup("cpu", "cpu.cfs_period_us", "")), ("20000", "100000"))

    def test_the_quota_of_CPU_time_throttles(self):
        self.limit(cpu={"quota": 10000, "period": 100000})
        self.running("/bin/sh", "-c", "while :; do :; done")
        self.until(lambda: dict(line.split() for line in self.cgroup("cpu", "cpu.stat", "cpu.stat").splitlines())["nr_throttled"] != "0",
                   "the container is not throttled")

    def test_the_share_of_CPU_time_is_written(self):
        self.limit(cpu={"shares": 512})
        self.create("/bin/true")
        # for version 2 runc's conversion since 1.3, and the older one: 1 + (shares - 2) * 9999 / 262142
        self.assertIn(self.cgroup("cpu", "cpu.shares", "cpu.weight"), (("59",) if IS_CRUMB else ("59", "20")) if UNIFIED else ("512",))

    def test_the_CPUs_are_chosen(self):
        root = next(p for p, c in hierarchies().items() if UNIFIED or "cpuset" in c)
        if UNIFIED and "cpuset" not in pathlib.Path(root, "cgroup.controllers").read_text().split():
            self.skipTest("this kernel has no cpuset controller")
        self.limit(cpu={"cpus": "0"})
        self.assertIn("Cpus_allowed_list:\t0\n", self.sh("cat /proc/self/status"))

    def test_unified_writes_the_files_of_version_2(self):
        if not UNIFIED:
            self.skipTest("this machine has no pure cgroup version 2")
        self.limit(unified={"memory.high": "33554432", "pids.max": "77"})
        self.create("/bin/true")
        folder = self.cgroup_folder("memory")
        self.assertEqual(((folder / "memory.high").read_text(), (folder / "pids.max").read_text()), ("33554432\n", "77\n"))

    def test_unified_names_may_not_leave_the_cgroup(self):
        if not UNIFIED:
            self.skipTest("this machine has no pure cgroup version 2")
        self.limit(unified={"../cgroup.subtree_control": "-memory"})
        self.run_fails("/bin/true", words="unified")

    def test_exec_is_under_the_containers_limits(self):
        self.limit(pids={"limit": 30})
        self.running()
        self.exec("/bin/sh", "-c", "for i in $(seq 40); do sleep 1 & done", code=2)

    def test_a_limit_that_the_kernel_refuses_is_named(self):
        self.limit(cpu={"quota": 1, "period": 100000})
        self.run_fails("/bin/true", words="quota" if not UNIFIED else "cpu.max")


@only_crumb("the kernel takes 5 to 20 ms to move a process by its pid")
class Joining(ContainerCase):
    """Seen to fail with linux::join_cgroups() for every leaf, and with clone() in the place of clone3."""

    def moves(self, *words):
        """What the command, and all that it starts, writes to cgroup.procs."""
        trace = self.new_path("trace")
        strace = ["strace", "-f", "-y", "-s", "16", "-e", "trace=write", "-o", trace]
        result = Running(self, [*strace, *self.command_line(*words)], {}).wait(60)
        self.assertEqual(result.code, 0, result)
        self.assertIn("write(", trace.read_text())
        return [line for line in trace.read_text().splitlines() if "cgroup.procs>" in line]

    def test_run_moves_nobody_by_a_pid(self):
        self.process["args"] = ["/bin/true"]
        self.bundle.write()
        self.assertEqual(self.moves("run", "--bundle", self.bundle.path, self.name), [])

    def test_exec_moves_nobody_by_a_pid(self):
        self.running()
        self.assertEqual(self.moves("exec", self.name, "/bin/true"), [])

    @unittest.skipIf(UNIFIED, "version 2: it is made in its cgroup")
    def test_a_process_that_wants_certain_CPUs_is_moved_before_it_gets_them(self):
        self.process["execCPUAffinity"] = {"final": "0"}
        self.running()
        self.assertNotEqual(self.moves("exec", self.name, "/bin/true"), [])


class Places(ContainerCase):
    def test_the_process_is_in_its_cgroup_in_every_hierarchy(self):
        self.running()
        pid = str(self.pid())
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            self.assertEqual(line.split(":", 2)[2], self.linux["cgroupsPath"], line)

    def test_a_deep_path_is_made_and_removed(self):
        self.linux["cgroupsPath"] = f"/{self.name}/a/b"
        self.addCleanup(self.remove_parents)
        self.running()
        self.assertIn(str(self.pid()), (self.cgroup_folder("pids") / "cgroup.procs").read_text().split())
        self.delete_forcibly()
        self.assertEqual([path for path in find_cgroups(self.name) if path.endswith("/a/b")], [])

    def remove_parents(self):
        """The cgroups above belong to nobody and may stay."""
        for path in sorted(find_cgroups(self.name), key=len, reverse=True):
            os.rmdir(path)

    @only_crumb("the place of containers without a cgroupsPath")
    def test_without_a_path_the_cgroup_has_the_containers_name(self):
        del self.linux["cgroupsPath"]
        self.namespace("cgroup")
        self.running()
        line = pathlib.Path(f"/proc/{self.pid()}/cgroup").read_text().splitlines()[0]
        self.assertIn(self.name, line)

    def test_the_cgroups_are_gone_after_delete(self):
        self.running()
        self.delete_forcibly()
        self.assertEqual(find_cgroups(self.name), [])

    def test_a_container_that_made_cgroups_of_its_own_is_deleted(self):
        self.namespace("cgroup")
        self.running()
        below = self.cgroup_folder("pids") / "below"
        below.mkdir()
        (below / "deeper").mkdir()
        self.delete_forcibly()
        self.assertEqual(find_cgroups(self.name), [])

    def test_a_cgroup_that_is_there_already_is_used(self):
        folder = self.cgroup_folder("pids")
        folder.mkdir()
        self.run_container("/bin/true")

    @not_on("runc", "it climbs nowhere, but is accepted")
    @not_on("crun", "likewise")
    def test_a_path_that_climbs_is_refused(self):
        self.linux["cgroupsPath"] = "/../../x"
        self.run_fails("/bin/true", words="cgroupsPath")

    @not_on("runc", "has no --cgroup-manager")
    @not_on("crun", "it shows the container its caller's cgroup, writable")
    def test_with_the_manager_disabled_cgroup_mounts_are_read_only(self):
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime"])
        script = "ls /sys/fs/cgroup; find /sys/fs/cgroup -name cgroup.procs -maxdepth 2 -exec sh -c 'echo 1 > {} && echo written' ';' 2> /dev/null"
        out = self.sh(script, options=("--cgroup-manager", "disabled"))
        self.assertNotEqual(out, "")
        self.assertNotIn("written", out)

    @not_on("runc", "has no --cgroup-manager")
    def test_with_the_manager_disabled_no_cgroup_is_made(self):
        with_ids = self.spawn_run("/bin/sh", "-c", "echo ready; sleep 1000", options=("--cgroup-manager", "disabled"))
        self.until(lambda: "ready" in with_ids.output(), "the container does not start")
        self.assertEqual(find_cgroups(self.name), [])

    @only_crumb("--cgroup-manager with an error for what it does not know")
    def test_a_manager_that_is_not_known_is_refused(self):
        self.fails("list", options=("--cgroup-manager", "no-such"), words="cgroup-manager")


@not_on("runc", "changes the owner with systemd's driver only")
@unittest.skipUnless(UNIFIED, "this machine has no pure cgroup version 2")
class Ownership(ContainerCase):
    """A container that has its cgroups to itself may divide them (config-linux.md, Cgroup ownership)."""

    def owners(self, *args):
        """Owner of the cgroup's directory, of what is delegated, and of a limit."""
        self.create(*args)
        folder = self.cgroup_folder("pids")
        return {name: os.stat(folder / name).st_uid for name in (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "pids.max")}

    def user_namespace(self):
        self.linux["namespaces"].append({"type": "user"})
        self.linux["uidMappings"] = self.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.folder.chmod(0o755)

    def test_root_of_the_user_namespace_owns_what_is_delegated_and_no_limit(self):
        self.user_namespace()
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"])
        owners = self.owners("/bin/true")
        self.assertEqual(owners.pop("pids.max"), 0)
        self.assertEqual(set(owners.values()), {100000})

    def test_it_can_divide_its_cgroup(self):
        self.user_namespace()
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"])
        out = self.sh("cd /sys/fs/cgroup && mkdir a && echo 1 > a/cgroup.procs && echo +pids > cgroup.subtree_control && cat /proc/self/cgroup; ls a/pids.max")
        self.assertEqual(out, "0::/a\na/pids.max\n")

    def test_a_read_only_mount_changes_no_owner(self):
        self.user_namespace()
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"])
        self.assertEqual(set(self.owners("/bin/true").values()), {0})

    def test_without_a_cgroup_namespace_no_owner_changes(self):
        self.user_namespace()
        self.namespace("cgroup")
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"])
        self.assertEqual(set(self.owners("/bin/true").values()), {0})

    @not_on("crun", "looks at the user namespace only")
    def test_the_user_who_executes_the_program_owns_it(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"])
        self.assertEqual(self.owners("/bin/true")["cgroup.procs"], 1000)


@not_on("runc", "the annotation is crun's")
class Delegated(ContainerCase):
    """A cgroup below the one with the limits, which is all that the container sees (run.oci.delegate-cgroup)."""

    def delegate(self, path):
        self.config["annotations"] = {"run.oci.delegate-cgroup": path}

    @unittest.skipUnless(UNIFIED, "this machine has no pure cgroup version 2")
    def test_the_process_is_in_it_and_the_limits_are_above(self):
        self.delegate("app/x")
        self.linux["resources"] = {"pids": {"limit": 77}}
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"])
        self.running()
        folder = self.cgroup_folder("pids")
        self.assertEqual((folder / "app/x/cgroup.procs").read_text(), f"{self.pid()}\n")
        self.assertEqual((folder / "pids.max").read_text(), "77\n")
        self.assertEqual((folder / "app/x/pids.max").read_text(), "max\n")
        self.assertEqual(self.inside("cat /proc/self/cgroup"), "0::/\n")

    @only_crumb("the words")
    def test_it_cannot_lead_out_or_be_had_on_version_1(self):
        self.delegate("../x")
        self.run_fails("/bin/true", words='annotations["run.oci.delegate-cgroup"]: ')


class Namespace(ContainerCase):
    def test_a_cgroup_mount_shows_the_containers_own_cgroup(self):
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ("ro", "nosuid", "noexec", "nodev"))
        self.linux["resources"] = {"pids": {"limit": 44}}
        if IS_REFUSED_YET and not UNIFIED:
            self.run_fails("/bin/true", words="cgroup")
        else:
            path = "/sys/fs/cgroup/pids.max" if UNIFIED else "/sys/fs/cgroup/pids/pids.max"
            self.assertEqual(self.sh(f"cat {path}"), "44\n")


# Mounts of type cgroup on version 1 come with a later version of crumb; until then they are one clear error.
IS_REFUSED_YET = False


if __name__ == "__main__":
    unittest.main()
