"""The case of a test that speaks the Container Runtime Interface with a containerd, as kubelet does."""

import base64
import contextlib
import json
import pathlib
import subprocess
import unittest

from caller_case import CallerCase
from containerd_case import KUBERNETES, PEERS, debians
from machine import GROUP

CLIENT = PEERS / "cri"
# api.proto's enumerations.
POD, CONTAINER, NODE = 0, 1, 2  # NamespaceMode
NAMESPACES = {"network": NODE, "pid": CONTAINER, "ipc": POD}
RUNNING, EXITED = 1, 2  # ContainerState; 0 is left out of an answer


@unittest.skipUnless(CLIENT.exists(), "the CRI client was not built (tests/callers/build): Go is missing or too old")
class CriCase(CallerCase):
    daemon = staticmethod(debians)

    def setUp(self):
        super().setUp()
        self.containerd = self.daemon()
        self.pods = []
        self.addCleanup(self.remove_pods)

    def cri(self, method, **request):
        """The answer. Raises CriError."""
        done = subprocess.run([CLIENT, self.containerd.socket, method], input=json.dumps(request), capture_output=True, text=True, timeout=90)
        if done.returncode != 0:
            raise CriError(done.stderr.strip())
        return json.loads(done.stdout)

    def stream(self, answer, text=""):
        """What a program printed whose streams are at the URL of this answer: (exit code, stdout, stderr). Its stdin stays open."""
        running = self.spawn(CLIENT, self.containerd.socket, "stream", answer["url"], stdin=subprocess.PIPE)
        running.process.stdin.write(text.encode())
        running.process.stdin.flush()
        self.addCleanup(running.process.stdin.close)
        result = running.wait(30)
        return result.code, result.out, result.err

    # Pods and containers.

    def pod(self):
        """A sandbox that runs; its configuration stays in self.sandbox."""
        name = f"{self.name}-{len(self.pods)}"
        self.sandbox = {
            "metadata": {"name": name, "uid": name, "namespace": "default", "attempt": 0},
            "log_directory": str(self.scratch),
            "linux": {"cgroup_parent": f"/{GROUP}/{name}", "security_context": {"namespace_options": NAMESPACES}},
        }
        pod = self.cri("RunPodSandbox", config=self.sandbox)["pod_sandbox_id"]
        self.pods.append(pod)
        return pod

    def container(self, *command, pod=None, image="box", name="main", security=None, resources=None, **config):
        """The id of a container that was started."""
        config = {
            "metadata": {"name": name, "attempt": 0}, "image": {"image": f"localhost/{image}:latest"}, "command": list(command),
            "log_path": f"{name}.log", "linux": {"security_context": {"namespace_options": NAMESPACES, **(security or {})}, "resources": resources or {}}, **config,
        }
        made = self.cri("CreateContainer", pod_sandbox_id=pod or self.pod(), config=config, sandbox_config=self.sandbox)
        container = made["container_id"]
        self.cri("StartContainer", container_id=container)
        return container

    def status(self, container):
        return self.cri("ContainerStatus", container_id=container)["status"]

    def ended(self, container):
        """Its last status."""
        self.until(lambda: self.status(container).get("state") == EXITED, "the container does not end", 30)
        return self.status(container)

    def log(self, name="main"):
        """What it wrote to its log, without times and streams."""
        lines = (self.scratch / f"{name}.log").read_text().splitlines()
        return "".join(line.split(" ", 3)[3] + "\n" for line in lines)

    def output(self, *command, code=0, **options):
        """What a container printed by its end."""
        status = self.ended(self.container(*command, **options))
        log = self.log(options.get("name", "main"))
        self.assertEqual(status.get("exit_code", 0), code, f"{status} {log}")
        return log

    def exec_sync(self, container, *command, timeout=20):
        """(exit code, stdout, stderr)."""
        answer = self.cri("ExecSync", container_id=container, cmd=list(command), timeout=timeout)
        return answer.get("exit_code", 0), decoded(answer.get("stdout")), decoded(answer.get("stderr"))

    # Nothing is left.

    def remove_pods(self):
        for pod in self.pods:
            with contextlib.suppress(CriError):
                self.cri("StopPodSandbox", pod_sandbox_id=pod)
            self.cri("RemovePodSandbox", pod_sandbox_id=pod)
        for folder in pathlib.Path("/sys/fs/cgroup").glob(f"**/{GROUP}/{self.name}-*"):
            folder.rmdir()  # a pod's cgroup is kubelet's to remove

    def leftovers(self):
        root = pathlib.Path("/run/containerd/runc", KUBERNETES)
        return super().leftovers() + [f"state: {entry}" for entry in (root.iterdir() if root.exists() else ())]


class CriError(Exception):
    pass


def decoded(base64_text):
    return base64.b64decode(base64_text or "").decode()
