"""podman pod and podman play kube: containers that share namespaces."""

from caller_case import PATIENCE
from machine import GROUP
from podman_case import PodmanCase
from support import only_crumb

KUBE = """
apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
  - name: first
    image: localhost/box:latest
    command: ["sh", "-c", "echo native; exec sleep 1000"]
    securityContext:
      runAsUser: 1000
      readOnlyRootFilesystem: true
      capabilities:
        drop: ["ALL"]
    resources:
      limits:
        memory: 64Mi
  - name: second
    image: localhost/{image}:latest
    command: {command}
"""


class PodCase(PodmanCase):
    def setUp(self):
        super().setUp()
        # podman tries again for seconds, in each hierarchy of version 1, while a clean-up process of its own is in the pod's cgroup.
        self.addCleanup(self.podman, "pod", "rm", "--all", "--force", "--time", "0", timeout=3 * PATIENCE)


class Pods(PodCase):
    def pod(self, *flags):
        """A pod whose first process is catatonit of this machine: podman would build an image for it otherwise."""
        self.podman("pod", "create", "--name", self.name, "--cgroup-parent", f"/{GROUP}", "--network", "none",
                    "--infra-image", "localhost/box:latest", "--infra-command", "sleep 100000", *flags)
        return ["--pod", self.name]

    def test_two_containers_share_network_ipc_and_uts(self):
        flags = self.pod()
        first = self.detached(flags=flags, name="first")
        kinds = ("net", "ipc", "uts")
        theirs = "".join(self.podman("exec", first, "readlink", f"/proc/self/ns/{kind}").out for kind in kinds)
        self.assertEqual(self.sh("; ".join(f"readlink /proc/self/ns/{kind}" for kind in kinds), flags=flags), theirs)

    def test_a_shared_process_namespace(self):
        flags = self.pod("--share", "pid,net,ipc")
        self.detached(flags=flags, name="first")
        self.assertIn("sleep 1000", self.output_of("ps", "-o", "args", flags=flags))

    def test_stop_and_start_of_all(self):
        flags = self.pod()
        self.detached(flags=[*flags, "--init"], name="first")
        self.podman("pod", "stop", "--time", "20", self.name)
        self.assertEqual(self.exit_code("first"), 143)
        self.podman("pod", "start", self.name)
        self.assertEqual(self.inspect("first", "State", "Status"), "running")

    @only_crumb("running Wasm")
    def test_a_module_beside_a_native_container(self):
        flags = self.pod()
        first = self.detached(flags=flags, name="first")
        self.assertEqual(self.wasm("hello", flags=flags).out, "hello from wasm\n")
        second = self.detached_wasm(flags=flags)
        self.assertEqual(self.podman("ps", "--filter", f"name={second}", "--format", "{{.Status}}").out[:2], "Up")
        self.assertEqual(self.podman("exec", first, "echo", "native").out, "native\n")


class Kube(PodCase):
    def play(self, image, command):
        file = self.scratch / "pod.yaml"
        file.write_text(KUBE.format(name=self.name, image=image, command=command))
        self.podman("play", "kube", file)

    def shows(self, container, text):
        self.until(lambda: text in self.podman("logs", f"{self.name}-{container}").out, f"{container} does not say {text!r}", 30)

    def test_two_native_containers(self):
        self.play("box", '["sh", "-c", "echo other; exec sleep 1000"]')
        self.shows("first", "native\n")
        self.shows("second", "other\n")

    @only_crumb("running Wasm")
    def test_a_module_beside_a_native_container(self):
        self.play("wasm", '["/sleep.wasm", "1000"]')
        self.shows("first", "native\n")
        self.shows("second", "ready\n")
