"""buildah: working containers from an image and from scratch, commands run in them by the runtime."""

import unittest

from podman_case import PodmanCase
from support import RUNTIME, guests, only_crumb


class Buildah(PodmanCase):
    def buildah(self, *words, **options):
        return self.command("buildah", *words, **options)

    def working(self, image):
        """The name of a working container."""
        name = self.buildah("from", "--quiet", "--name", f"{self.name}-working", image).out.strip()
        self.addCleanup(self.buildah, "rm", name)
        return name

    def run_in(self, container, *args, flags=(), **options):
        return self.buildah("run", "--runtime", RUNTIME, "--isolation", "oci", "--network", "none", *flags, container, "--", *args, **options)

    def test_a_command_runs_in_a_working_container(self):
        result = self.run_in(self.working("localhost/box"), "/bin/sh", "-c", "echo out; echo err >&2")
        self.assertEqual((result.out, result.err.splitlines()[-1]), ("out\n", "err"))  # crumb warns of ambient capabilities before

    def test_its_exit_code_is_buildahs(self):
        result = self.run_in(self.working("localhost/box"), "/bin/sh", "-c", "exit 42", code=42)
        self.assertEqual(result.out, "")

    def test_user_directory_environment_and_volume(self):
        (self.scratch / "file").write_text("from the host\n")
        flags = ["--user", "user", "--workingdir", "/tmp", "--env", "SHAPE=round", "--volume", f"{self.scratch}:/data:ro"]
        result = self.run_in(self.working("localhost/box"), "/bin/sh", "-c", "id -un; pwd; echo $SHAPE; cat /data/file", flags=flags)
        self.assertEqual(result.out, "user\n/tmp\nround\nfrom the host\n")

    def test_what_it_changes_is_in_the_image(self):
        container = self.working("localhost/box")
        self.run_in(container, "/bin/sh", "-c", "echo changed > /result")
        image = f"{self.name}-image"
        self.buildah("commit", "--quiet", container, image)
        self.addCleanup(self.podman, "rmi", "--force", image, code=None)
        self.assertEqual(self.output_of("cat", "/result", image=image), "changed\n")

    def test_a_program_that_is_not_there_fails(self):
        result = self.run_in(self.working("localhost/box"), "/nosuch", code=None)
        self.assertNotEqual(result.code, 0)
        self.assertIn("/nosuch", result.err)

    @only_crumb("running Wasm")
    def test_a_module_runs_in_a_container_from_scratch(self):
        container = self.working("scratch")
        self.buildah("copy", "--quiet", container, guests() / "hello.wasm", "/hello.wasm")
        self.assertEqual(self.run_in(container, "/hello.wasm").out, "hello from wasm\n")


if __name__ == "__main__":
    unittest.main()
