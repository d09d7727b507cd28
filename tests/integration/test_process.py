"""process: user, groups, capabilities, limits, environment, working directory."""

import os
import unittest

from support import IS_CRUMB, ContainerCase, crumb_says, not_on, only_crumb

CAP_CHOWN, CAP_KILL, CAP_NET_BIND_SERVICE, CAP_NET_ADMIN = 0, 5, 10, 12


class User(ContainerCase):
    def test_the_uid_is_the_configs(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.sh("id -u"), "1000\n")

    def test_the_gid_is_the_configs(self):
        self.process["user"] = {"uid": 1000, "gid": 2000}
        self.assertEqual(self.sh("id -g"), "2000\n")

    def test_additional_groups_are_set(self):
        self.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [2000, 3000]}
        self.assertEqual(self.sh("id -G").split(), ["1000", "2000", "3000"])

    def test_the_callers_groups_are_dropped(self):
        self.process["user"] = {"uid": 0, "gid": 0}
        self.assertEqual(self.sh("grep Groups /proc/self/status").split()[1:], [])

    @not_on("runc", "the annotation is crun's")
    def test_an_annotation_keeps_the_callers_groups(self):
        self.config["annotations"] = {"run.oci.keep_original_groups": "1"}
        self.process["user"] = {"uid": 1000, "gid": 1000}
        groups = self.sh("grep Groups /proc/self/status", extra_groups=[4321, 4322]).split()[1:]
        self.assertEqual(groups, ["4321", "4322"])

    @not_on("runc", "the annotation is crun's")
    def test_an_annotation_keeps_the_callers_groups_in_exec(self):
        self.config["annotations"] = {"run.oci.keep_original_groups": "1"}
        self.running()
        self.assertEqual(self.exec("/bin/grep", "Groups", "/proc/self/status", extra_groups=[4321]).out.split()[1:], ["4321"])

    @not_on("runc", "the annotation is crun's")
    def test_the_annotation_0_keeps_nothing(self):
        self.config["annotations"] = {"run.oci.keep_original_groups": "0"}
        self.assertEqual(self.sh("grep Groups /proc/self/status", extra_groups=[4321]).split()[1:], [])

    def test_all_four_uids_are_set(self):
        self.process["user"] = {"uid": 1000, "gid": 2000}
        self.assertEqual(self.sh("grep -E '^(Uid|Gid)' /proc/self/status").split(), ["Uid:", *["1000"] * 4, "Gid:", *["2000"] * 4])

    @not_on("runc", "a uid beyond 2^31 is refused by runc")
    def test_a_large_uid_is_set(self):
        self.process["user"] = {"uid": 4294967294, "gid": 1000}
        self.assertEqual(self.sh("id -u"), "4294967294\n")

    def test_the_umask_is_set(self):
        self.process["user"]["umask"] = 0o027
        self.assertEqual(self.sh("umask; touch /new; stat -c %a /new"), "0027\n640\n")

    def test_the_umask_is_0022_by_default(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        self.bundle.directory("/work", 0o777)
        self.assertEqual(self.sh("umask"), "0022\n")


class Environment(ContainerCase):
    def env(self):
        return dict(line.split("=", 1) for line in self.run_container("/bin/env").out.splitlines())

    def test_the_environment_is_the_configs_alone(self):
        os.environ["OF_THE_CALLER"] = "1"
        self.addCleanup(os.environ.pop, "OF_THE_CALLER")
        self.process["env"] = ["PATH=/bin", "A=1", "HOME=/x"]
        self.assertEqual(self.env(), {"PATH": "/bin", "A": "1", "HOME": "/x"})

    def test_a_value_may_hold_anything(self):
        self.process["env"] += ["EMPTY=", "SIGNS= a=b 'c' ü"]
        env = self.env()
        self.assertEqual((env["EMPTY"], env["SIGNS"]), ("", " a=b 'c' ü"))

    def test_HOME_comes_from_the_containers_passwd(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.env()["HOME"], "/home/user")

    def test_HOME_of_root_is_its_own(self):
        self.assertEqual(self.env()["HOME"], "/root")

    def test_HOME_is_the_root_when_the_user_is_unknown(self):
        self.process["user"] = {"uid": 4242, "gid": 4242}
        self.assertEqual(self.env()["HOME"], "/")

    def test_HOME_is_the_root_without_a_passwd(self):
        (self.bundle.rootfs / "etc/passwd").unlink()
        self.process["user"] = {"uid": 4242, "gid": 0}
        self.assertEqual(self.env()["HOME"], "/")

    def test_a_HOME_of_the_config_stays(self):
        self.process["env"].append("HOME=/elsewhere")
        self.assertEqual(self.env()["HOME"], "/elsewhere")

    def hostile_passwd(self, prepare):
        (self.bundle.rootfs / "etc/passwd").unlink()
        prepare(self.bundle.rootfs / "etc/passwd")
        return self.run_container("/bin/sh", "-c", "echo $HOME", code=None, timeout=10)

    @only_crumb("reading /etc/passwd as a hostile file")
    def test_a_FIFO_as_passwd_does_not_hang(self):
        self.assertEqual(self.hostile_passwd(lambda path: os.mkfifo(path)).out, "/\n")

    @only_crumb("reading /etc/passwd as a hostile file")
    def test_a_directory_as_passwd_is_no_error(self):
        self.assertEqual(self.hostile_passwd(lambda path: path.mkdir()).out, "/\n")

    @only_crumb("reading /etc/passwd as a hostile file")
    def test_a_passwd_of_binary_rubbish_is_no_error(self):
        self.assertEqual(self.hostile_passwd(lambda path: path.write_bytes(os.urandom(100000).replace(b"\nroot", b""))).code, 0)

    @only_crumb("reading /etc/passwd as a hostile file")
    def test_an_endless_device_as_passwd_is_no_error(self):
        self.assertEqual(self.hostile_passwd(lambda path: os.symlink("/dev/zero", path)).out, "/\n")

    def test_a_link_to_the_hosts_passwd_is_not_followed_out_of_the_root(self):
        (self.scratch / "passwd").write_text("stranger:x:1000:1000::/of-the-host:/bin/sh\n")
        (self.bundle.rootfs / "etc/passwd").unlink()
        os.symlink(self.scratch / "passwd", self.bundle.rootfs / "etc/passwd")
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.env()["HOME"], "/")


