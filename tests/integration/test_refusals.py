"""What is refused: members of config.json that crumb does not support yet, and input that is broken. Each is one line that names
the place, with nothing left (the check of every test)."""

import json
import os
import unittest

import every_member
from support import IS_CRUMB, UNIFIED, ContainerCase, crumb_says, hierarchies, only_crumb

FULL = os.environ.get("CRUMB_TEST_FULL") == "1"
THINNED = 5  # several runs see all faults


@only_crumb("the list of what is not supported yet")
class NotSupportedYet(ContainerCase):
    def refused(self, place):
        """create fails and names the place; nothing was started."""
        self.bundle.write()
        result = self.fails("create", "--bundle", self.bundle.path, self.name, words=place + ": ")
        self.assertIn("not supported", result.err)

    def test_limits_of_controllers_that_the_machine_does_not_have(self):
        members = {"hugetlb": ("hugepageLimits", [{"pageSize": "2MB", "limit": 0}]), "net_cls": ("network", {"classID": 1}),
                   "rdma": ("rdma", {"mlx5_1": {"hcaHandles": 3}})}
        for controller, (name, value) in members.items():
            if not any(controller in controllers for controllers in hierarchies().values()) and not UNIFIED:
                with self.subTest(name):
                    self.linux["resources"] = {name: value}
                    self.run_fails("/bin/true", words=f"linux.resources.{name}")

    def test_members_that_say_nothing_are_no_reason_to_refuse(self):
        self.linux.update(seccomp=None, sysctl={}, uidMappings=[], mountLabel="")
        self.process.update(terminal=False, apparmorProfile="", selinuxLabel="")
        self.config.update(hooks={}, domainname="")
        self.run_container("/bin/true")

    def test_an_empty_list_of_hooks_is_no_reason_to_refuse(self):
        self.config["hooks"] = {"prestart": [], "poststop": None}
        self.run_container("/bin/true")


class UnknownMembers(ContainerCase):
    def test_unknown_members_are_ignored(self):
        self.config["org.example.extension"] = self.process["extension"] = self.linux["extension"] = {"a": [1, None]}
        self.run_container("/bin/true")

    def test_the_members_of_other_systems_are_ignored(self):
        if not IS_CRUMB:
            self.skipTest("the others look at some of them")
        for name in ("vm", "solaris", "windows", "zos", "freebsd"):
            self.config[name] = {"anything": 1}
        self.run_container("/bin/true")

    def test_unknown_annotations_are_ignored(self):
        self.config["annotations"] = {"org.example.unknown": "x", "": "y"} if IS_CRUMB else {"org.example.unknown": "x"}
        self.run_container("/bin/true", code=None if IS_CRUMB else 0)


