"""process.scheduler, process.ioPriority, process.execCPUAffinity: how the kernel's schedulers treat a container's processes."""

import json
import os
import unittest

from support import ContainerCase, only_crumb

NEWER = "a member that is newer than Debian's runc and crun"
CPUS = sorted(os.sched_getaffinity(0))
SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE = 0, 1, 2, 3, 5, 6


def stat_fields(line):
    """/proc/PID/stat by the numbers of proc(5)."""
    return dict(enumerate([*line.rpartition(")")[2].split()], start=3))


@only_crumb(NEWER)
class Scheduler(ContainerCase):
    def scheduling(self, line):
        """Policy, nice value and real-time priority."""
        fields = stat_fields(line)
        return int(fields[41]), int(fields[19]), int(fields[40])

    def of_program(self, **scheduler):
        self.process["scheduler"] = scheduler
        return self.scheduling(self.run_container("/bin/cat", "/proc/self/stat").out)

    def test_a_batch_process_with_a_nice_value(self):
        self.assertEqual(self.of_program(policy="SCHED_BATCH", nice=7), (SCHED_BATCH, 7, 0))

    def test_the_nice_value_alone(self):
        self.assertEqual(self.of_program(policy="SCHED_OTHER", nice=-3), (SCHED_OTHER, -3, 0))

    def test_an_idle_process(self):
        self.assertEqual(self.of_program(policy="SCHED_IDLE")[0], SCHED_IDLE)

    def test_a_deadline(self):
        deadline = self.of_program(policy="SCHED_DEADLINE", runtime=1000000, deadline=10000000, period=10000000,
                                   flags=["SCHED_FLAG_RESET_ON_FORK"])
        self.assertEqual(deadline[0], SCHED_DEADLINE)

    def test_children_inherit_it(self):
        self.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 2}
        self.assertEqual(self.scheduling(self.sh("cat /proc/self/stat; true")), (SCHED_BATCH, 2, 0))

    def test_reset_on_fork_keeps_it_from_children(self):
        self.process["scheduler"] = {"policy": "SCHED_OTHER", "nice": -2, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
        self.assertEqual(self.scheduling(self.sh("cat /proc/self/stat; true")), (SCHED_OTHER, 0, 0))

    def test_it_is_set_in_a_user_namespace_too(self):
        self.linux["namespaces"].append({"type": "user"})
        self.linux["uidMappings"] = self.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        os.chmod(self.folder, 0o755)
        self.assertEqual(self.of_program(policy="SCHED_OTHER", nice=-3), (SCHED_OTHER, -3, 0))

    def test_exec_without_one_has_the_containers(self):
        self.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 4}
        self.running()
        self.assertEqual(self.scheduling(self.exec("/bin/cat", "/proc/self/stat").out), (SCHED_BATCH, 4, 0))
        self.assertEqual(self.scheduling(self.exec_file().out), (SCHED_BATCH, 4, 0))

    def test_exec_has_its_own(self):
        self.running()
        self.assertEqual(self.scheduling(self.exec_file(scheduler={"policy": "SCHED_IDLE"}).out)[0], SCHED_IDLE)

    def exec_file(self, **members):
        return exec_file(self, ["/bin/cat", "/proc/self/stat"], **members)

    def test_what_the_kernel_does_not_take_is_one_line_with_its_place(self):
        self.process["scheduler"] = {"policy": "SCHED_ISO"}
        self.run_fails(words="process.scheduler: SCHED_ISO: this kernel does not take it")

    def test_a_plan_says_it(self):
        self.process["scheduler"] = {"policy": "SCHED_RR", "priority": 3}
        self.bundle.write()
        self.assertIn("\n  scheduler SCHED_RR, priority 3\n", self.runtime("plan", "--bundle", self.bundle.path).out)


def exec_file(case, args, **members):
    """exec --process of a process that says nothing but these members."""
    path = case.new_path("process.json")
    path.write_text(json.dumps({"args": args, "cwd": "/", "env": ["PATH=/bin"], **members}))
    return case.runtime("exec", "--process", path, case.name)


@only_crumb(NEWER)
class IoPriority(ContainerCase):
    def of_program(self, kind, priority):
        self.process["ioPriority"] = {"class": kind, "priority": priority}
        return self.run_container("/bin/busybox", "ionice").out.strip()

    def test_best_effort(self):
        self.assertEqual(self.of_program("IOPRIO_CLASS_BE", 6), "best-effort: prio 6")

    def test_real_time(self):
        self.assertEqual(self.of_program("IOPRIO_CLASS_RT", 0), "realtime: prio 0")

    def test_idle(self):
        self.assertIn("idle", self.of_program("IOPRIO_CLASS_IDLE", 0))

    def test_exec_without_one_has_the_containers(self):
        self.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 2}
        self.running()
        self.assertEqual(self.exec("/bin/busybox", "ionice").out.strip(), "best-effort: prio 2")


@only_crumb(NEWER)
@unittest.skipIf(len(CPUS) < 2, "this machine has one CPU")
class ExecCpuAffinity(ContainerCase):
    STATUS = ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"]

    def cpus(self, **members):
        return exec_file(self, self.STATUS, **members).out.split()[-1]

    def test_the_final_CPUs_are_those_of_the_new_process(self):
        self.running()
        for cpu in CPUS[:2]:
            self.assertEqual(self.cpus(execCPUAffinity={"final": str(cpu)}), str(cpu))

    def test_the_containers_are_those_of_exec_without_any(self):
        self.process["execCPUAffinity"] = {"final": str(CPUS[1])}
        self.running()
        self.assertEqual(self.cpus(), str(CPUS[1]))
        self.assertEqual(self.exec(*self.STATUS).out.split()[-1], str(CPUS[1]))
        self.assertEqual(self.cpus(execCPUAffinity={"final": str(CPUS[0])}), str(CPUS[0]))

    def test_they_mean_nothing_to_the_containers_own_process(self):
        self.process["execCPUAffinity"] = {"initial": str(CPUS[0]), "final": str(CPUS[0])}
        self.assertNotEqual(self.run_container(*self.STATUS).out.split()[-1], str(CPUS[0]))

    def test_the_initial_CPUs_are_crumbs_and_stay_where_no_final_ones_are(self):
        self.running()
        self.assertEqual(self.cpus(execCPUAffinity={"initial": str(CPUS[1])}), str(CPUS[1]))

    def test_CPUs_that_nobody_has_are_one_line_with_their_place(self):
        self.running()
        path = self.new_path("process.json")
        for member in ("initial", "final"):
            path.write_text('{"args": ["true"], "cwd": "/", "execCPUAffinity": {"%s": "8000"}}' % member)
            self.fails("exec", "--process", path, self.name, words=f"process.execCPUAffinity.{member}: the process may use none")


if __name__ == "__main__":
    unittest.main()