class WorkingDirectory(ContainerCase):
    def test_it_is_the_configs(self):
        self.process["cwd"] = "/tmp"
        self.assertEqual(self.sh("pwd"), "/tmp\n")

    def test_a_missing_one_is_made(self):
        self.process["cwd"] = "/a/b/c"
        self.assertEqual(self.sh("pwd"), "/a/b/c\n")

    def test_one_that_is_made_belongs_to_root(self):
        self.process["cwd"] = "/made"
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.sh("stat -c %u:%a /made"), "0:755\n")

    def test_a_link_is_followed_inside_the_root(self):
        self.bundle.directory("/real")
        os.symlink("/real", self.bundle.rootfs / "link")
        self.process["cwd"] = "/link"
        self.assertEqual(self.sh("readlink -f ."), "/real\n")

    def test_a_file_is_refused(self):
        self.bundle.file("/file")
        self.process["cwd"] = "/file"
        self.run_fails("/bin/true", words="/file")

    def test_a_relative_one_is_refused(self):
        self.process["cwd"] = "tmp"
        self.run_fails("/bin/true", words=crumb_says("cwd"))

    def test_a_descriptor_of_the_runtime_is_refused(self):
        # CVE-2024-21626
        for number in range(3, 20):
            self.process["cwd"] = f"/proc/self/fd/{number}"
            result = self.run_container("/bin/sh", "-c", "ls -d ../../../../../../etc/crumb-host; pwd", code=None)
            self.assertNotEqual(result.code, 0, result)

    @not_on("runc", "enters it with root's rights")
    def test_one_that_the_user_may_not_enter_is_refused(self):
        self.bundle.directory("/closed", 0o700)
        self.process["cwd"] = "/closed"
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.process["capabilities"] = {}
        self.run_fails("/bin/true", words="/closed")


