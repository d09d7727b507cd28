"""podman build: RUN steps, which buildah's part of podman gives to the runtime itself."""

import shutil
import textwrap

from podman_case import PodmanCase
from support import RUNTIME, guests, only_crumb


class Build(PodmanCase):
    def build(self, text, *flags, files=(), **options):
        context = self.scratch / "context"
        context.mkdir()
        for path in files:
            shutil.copy(path, context)
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

    @only_crumb("running Wasm")
    def test_an_image_of_the_platform_wasi_wasm_with_crun_s_annotation_runs(self):
        for variant in ("compat", "compat-smart"):
            with self.subTest(variant=variant):
                shutil.rmtree(self.scratch / "context", ignore_errors=True)
                tag, _ = self.build("""
                    FROM scratch
                    COPY hello.wasm /
                    ENTRYPOINT ["/hello.wasm"]
                """, "--platform", "wasi/wasm", "--annotation", f"module.wasm.image/variant={variant}", files=[guests() / "hello.wasm"])
                flags = ["--platform", "wasi/wasm", "--annotation", f"module.wasm.image/variant={variant}"]
                self.assertEqual(self.output_of(image=tag, flags=flags), "hello from wasm\n")
