"""podman build: RUN steps, which buildah's part of podman gives to the runtime itself."""

import textwrap

from podman_case import PodmanCase
from support import RUNTIME, only_crumb


class Build(PodmanCase):
    def build(self, text, *flags, **options):
        context = self.scratch / "context"
        context.mkdir()
        (context / "Containerfile").write_text(textwrap.dedent(text))
        tag = f"{self.name}-image"
        self.addCleanup(self.podman, "rmi", "--force", tag, code=None)
        result = self.podman("build", "--isolation", "oci", "--runtime", RUNTIME, "--network", "none", "--layers=false", *flags,
                             "--tag", tag, context, **options)
        return tag, result

    def test_a_step_changes_the_image(self):
        tag, _ = self.build("""
            FROM localhost/box
            RUN echo built as $(id -u) > /result
        """)
        self.assertEqual(self.output_of("cat", "/result", image=tag), "built as 0\n")

    def test_a_steps_output_is_seen(self):
        _, result = self.build("""
            FROM localhost/box
            RUN echo said
        """)
        self.assertIn("said\n", result.out)

    def test_a_failing_step_fails_the_build_with_its_code(self):
        _, result = self.build("""
            FROM localhost/box
            RUN exit 42
        """, code=None)
        self.assertNotEqual(result.code, 0)
        self.assertIn("42", result.err)

    def test_user_workdir_and_cache_mounts(self):
        tag, _ = self.build("""
            FROM localhost/box
            USER user
            WORKDIR /home/user
            RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch id -un > /tmp/result && pwd >> /tmp/result
        """)
        self.assertEqual(self.output_of("cat", "/tmp/result", image=tag), "user\n/home/user\n")

    @only_crumb("running Wasm")
    def test_a_step_can_be_a_module(self):
        tag, result = self.build("""
            FROM localhost/wasm
            RUN ["/files.wasm", "/result", "w", "by a module"]
        """)
        self.assertEqual(self.ran("/result", image=tag, flags=["--entrypoint", "/files.wasm"]).out,
                         "by a module")