class Capabilities(ContainerCase):
    def sets(self, **popen):
        words = dict(line.split() for line in self.sh("grep ^Cap /proc/self/status", **popen).splitlines())
        return {name[3:-1]: int(value, 16) for name, value in words.items()}

    def only(self, capability, *sets):
        self.process["capabilities"] = {name: [capability] for name in sets}

    def test_the_bounding_set_is_the_configs(self):
        self.only("CAP_KILL", "bounding")
        self.assertEqual(self.sets()["Bnd"], 1 << CAP_KILL)

    def test_the_permitted_set_is_the_configs(self):
        self.only("CAP_KILL", "bounding", "permitted")
        self.process["user"] = {"uid": 0, "gid": 0}
        self.assertEqual(self.sets()["Prm"], 1 << CAP_KILL)

    def test_the_effective_set_is_the_configs(self):
        self.only("CAP_KILL", "bounding", "permitted", "effective")
        self.assertEqual(self.sets()["Eff"], 1 << CAP_KILL)

    def test_the_inheritable_set_is_the_configs(self):
        self.only("CAP_KILL", "bounding", "permitted", "effective", "inheritable")
        self.assertEqual(self.sets()["Inh"], 1 << CAP_KILL)

    def test_the_inheritable_set_is_empty_when_the_config_has_none(self):
        # CVE-2022-29162
        self.assertEqual(self.sets()["Inh"], 0)

    def test_exec_has_an_empty_inheritable_set_too(self):
        # CVE-2022-27650
        self.running()
        self.assertIn("CapInh:\t0000000000000000\n", self.inside("cat /proc/self/status"))

    def test_the_ambient_set_gives_a_user_capabilities(self):
        self.only("CAP_NET_BIND_SERVICE", "bounding", "permitted", "effective", "inheritable", "ambient")
        self.process["user"] = {"uid": 1000, "gid": 1000}
        sets = self.sets()
        self.assertEqual((sets["Amb"], sets["Eff"]), (1 << CAP_NET_BIND_SERVICE,) * 2)

    def test_a_user_has_none_without_the_ambient_set(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        sets = self.sets()
        self.assertEqual((sets["Eff"], sets["Prm"], sets["Amb"]), (0, 0, 0))

    def test_no_capabilities_in_the_config_are_none(self):
        self.process["capabilities"] = {}
        self.assertEqual(set(self.sets().values()), {0})

    @only_crumb("its one reading of a process without capabilities")
    def test_a_process_without_the_member_has_none(self):
        del self.process["capabilities"]
        self.assertEqual(set(self.sets().values()), {0})

    def test_root_without_a_capability_cannot_use_it(self):
        self.only("CAP_KILL", "bounding", "permitted", "effective")
        self.sh("chown 1:1 /bin", code=1)

    @not_on("runc", "ignores unknown capabilities with a warning")
    @not_on("crun", "likewise")
    def test_an_unknown_capability_is_an_error(self):
        self.only("CAP_NO_SUCH", "bounding")
        self.run_fails("/bin/true", words="CAP_NO_SUCH")

    def test_no_new_privs_is_set(self):
        self.process["noNewPrivileges"] = True
        self.assertIn("NoNewPrivs:\t1\n", self.sh("cat /proc/self/status"))

    def test_no_new_privs_is_not_set_by_default(self):
        self.process["noNewPrivileges"] = False
        self.assertIn("NoNewPrivs:\t0\n", self.sh("cat /proc/self/status"))


class Limits(ContainerCase):
    def test_a_soft_and_a_hard_limit_are_set(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
        self.assertEqual(self.sh("ulimit -n; ulimit -Hn"), "100\n200\n")

    def test_several_limits_are_set(self):
        self.process["rlimits"] = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}, {"type": "RLIMIT_CPU", "soft": 5, "hard": 6}]
        out = self.sh("grep -E 'core file size|cpu time' /proc/self/limits")
        self.assertEqual([line.split()[-3:-1] for line in out.splitlines()], [["5", "6"], ["0", "0"]])

    def test_an_unknown_limit_is_an_error(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NO_SUCH", "soft": 1, "hard": 1}]
        self.run_fails("/bin/true", words="RLIMIT_NO_SUCH")

    def test_a_soft_limit_above_the_hard_one_is_an_error(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 200, "hard": 100}]
        self.run_fails("/bin/true")

    def test_a_limit_given_twice_is_an_error(self):
        if not IS_CRUMB:
            self.skipTest("the others take the last one")
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 100}] * 2
        self.run_fails("/bin/true", words=crumb_says("rlimits[1]"))

    def test_the_oom_score_is_set(self):
        self.process["oomScoreAdj"] = 321
        self.assertEqual(self.sh("cat /proc/self/oom_score_adj"), "321\n")

    def test_the_oom_score_of_the_caller_stays_by_default(self):
        with open("/proc/self/oom_score_adj") as own:
            self.assertEqual(self.sh("cat /proc/self/oom_score_adj"), own.read())


if __name__ == "__main__":
    unittest.main()
