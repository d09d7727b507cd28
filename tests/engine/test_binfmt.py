"""crumb-wasm as the kernel's interpreter of modules, by binfmt_misc: in a user namespace, which may have a binfmt_misc of its own since
Linux 6.7. The machine's is not touched."""

import os
import pathlib
import shutil
import socket
import subprocess
import unittest

from engine_case import ENGINE, STATIC, EngineCase, guest

LINE = (pathlib.Path(__file__).resolve().parents[2] / "src/engine/crumb-wasm.conf.in").read_text().strip()
# As root of a namespace in which modules are programs. $1: a folder to mount on; $2: the line; the rest: what to execute.
ENABLE = 'mount -t binfmt_misc none "$1" && printf %s "$2" > "$1/register" && shift 2 && exec "$@"'
NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount"]


def registration(engine):
    """The line that is installed, for this engine."""
    return LINE.replace("@CMAKE_INSTALL_PREFIX@/@CMAKE_INSTALL_BINDIR@/crumb-wasm", str(engine))


def why_not():
    """Why binfmt_misc cannot be tried here; None: it can."""
    done = subprocess.run([*NAMESPACES, "mount", "-t", "binfmt_misc", "none", "/proc/sys/fs/binfmt_misc"], stderr=subprocess.PIPE, text=True)
    return None if done.returncode == 0 else "this kernel has no binfmt_misc for user namespaces"


@unittest.skipIf(why_not(), why_not())
@unittest.skipIf(not STATIC, "a sanitized engine is not static")
class Kernel(EngineCase):
    def kernel(self, *command, name=None, path=None, **options):
        """Executes a program where modules are programs; name: the argv[0] that it is given."""
        place = self.folder / "binfmt"
        place.mkdir(exist_ok=True)
        if name:
            command = ["bash", "-c", 'exec -a "$0" "$@"', name, *command]
        line = registration(path or pathlib.Path(shutil.which(ENGINE) or ENGINE).absolute())
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([*NAMESPACES, "sh", "-c", ENABLE, "sh", place, line, *map(str, command)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, **options)

    def module(self, name, path=None):
        """A guest that may be executed."""
        target = pathlib.Path(path or self.folder / f"{name}.wasm")
        shutil.copy(guest(name), target)
        target.chmod(0o755)
        return target

    def test_a_module_is_a_program(self):
        done = self.kernel(self.module("hello"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "hello from wasm\n", ""))

    def test_arguments_arrive_unchanged(self):
        words = ["a b", "", "--help", "--stack", "-x"]
        module = self.module("args")
        self.assertEqual(self.kernel(module, *words).stdout.splitlines(), [str(module), *words])

    def test_argv_0_is_the_callers(self):
        self.assertEqual(self.kernel(self.module("args"), "x", name="another").stdout.splitlines(), ["another", "x"])

    def test_the_environment_is_the_guests_even_where_it_has_a_name_of_ours(self):
        module = self.module("env")
        out = self.kernel(module, env={**os.environ, "CRUMB_WASM_OPTIONS": "0", "A": "1"}).stdout
        self.assertIn("CRUMB_WASM_OPTIONS=0\n", out)
        self.assertIn("A=1\n", out)

    def test_exit_codes_and_traps_are_those_of_any_guest(self):
        self.assertEqual(self.kernel(self.module("exitcode"), "42").returncode, 42)
        done = self.kernel(self.module("trap"))
        self.assertEqual((done.returncode, done.stdout), (134, ""))
        self.assertIn("unreachable", done.stderr)

    def test_the_working_directory_is_the_callers(self):
        (self.folder / "file").write_text("content\n")
        self.assertEqual(self.kernel(self.module("files"), "file", cwd=self.folder).stdout, "content\n")

    def test_it_runs_in_a_root_that_has_no_engine(self):
        root = self.folder / "root"
        root.mkdir()
        self.module("hello", root / "hello")
        self.assertEqual(self.kernel("chroot", root, "/hello").stdout, "hello from wasm\n")

    def test_no_socket_can_be_made(self):
        self.assertEqual(self.kernel("unshare", "--net", self.module("sockopen")).returncode, 2)

    def test_a_socket_that_is_handed_over_is_the_guests(self):
        module = self.module("socket")
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            with socket.create_connection(server.getsockname()) as client:
                script = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec {module} 3<&{server.fileno()}'
                done = self.kernel("bash", "-c", script, pass_fds=[server.fileno()])
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
                self.assertEqual(client.recv(64), b"hello from wasm\n")

    def test_what_is_no_module_of_version_1_is_not_its_program(self):
        done = self.kernel(self.module("component"))
        self.assertIn(done.returncode, (126, 2), done.stderr)
        self.assertNotIn("crumb-wasm:", done.stderr)


if __name__ == "__main__":
    unittest.main()
