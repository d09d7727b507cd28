import pathlib
import shutil
import tempfile
import unittest

from repository import TOP, run

SCRIPT = TOP / "scripts/install-deps"


def tools(folder, **programs):
    """A new folder as the PATH, with these programs, each a shell script, and the few that any script needs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("dirname", "id", "cat", "cut", "sed", "head", "grep", "mktemp", "rm", "env", "bash", "sh"):
        found = run("sh", "-c", f"command -v {name}").stdout.strip()
        (folder / name).symlink_to(found)
    for name, text in programs.items():
        path = folder / name.replace("_", "-")
        path.unlink(missing_ok=True)
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
    return {"PATH": str(folder), "HOME": str(folder)}


# A distribution with these packages, none of them installed but those of $INSTALLED.
DISTRIBUTION = {
    "dpkg_query": 'for last; do :; done; case " $INSTALLED " in *" $last "*) printf installed ;; *) exit 1 ;; esac\n',
    "dpkg": '[ "$2" = 0 ] && exit 1; [ "$(printf "%s\\n%s\\n" "$2" "$4" | sort -V | head -n 1)" = "$4" ]\n',
    "apt_cache": """case "$1 $2" in
      "show libfmt-dev") [ -z "$NO_LISTS" ] || [ -e "$HOME/updated" ] ;;
      "policy cargo") echo "  Candidate: 0.66.0" ;;
      "policy cargo-web") echo "  Candidate: 1.96.0" ;;
      "policy libboost1.81-dev") echo "  Candidate: 1.81.0" ;;
      "depends clang") echo "  Depends: clang-14" ;;
      *) exit 1 ;;
    esac
    """,
    "apt_get": """echo "$@" >> "$HOME/calls"
    case "$*" in *update*) : > "$HOME/updated" ;; esac
    [ -z "$BROKEN" ] || exit 100
    """,
    "sort": 'exec /usr/bin/sort "$@"\n',
}


class InstallDeps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "machine")

    def script(self, *arguments, programs=DISTRIBUTION, root=True, **environment):
        programs = {**programs, "id": f"echo {0 if root else 1000}\n"}
        return run(SCRIPT, *arguments, env={**tools(self.folder, **programs), **environment})

    def calls(self):
        path = self.folder / "calls"
        return path.read_text() if path.exists() else ""

    def test_without_apt_it_says_what_to_install_and_fails(self):
        result = self.script(programs={})
        self.assertEqual(result.returncode, 1)
        for word in ("Fedora", "Arch", "Alpine", "Boost 1.81"):
            self.assertIn(word, result.stderr)

    def test_it_installs_what_is_missing_and_not_what_is_there(self):
        result = self.script(INSTALLED="g++ cmake git")
        self.assertEqual(result.returncode, 0, result.stderr)
        packages = self.calls().split()
        self.assertIn("ninja-build", packages)
        self.assertNotIn("g++", packages)
        self.assertNotIn("cmake", packages)

    def test_a_cargo_that_is_too_old_is_passed_over_for_a_newer_package(self):
        self.script()
        packages = self.calls().split()
        self.assertIn("cargo-web", packages)
        self.assertNotIn("cargo", packages)

    def test_a_cargo_in_the_path_needs_no_package(self):
        self.script(programs={**DISTRIBUTION, "cargo": "echo cargo 1.85.1\n"})
        self.assertNotIn("cargo", self.calls())

    def test_package_lists_are_updated_only_when_there_are_none(self):
        self.script()
        self.assertNotIn("update", self.calls())
        self.script(NO_LISTS="1")
        self.assertIn("update", self.calls())

    def test_the_tests_get_go_only_when_there_is_none(self):
        self.script("--test")
        self.assertIn("golang-go", self.calls().split())
        self.script("--test", programs={**DISTRIBUTION, "go": "exit 0\n"})
        self.assertNotIn("golang-go", self.calls().split())

    def test_the_demo_gets_npm_only_when_there_is_none(self):
        self.script("--demo")
        self.assertIn("npm", self.calls().split())
        self.script("--demo", programs={**DISTRIBUTION, "npm": "exit 0\n"})
        self.assertNotIn("npm", self.calls().split())

    def test_the_benchmark_gets_what_it_compares_with_and_draws_with(self):
        self.script("--bench")
        self.assertLessEqual({"runc", "crun", "strace", "python3-matplotlib"}, set(self.calls().split()))
        self.assertNotIn("podman", self.calls().split())

    def test_pip_is_installed_only_where_a_musl_build_needs_it_and_python_has_none(self):
        without = {**DISTRIBUTION, "python3": "exit 1\n"}
        self.script("--musl", programs=without)
        self.assertIn("python3-pip", self.calls().split())
        self.script("--aot", programs=without)
        self.assertNotIn("python3-pip", self.calls().split())
        self.script("--musl", programs={**DISTRIBUTION, "python3": "exit 0\n"})
        self.assertNotIn("python3-pip", self.calls().split())

    def test_the_runtime_library_has_the_version_of_the_default_clang(self):
        self.script("--demo")
        self.assertIn("libclang-rt-14-dev-wasm32", self.calls().split())

    def test_LLVM_comes_only_where_it_is_asked_for(self):
        self.script()
        self.assertNotIn("llvm-dev", self.calls().split())
        for option in ("--aot", "--demo", "--test"):
            with self.subTest(option=option):
                self.script(option)
                self.assertIn("llvm-dev", self.calls().split())

    def test_a_version_of_LLVM_that_will_do_is_kept(self):
        self.script("--aot", INSTALLED="llvm-16-dev")
        self.assertNotIn("llvm-dev", self.calls().split())

    def test_without_root_it_names_what_is_missing_and_installs_nothing(self):
        result = self.script(root=False, INSTALLED="g++")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ninja-build", result.stderr)
        self.assertIn("as root", result.stderr)
        self.assertEqual(self.calls(), "")

    def test_a_failed_installation_fails_after_a_second_try_with_new_lists(self):
        result = self.script(BROKEN="1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("apt-get", result.stderr)

    def test_an_unknown_option_is_refused(self):
        result = self.script("--all")
        self.assertEqual(result.returncode, 1)
        self.assertIn("usage", result.stderr)


if __name__ == "__main__":
    unittest.main()
