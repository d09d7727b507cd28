"""containerd as kubelet uses it: pods, containers, probes, logs, limits, over the Container Runtime Interface."""

import pathlib
import time
import unittest

from containerd_case import newer
from cri_case import NAMESPACES, POD, RUNNING, CriCase, CriError
from support import UNIFIED, find_cgroups, only_crumb


class Pods(CriCase):
    def test_output_goes_to_the_log_and_the_exit_code_to_the_status(self):
        self.assertEqual(sorted(self.output("/bin/sh", "-c", "echo out; echo err >&2; exit 5", code=5).split()), ["err", "out"])

    def test_environment_working_directory_and_arguments(self):
        out = self.output("/bin/sh", "-c", "echo $SHAPE $COLOUR $1; pwd", args=["sh", "last"], working_dir="/tmp",
                          envs=[{"key": "SHAPE", "value": "round"}])
        self.assertEqual(out, "round green last\n/tmp\n")

    def test_a_container_runs_until_it_is_stopped(self):
        container = self.container("/bin/sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done")
        self.assertEqual(self.status(container)["state"], RUNNING)
        self.until(lambda: "ready" in self.log(), "it does not begin")
        self.cri("StopContainer", container_id=container, timeout=20)
        self.assertEqual(self.ended(container)["exit_code"], 3)

    def test_what_ignores_SIGTERM_is_killed_after_the_grace_period(self):
        container = self.container("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
        self.until(lambda: "ready" in self.log(), "it does not begin")
        begun = time.monotonic()
        self.cri("StopContainer", container_id=container, timeout=1)
        self.assertGreater(time.monotonic() - begun, 0.9)
        self.assertEqual(self.ended(container)["exit_code"], 137)

    def test_a_program_that_is_not_there_is_told(self):
        with self.assertRaisesRegex(CriError, "nosuch.*(no such file|not found)"):
            self.container("/nosuch")

    def test_two_containers_of_a_pod_share_its_ipc_and_network(self):
        pod = self.pod()
        first = self.container("/bin/sleep", "1000", pod=pod, name="first")
        second = self.container("/bin/sleep", "1000", pod=pod, name="second")
        seen = [self.exec_sync(container, "/bin/sh", "-c", "for n in ipc net pid; do readlink /proc/self/ns/$n; done")[1].split()
                for container in (first, second)]
        self.assertEqual([a == b for a, b in zip(*seen)], [True, True, False])

    def test_or_its_processes(self):
        pod = self.pod()
        self.container("/bin/sleep", "1234", pod=pod, name="first", security={"namespace_options": {**NAMESPACES, "pid": POD}})
        seen = self.output("/bin/ps", pod=pod, name="second", security={"namespace_options": {**NAMESPACES, "pid": POD}})
        self.assertIn("sleep 1234", seen)

    def test_mounts(self):
        (self.scratch / "file").write_text("from the host\n")
        mounts = [{"container_path": "/data", "host_path": str(self.scratch), "readonly": True}]
        self.assertEqual(self.output("/bin/sh", "-c", "cat /data/file; touch /data/new 2>/dev/null || echo no", mounts=mounts),
                         "from the host\nno\n")

    def test_users_and_capabilities(self):
        out = self.output("/bin/sh", "-c", "id -u; id -g; grep CapBnd /proc/self/status",
                          security={"run_as_user": {"value": 1000}, "run_as_group": {"value": 1000}, "capabilities": {"drop_capabilities": ["ALL"]}})
        self.assertEqual(out.split(), ["1000", "1000", "CapBnd:", "0000000000000000"])

    def test_a_read_only_root_and_seccomp(self):
        out = self.output("/bin/sh", "-c", "touch /new 2>/dev/null || echo no; grep '^Seccomp:' /proc/self/status",
                          security={"readonly_rootfs": True, "seccomp": {"profile_type": 0}})
        self.assertEqual(out.split(), ["no", "Seccomp:", "2"])

    def test_what_needs_more_memory_than_its_limit_is_told_to_be_out_of_memory(self):
        container = self.container("/bin/sh", "-c", "head -c 100m /dev/zero | tail", resources={"memory_limit_in_bytes": 16 << 20})
        self.assertEqual(self.ended(container).get("reason"), "OOMKilled")


class Running(CriCase):
    def setUp(self):
        super().setUp()
        self.running = self.container("/bin/sleep", "1000", resources={"memory_limit_in_bytes": 64 << 20, "cpu_shares": 512})

    def test_exec_sync_has_output_and_exit_code(self):
        self.assertEqual(self.exec_sync(self.running, "/bin/sh", "-c", "echo out; echo err >&2; exit 7"), (7, "out\n", "err\n"))

    def test_a_probe_that_takes_too_long_is_ended(self):
        with self.assertRaisesRegex(CriError, "timeout"):
            self.exec_sync(self.running, "/bin/sleep", "100", timeout=1)

    def test_a_probe_of_what_is_not_there_is_told(self):
        with self.assertRaisesRegex(CriError, "nosuch"):
            self.exec_sync(self.running, "nosuch")

    def test_exec_with_streams(self):
        answer = self.cri("Exec", container_id=self.running, cmd=["/bin/sh", "-c", "read line; echo got $line; exit 4"], stdin=True,
                          stdout=True, stderr=True)
        self.assertEqual(self.stream(answer, "this\n"), (4, "got this\n", ""))

    def test_exec_with_a_terminal(self):
        answer = self.cri("Exec", container_id=self.running, cmd=["/bin/sh", "-c", "tty; exit 4"], tty=True, stdin=True, stdout=True)
        code, out, _ = self.stream(answer)
        self.assertEqual((code, out.split()), (4, ["/dev/pts/0"]))

    def test_statistics(self):
        stats = self.cri("ContainerStats", container_id=self.running)["stats"]
        self.assertGreater(stats["memory"]["working_set_bytes"]["value"], 0)
        self.assertGreater(stats["cpu"]["usage_core_nano_seconds"]["value"], 0)

    def test_an_update_of_its_limits(self):
        self.cri("UpdateContainerResources", container_id=self.running, linux={"memory_limit_in_bytes": 128 << 20})
        name = "memory.max" if UNIFIED else "memory.limit_in_bytes"
        found = [pathlib.Path(path, name) for path in find_cgroups(self.running)]
        self.assertIn(f"{128 << 20}\n", [path.read_text() for path in found if path.exists()])

    def test_attach(self):
        container = self.container("/bin/sh", "-c", "read line; echo got $line; sleep 0.5; exit 6", pod=self.pods[0], name="attached", stdin=True)
        answer = self.cri("Attach", container_id=container, stdin=True, stdout=True, stderr=True)
        _, out, _ = self.stream(answer, "that\n")
        self.assertEqual(out, "got that\n")
        self.assertEqual(self.ended(container)["exit_code"], 6)


@only_crumb("WebAssembly")
class Wasm(CriCase):
    def test_an_image_that_holds_only_modules(self):
        self.assertEqual(self.output(image="wasm"), "hello from wasm\n")

    def test_the_exit_code_is_in_the_status(self):
        self.output("/exitcode.wasm", "42", image="wasm", code=42)

    def test_a_trap_is_in_the_log(self):
        self.assertIn("unreachable", self.output("/trap.wasm", image="wasm", code=134))

    def test_SIGTERM_stops_it_within_the_grace_period(self):
        container = self.container("/sleep.wasm", "1000", image="wasm")
        self.until(lambda: "ready" in self.log(), "it does not begin")
        begun = time.monotonic()
        self.cri("StopContainer", container_id=container, timeout=20)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(self.ended(container)["exit_code"], 143)

    def test_a_Linux_sidecar_in_the_same_pod(self):
        pod = self.pod()
        module = self.container("/sleep.wasm", "1000", image="wasm", pod=pod, name="module")
        sidecar = self.container("/bin/sleep", "1000", pod=pod, name="sidecar")
        self.assertEqual([self.status(container)["state"] for container in (module, sidecar)], [RUNNING, RUNNING])
        self.assertEqual(self.exec_sync(sidecar, "/bin/echo", "here")[1], "here\n")

    def test_probes_of_both_kinds(self):
        container = self.container("/guest/sleep.wasm", "1000")
        self.assertEqual(self.exec_sync(container, "/guest/exitcode.wasm", "3")[0], 3)
        self.assertEqual(self.exec_sync(container, "/bin/sh", "-c", "echo native; exit 2"), (2, "native\n", ""))

    def test_its_statistics(self):
        container = self.container("/sleep.wasm", "1000", image="wasm")
        stats = self.cri("ContainerStats", container_id=container)["stats"]
        self.assertGreater(stats["memory"]["working_set_bytes"]["value"], 0)


class PodsOfContainerd2(Pods):
    daemon = staticmethod(newer)


class RunningByContainerd2(Running):
    daemon = staticmethod(newer)


class WasmByContainerd2(Wasm):
    daemon = staticmethod(newer)


if __name__ == "__main__":
    unittest.main()
