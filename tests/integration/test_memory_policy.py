"""linux.memoryPolicy: where the memory of a container's processes comes from."""

import os
import unittest

from support import ContainerCase, only_crumb


@only_crumb("a member that is newer than Debian's runc and crun")
@unittest.skipUnless(os.path.exists("/proc/self/numa_maps"), "this kernel has no memory nodes")
class MemoryPolicy(ContainerCase):
    SHOW = ["/bin/cat", "/proc/self/numa_maps"]

    def policies(self, maps):
        """The policies of its mappings: "default" unless a policy is set."""
        return {line.split()[1] for line in maps.splitlines()}

    def of_program(self, **policy):
        self.linux["memoryPolicy"] = policy
        return self.policies(self.run_container(*self.SHOW).out)

    def test_binding_to_a_node(self):
        self.assertEqual(self.of_program(mode="MPOL_BIND", nodes="0"), {"bind:0"})

    def test_interleaving(self):
        self.assertEqual(self.of_program(mode="MPOL_INTERLEAVE", nodes="0"), {"interleave:0"})

    def test_a_flag(self):
        self.assertEqual(self.of_program(mode="MPOL_BIND", nodes="0", flags=["MPOL_F_STATIC_NODES"]), {"bind=static:0"})

    def test_a_preferred_node(self):
        self.assertEqual(self.of_program(mode="MPOL_PREFERRED", nodes="0"), {"prefer:0"})

    def test_the_local_node(self):
        self.assertEqual(self.of_program(mode="MPOL_LOCAL"), {"local"})

    def test_the_default(self):
        self.assertEqual(self.of_program(mode="MPOL_DEFAULT"), {"default"})

    def test_children_inherit_it(self):
        self.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0"}
        self.assertEqual(self.policies(self.sh("cat /proc/self/numa_maps; true")), {"bind:0"})

    def test_exec_has_it_too(self):
        self.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0"}
        self.running()
        self.assertEqual(self.policies(self.exec(*self.SHOW).out), {"bind:0"})

    def test_nodes_that_are_not_there_are_one_line_with_the_step(self):
        self.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "1000"}
        self.run_fails(words="memory policy MPOL_BIND: this kernel does not take it, or there are no such nodes")


if __name__ == "__main__":
    unittest.main()
