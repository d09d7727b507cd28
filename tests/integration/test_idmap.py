"""Idmapped mounts: uidMappings and gidMappings of a mount, the options idmap and ridmap."""

import os
import pathlib
import subprocess
import unittest

from support import crumb_says, kernel_version, not_on, only_crumb
from test_userns import FIRST, SIZE, ContainerCase, UserNamespaceCase


def mapping(container, host, size=1):
    return [{"containerID": container, "hostID": host, "size": size}]


class Source:
    """A directory of the host, in which root and user 1000 have a file each."""

    def make_source(self):
        self.bundle.directory("/mnt")
        self.source = self.new_path("source")
        self.source.mkdir()
        for name, owner in (("root", 0), ("user", 1000)):
            (self.source / name).write_text(name)
            os.chown(self.source / name, owner, owner)
        os.chown(self.source, 0, 0)

    def bind(self, *options, kind="bind"):
        self.mount("/mnt", self.source, "bind", [kind, *options])

    def owners(self, script="stat -c %u:%g /mnt/root /mnt/user"):
        return self.sh(script).split()


class Plain(Source, ContainerCase):
    """Without a user namespace."""

    def setUp(self):
        super().setUp()
        self.make_source()

    def test_ids_of_the_filesystem_are_those_of_the_mapping(self):
        self.bind()
        self.config["mounts"][-1].update(uidMappings=mapping(0, 5000, 2000), gidMappings=mapping(0, 6000, 2000))
        self.assertEqual(self.owners(), ["5000:6000", "6000:7000"])

    def test_files_that_are_made_are_mapped_back(self):
        self.bind()
        self.config["mounts"][-1].update(uidMappings=mapping(1000, 0), gidMappings=mapping(1000, 0))
        os.chown(self.source, 1000, 1000)
        self.sh("echo > /mnt/made")
        self.assertEqual((self.source / "made").stat().st_uid, 1000)

    def test_an_id_outside_of_the_mapping_is_nobody(self):
        self.bind()
        self.config["mounts"][-1].update(uidMappings=mapping(0, 0), gidMappings=mapping(0, 0))
        self.assertEqual(self.owners(), ["0:0", "65534:65534"])

    @not_on("runc", "has no such options")
    def test_podmans_form_of_the_option(self):
        self.bind("idmap=uids=0-7000-1#1000-8000-5;gids=0-9000-2000")
        self.assertEqual(self.owners(), ["7000:9000", "8000:10000"])

    @not_on("runc", "1.1 takes it for data of a filesystem, which a bind mount has none of; 1.2 refuses it")
    def test_another_value_of_the_option_is_refused(self):
        self.bind("idmap=true")
        self.run_fails("/bin/true", words=crumb_says('options[1]: "true" is neither uids=... nor gids=...'))

    @only_crumb("an error of one line")
    def test_idmap_without_any_mapping_is_refused(self):
        self.bind("idmap")
        self.run_fails("/bin/true", words="options[1]: needs uidMappings and gidMappings")

    @only_crumb("an error of one line")
    def test_a_filesystem_that_is_made_cannot_be_idmapped(self):
        self.mount("/mnt", "tmpfs", "tmpfs").update(uidMappings=mapping(0, 1), gidMappings=mapping(0, 1))
        self.run_fails("/bin/true", words="only a bind mount can be idmapped")

    @not_on("crun", "another error")
    def test_a_filesystem_without_the_feature_is_an_error(self):
        self.bundle.directory("/mnt")
        self.mount("/mnt", "/proc/self", "bind", ["bind"]).update(uidMappings=mapping(0, 1), gidMappings=mapping(0, 1))
        self.run_fails("/bin/true", words=crumb_says("idmapped mount of"))

    def nested(self, option):
        below = self.source / "below"
        below.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", below], check=True)
        self.addCleanup(subprocess.run, ["umount", below])
        (below / "file").write_text("")
        self.bind(option, kind="rbind")
        self.config["mounts"][-1].update(uidMappings=mapping(0, 4000, 2000), gidMappings=mapping(0, 4000, 2000))
        return self.owners("stat -c %u /mnt/root /mnt/below/file")

    def test_idmap_is_of_one_mount(self):
        self.assertEqual(self.nested("idmap"), ["4000", "0"])

    @unittest.skipIf(kernel_version() < (6, 3), "tmpfs can be idmapped since Linux 6.3")
    def test_ridmap_is_of_those_below_too(self):
        self.assertEqual(self.nested("ridmap"), ["4000", "4000"])

    def test_the_host_sees_its_own_ids(self):
        self.bind()
        self.config["mounts"][-1].update(uidMappings=mapping(0, 5000, 2000), gidMappings=mapping(0, 5000, 2000))
        self.running()
        self.assertEqual((self.source / "user").stat().st_uid, 1000)
        self.assertNotIn(str(self.source), pathlib.Path("/proc/self/mountinfo").read_text())


class WithUserNamespace(Source, UserNamespaceCase):
    def setUp(self):
        super().setUp()
        self.make_source()

    def test_the_containers_mapping_shows_files_as_on_the_host(self):
        self.bind()
        self.config["mounts"][-1].update(uidMappings=mapping(0, FIRST, SIZE), gidMappings=mapping(0, FIRST, SIZE))
        self.assertEqual(self.owners(), ["0:0", "1000:1000"])

    def test_without_it_they_belong_to_nobody(self):
        self.bind()
        self.assertEqual(self.owners(), ["65534:65534", "65534:65534"])

    @not_on("runc", "1.1 has no such option")
    def test_idmap_alone_is_the_containers_mapping(self):
        self.bind("idmap")
        self.assertEqual(self.owners(), ["0:0", "1000:1000"])

    @not_on("runc", "has no such options")
    @not_on("crun", "1.8 does not know @")
    def test_ids_after_an_at_sign_are_the_containers(self):
        self.bind("idmap=uids=@0-1-1#@1000-2-1;gids=@0-1-1#@1000-2-1")
        self.assertEqual(self.owners(), ["1:1", "2:2"])

    def test_files_that_the_container_makes_belong_to_root_on_the_host(self):
        self.bind()
        self.config["mounts"][-1].update(uidMappings=mapping(0, FIRST, SIZE), gidMappings=mapping(0, FIRST, SIZE))
        self.sh("echo > /mnt/made")
        self.assertEqual((self.source / "made").stat().st_uid, 0)


if __name__ == "__main__":
    unittest.main()
