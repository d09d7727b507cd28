"""What is refused: members of config.json that crumb does not support yet, and input that is broken. Each is one line that names
the place, with nothing left (the check of every test)."""

import json
import unittest

from support import IS_CRUMB, UNIFIED, ContainerCase, crumb_says, hierarchies, only_crumb


@only_crumb("the list of what is not supported yet")
class NotSupportedYet(ContainerCase):
    def refused(self, place):
        """create fails and names the place; nothing was started."""
        self.bundle.write()
        result = self.fails("create", "--bundle", self.bundle.path, self.name, words=place + ": ")
        self.assertIn("not supported", result.err)

    def test_seccomp_notification(self):
        rules = [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]
        self.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/listener", "syscalls": rules}
        self.refused("linux.seccomp.listenerPath")
        del self.linux["seccomp"]["listenerPath"]
        self.refused("linux.seccomp.syscalls[0].action")

    def test_hooks(self):
        for name in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"):
            with self.subTest(name):
                self.config["hooks"] = {name: [{"path": "/bin/true"}]}
                self.refused("hooks")


    def test_a_scheduler(self):
        self.process["scheduler"] = {"policy": "SCHED_BATCH"}
        self.refused("process.scheduler")

    def test_an_io_priority(self):
        self.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 4}
        self.refused("process.ioPriority")

    def test_intelRdt(self):
        self.linux["intelRdt"] = {"closID": "x"}
        self.refused("linux.intelRdt")

    def test_net_devices(self):
        self.linux["netDevices"] = {"eth0": {}}
        self.refused("linux.netDevices")

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
        import os
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

    def test_each_member_of_the_wrong_type_is_refused_with_its_place(self):
        """Every value of the config, one after the other, is replaced by one of another kind."""
        if not IS_CRUMB:
            self.skipTest("the others take some of them")
        good = json.loads(json.dumps(self.config))
        for path in places(good):
            if path[-1] in ("type",) and "mounts" in path:
                wrong = [7]
            else:
                wrong = [{"wrong": 1}] if not isinstance(value_at(good, path), (dict, list)) else ["wrong"]
            for value in wrong:
                self.write(json.dumps(replaced(good, path, value)))
                result = self.runtime("create", "--bundle", self.bundle.path, self.name, code=None)
                self.assertEqual(result.code, 1, f"{path}: {result}")
                self.assertEqual(result.err.count("\n"), 1, f"{path}: {result}")
                self.assertIn("config.json: " + place_text(path), result.err)


def places(value, path=()):
    """The path of every value below this one."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield (*path, key)
        yield from places(item, (*path, key))


def value_at(config, path):
    for key in path:
        config = config[key]
    return config


def replaced(config, path, value):
    copy = json.loads(json.dumps(config))
    value_at(copy, path[:-1])[path[-1]] = value
    return copy


def place_text(path):
    """("linux", "namespaces", 2, "type") -> linux.namespaces[2].type"""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


if __name__ == "__main__":
    unittest.main()
