"""What `make install` puts on a machine: programs that find each other, man pages that name every option, completions that work.

Environment:
  CRUMB_BUILD   the build folder (default: build/release)
  CRUMB_GUESTS  folder of the compiled Wasm guests (default: build/guests)
"""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from repository import TOP, run

BUILD = pathlib.Path(os.environ.get("CRUMB_BUILD") or TOP / "build/release")
GUESTS = pathlib.Path(os.environ.get("CRUMB_GUESTS") or TOP / "build/guests")
needs = lambda shell: unittest.skipUnless(shutil.which(shell), f"{shell} is not installed")  # noqa: E731


class InstalledCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="crumb-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = pathlib.Path(folder.name, "usr")
        installed = run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--strip")
        assert installed.returncode == 0, installed.stderr
        cls.crumb = cls.prefix / "bin/crumb"

    def printed(self, *arguments):
        done = run(self.crumb, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def commands(self):
        """The names of all commands, from crumb --help."""
        before_globals = self.printed("--help").split("Global options")[0]
        return [line.split("  ")[1].strip() for line in before_globals.splitlines() if re.match("  [a-z]", line)]

    def options(self, *command):
        return re.findall(r"^ +(?:-., )?--([a-z0-9-]+)", self.printed(*command, "--help"), re.MULTILINE)


class WaysIn(InstalledCase):
    def test_the_engine_runs_a_module(self):
        done = run(self.prefix / "bin/crumb-wasm", GUESTS / "hello.wasm")
        self.assertEqual((done.returncode, done.stdout), (0, "hello from wasm\n"))

    def test_the_line_for_binfmt_misc_names_the_installed_engine_and_is_read_nowhere(self):
        line = (self.prefix / "share/crumb/binfmt.d/crumb-wasm.conf").read_text()
        self.assertEqual(line, f":crumb-wasm:M::\\x00asm\\x01\\x00\\x00\\x00::{self.prefix}/bin/crumb-wasm:POF\n")
        self.assertFalse((self.prefix / "lib/binfmt.d").exists())

    def test_the_handler_for_crun_can_be_loaded(self):
        for name in ("crumb-crun.so", "crumb-crun-smart.so"):
            with self.subTest(name):
                handler, = self.prefix.glob(f"lib*/crun/handlers/{name}")
                table = ctypes.CDLL(handler, mode=os.RTLD_NOW).run_oci_handler_get_handler
                table.restype = ctypes.POINTER(ctypes.c_char_p)
                self.assertIn(table()[0], (b"crumb", b"crumb-smart"))


class Places(unittest.TestCase):
    """make install and make uninstall with PREFIX and DESTDIR."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="crumb-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def make(self, target, prefix):
        done = run("make", "-C", TOP, target, f"PREFIX={prefix}", f"DESTDIR={self.root}", f"PRESET={BUILD.name}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def files(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()}

    def test_below_usr_the_handler_is_where_the_machines_crun_looks(self):
        self.make("install", "/usr")
        library = f"usr/lib/{os.uname().machine}-linux-gnu" if os.path.exists("/etc/debian_version") else "usr/lib*"
        self.assertEqual(len(list(self.root.glob(f"{library}/crun/handlers/*.so"))), 2)

    def test_what_was_installed_runs_from_DESTDIR(self):
        self.make("install", "/opt/crumb")
        done = run(self.root / "opt/crumb/bin/crumb", "--version")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_uninstall_removes_what_install_has_put_there_and_nothing_else(self):
        others = [self.root / name for name in ("usr/bin/other", "usr/share/man/man1/other.1", "usr/share/crumb/kept")]
        for other in others:
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_text("other\n")
        self.make("install", "/usr")
        self.assertGreater(len(self.files()), 10)
        self.make("uninstall", "/usr")
        self.assertEqual(self.files(), {str(other.relative_to(self.root)) for other in others})
        self.assertFalse((self.root / "usr/libexec/crumb").exists())


class ManPages(InstalledCase):
    def test_every_program_has_one(self):
        programs = {path.name for folder in ("bin", "libexec/crumb") for path in (self.prefix / folder).iterdir()}
        pages = {path.stem for path in (self.prefix / "share/man").glob("man?/*")}
        self.assertEqual(programs - pages, set())

    def test_each_is_well_formed(self):
        for page in (self.prefix / "share/man").glob("man?/*"):
            with self.subTest(page.name):
                done = run("man", "--warnings=w", "--local-file", page, env={**os.environ, "MAN_KEEP_STDERR": "1", "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_crumbs_names_every_command_and_option(self):
        text = (self.prefix / "share/man/man1/crumb.1").read_text().replace("\\-", "-")
        for command in self.commands():
            self.assertIn(command, text)
            for option in self.options(*command.split()):
                with self.subTest(command, option=option):
                    self.assertIn("--" + option, text)


# What a shell offers after these words.
OFFERS = [
    ("crumb ", {"create", "run", "wasm", "completion"}, {"list-of-nothing", "cache"}),
    ("crumb cr", {"create"}, {"run"}),
    ("crumb wasm ", {"compile", "cache"}, {"create"}),
    ("crumb wasm cache ", {"list", "prune", "verify"}, {"compile"}),
    ("crumb --debug create --b", {"--bundle"}, {"--pid-file"}),
    ("crumb --root /nowhere exec --t", {"--tty"}, {"--bundle"}),
    ("crumb completion ", {"bash", "zsh", "fish"}, {"create"}),
]

BASH = """
source "$1"; read -ra COMP_WORDS <<< "$2"; [[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _crumb; printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh's own functions need its line editor: these print what they are given.
ZSH = """
compdef() { : }; compadd() { print -l -- ${@[2,-1]} }; _files() { : }
_describe() { local choice; for choice in ${(P)@[-1]}; do print -- ${choice%%:*}; done }
source $1; words=(${(z)2}); [[ $2 == *" " ]] && words+=(""); CURRENT=${#words}; _crumb
"""
FISH = "source $argv[1]; complete -C $argv[2]"


class Completions(InstalledCase):
    def offers(self, line, *command):
        done = run(*command, line, env={**os.environ, "PATH": f"{self.crumb.parent}:{os.environ['PATH']}"})
        self.assertEqual(done.stderr, "")
        begun = line.rpartition(" ")[2]
        return {word.split("\t")[0] for word in done.stdout.splitlines() if word.startswith(begun)}

    def check(self, *command):
        for line, among, not_among in OFFERS:
            with self.subTest(line):
                offered = self.offers(line, *command)
                self.assertLessEqual(among, offered)
                self.assertFalse(not_among & offered)

    def test_of_bash_work(self):
        self.check("bash", "--norc", "-c", BASH, "bash", self.prefix / "share/bash-completion/completions/crumb")

    @needs("zsh")
    def test_of_zsh_work(self):
        self.check("zsh", "--no-rcs", "-c", ZSH, "zsh", self.prefix / "share/zsh/site-functions/_crumb")

    @needs("fish")
    def test_of_fish_work(self):
        self.check("fish", "--no-config", "-c", FISH, self.prefix / "share/fish/vendor_completions.d/crumb.fish")

    def test_of_another_shell_are_refused(self):
        done = run(self.crumb, "completion", "tcsh")
        self.assertEqual((done.returncode, done.stderr), (1, 'crumb: completion: "tcsh" is none of bash, zsh and fish\n'))


if __name__ == "__main__":
    unittest.main()
