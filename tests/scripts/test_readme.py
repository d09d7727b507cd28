"""What README.md shows a reader, done as it stands there. Needs build/release (make) and root."""

import os
import re
import unittest

from repository import TOP, run


def tour():
    return re.search(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text(), re.DOTALL | re.MULTILINE).group(1)


class Tour(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_the_tour_runs_a_linux_program_a_module_and_shows_the_plan(self):
        result = run("bash", "-euo", "pipefail", "-c", tour() + '\nrm -rf "$tour"', cwd=TOP)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("hello from process 1\n", result.stdout)
        self.assertIn("hello from WebAssembly on tour\n", result.stdout)
        self.assertIn('"/hello.wasm"', result.stdout.split("on tour\n")[1])


class Links(unittest.TestCase):
    def test_every_file_that_the_documents_link_to_exists(self):
        for page in (TOP / "README.md", *(TOP / "docs").glob("*.md")):
            for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
                with self.subTest(page=page.name, link=link):
                    self.assertTrue((page.parent / link).exists())

    def test_every_path_of_the_source_tree_that_a_document_names_exists(self):
        for page in (TOP / "README.md", *(TOP / "docs").glob("*.md")):
            for path in set(re.findall(r"(?<![\w/.])(?:src|docs|tests|scripts|examples|third_party|cmake)/[\w./-]*\w", page.read_text())):
                with self.subTest(page=page.name, path=path):
                    self.assertTrue((TOP / path).exists())

    def test_every_document_that_a_source_names_exists(self):
        for folder in ("src", "bench", "cmake", "scripts", "tests"):
            for source in filter(self.is_text, (TOP / folder).rglob("*")):
                for page in set(re.findall(r"(?<![\w/.])docs/[\w-]+\.md", source.read_text())):
                    with self.subTest(source=str(source.relative_to(TOP)), page=page):
                        self.assertTrue((TOP / page).exists())

    @staticmethod
    def is_text(path):
        return path.is_file() and "__pycache__" not in path.parts and b"\0" not in path.read_bytes()


if __name__ == "__main__":
    unittest.main()