class Broken(ContainerCase):
    def create_fails(self, words="", **popen):
        return self.fails("create", "--bundle", self.bundle.path, self.name, words=crumb_says(words), **popen)

    def write(self, text):
        (self.bundle.path / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())

    def test_a_missing_bundle_is_named(self):
        self.fails("create", "--bundle", "/no/such/bundle", self.name, words="/no/such/bundle")

    def test_a_bundle_that_is_a_file_is_named(self):
        (self.scratch / "file").write_text("")
        self.fails("create", "--bundle", self.scratch / "file", self.name, words=str(self.scratch / "file"))

    def test_a_bundle_without_config_json_is_named(self):
        (self.bundle.path / "config.json").unlink()
        self.fails("create", "--bundle", self.bundle.path, self.name, words="config.json")

    def test_an_empty_config_json_is_refused(self):
        self.write("")
        self.create_fails("config.json")

    def test_a_truncated_config_json_is_refused_with_its_line(self):
        text = json.dumps(self.config, indent=1)
        self.write(text[: len(text) // 2])
        self.create_fails("config.json: line ")

    def test_every_truncation_of_config_json_is_refused(self):
        text = json.dumps(self.config)
        for size in range(0, len(text), max(1, len(text) // 40)):
            self.write(text[:size])
            self.create_fails("config.json")

    def test_config_json_may_not_go_on_after_its_end(self):
        self.write(json.dumps(self.config) + "{}")
        if IS_CRUMB:
            self.create_fails("config.json")
        else:
            self.skipTest("the others read the first document")

    def test_another_kind_of_value_is_refused(self):
        for text in ("[]", "1", '"x"', "null", "true"):
            with self.subTest(text):
                self.write(text)
                self.create_fails("config.json")

    def test_json_that_is_10000_deep_is_refused(self):
        self.write('{"x":' + "[" * 10000 + "]" * 10000 + "}")
        self.create_fails("config.json")

    def test_bytes_that_are_no_text_are_refused(self):
        self.write(b'{"ociVersion":"\xff\xfe"}')
        self.create_fails("config.json")

    @only_crumb("reading config.json without waiting")
    def test_a_FIFO_as_config_json_is_refused_at_once(self):
        (self.bundle.path / "config.json").unlink()
        os.mkfifo(self.bundle.path / "config.json")
        self.create_fails("config.json", timeout=5)

    def test_a_directory_as_config_json_is_refused(self):
        (self.bundle.path / "config.json").unlink()
        (self.bundle.path / "config.json").mkdir()
        self.create_fails("config.json")

    def test_a_missing_version_is_refused(self):
        if not IS_CRUMB:
            self.skipTest("the others do without it")
        del self.config["ociVersion"]
        self.bundle.write()
        self.create_fails("ociVersion")

    def test_a_version_2_is_refused(self):
        if not IS_CRUMB:
            self.skipTest("the others do not look at it")
        self.config["ociVersion"] = "2.0.0"
        self.bundle.write()
        self.create_fails("ociVersion")

    def test_no_arguments_are_refused(self):
        self.process["args"] = []
        self.run_fails(words=crumb_says("process.args"))

    def test_an_unknown_namespace_is_refused_with_its_place(self):
        self.linux["namespaces"].append({"type": "galaxy"})
        self.run_fails("/bin/true", words=crumb_says("linux.namespaces[6].type"))

    def test_a_namespace_given_twice_is_refused(self):
        self.linux["namespaces"].append({"type": "pid"})
        self.run_fails("/bin/true", words=crumb_says("linux.namespaces[6]"))

    def test_a_NUL_in_a_text_is_refused(self):
        self.process["args"] = ["/bin/echo", "a\0b"]
        self.run_fails(words=crumb_says("process.args[1]"))


@only_crumb("an error of one line for each member: the others take some of them")
class EveryMember(ContainerCase):
    """Of a config.json that has them all, one after the other, with each kind of wrong value."""

    def refused(self, path, value, config):
        (self.bundle.path / "config.json").write_text(json.dumps(config))
        result = self.runtime("create", "--bundle", self.bundle.path, self.name, code=None)
        what = f"{every_member.place_text(path)} = {value!r}: {result}"
        self.assertEqual((result.code, result.out, result.err.count("\n")), (1, "", 1), what)
        self.assertTrue(result.err.startswith(f"crumb: config.json: {every_member.place_text(path)}: "), what)

    def test_the_config_that_is_changed_has_no_fault_of_its_own(self):
        (self.bundle.path / "config.json").write_text(json.dumps(every_member.CONFIG))
        result = self.fails("create", "--bundle", self.bundle.path, self.name)
        self.assertRegex(result.err, "this machine|kernel|terminal|console", "it is refused for what the machine lacks")

    def test_a_wrong_value_is_refused_with_its_place(self):
        faults = list(every_member.every_fault(every_member.CONFIG))
        for fault in faults if FULL else faults[os.getpid() % THINNED::THINNED]:
            self.refused(*fault)
        self.assertFalse(self.root.exists() and any(self.root.iterdir()), "something is left")


if __name__ == "__main__":
    unittest.main()
