// Settings of the kernel and labels of its security modules: what of config.json becomes which step, and what is refused.
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sched.h>

#include "config_case.h"
#include "plan/compile.h"

namespace crumb::plan {
namespace {

constexpr char kAllNamespaces[] =
    R"([{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}, {"type": "network"}])";

oci::Config config_with_sysctl(const std::string& name, const std::string& value, bool namespaces = true) {
  oci::Config config =
      oci::parse_with("/linux/namespaces", namespaces ? kAllNamespaces : R"([{"type": "mount"}, {"type": "uts"}])");
  config.linux_.sysctl[name] = value;
  return config;
}

std::string message(const std::string& name, bool namespaces = true, std::uint64_t own = 0) {
  Surroundings surroundings;
  surroundings.own_namespaces = own;
  return oci::message_of([&] { compile_create(config_with_sysctl(name, "1", namespaces), surroundings); });
}

template <class Wanted>
std::vector<Wanted> steps_of(const Plan& plan) {
  std::vector<Wanted> found;
  for (const Step& step : plan.steps)
    if (const auto* wanted = std::get_if<Wanted>(&step)) found.push_back(*wanted);
  return found;
}

std::string path_of(const std::string& name) {
  const std::vector<Sysctl> found = steps_of<Sysctl>(compile_create(config_with_sysctl(name, "7"), {}));
  return found.size() == 1 && found[0].value == "7" ? found[0].path : "?";
}

TEST(Sysctl, IsWrittenToTheFileOfItsName) {
  EXPECT_EQ(path_of("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  EXPECT_EQ(path_of("net/ipv4/ip_forward"), "net/ipv4/ip_forward");
  EXPECT_EQ(path_of("net.ipv4.conf.eth0/100.rp_filter"), "net/ipv4/conf/eth0.100/rp_filter");
  EXPECT_EQ(path_of("net/ipv4/conf/eth0.100/rp_filter"), "net/ipv4/conf/eth0.100/rp_filter");
  EXPECT_EQ(path_of("kernel.shm_rmid_forced"), "kernel/shm_rmid_forced");
  EXPECT_EQ(path_of("fs.mqueue.queues_max"), "fs/mqueue/queues_max");
}

TEST(Sysctl, OfTheWholeMachineIsRefused) {
  for (const std::string name :
       {"vm.swappiness", "kernel.core_pattern", "kernel.pid_max", "fs.file-max", "kernel.msg", "net", "x", ""})
    EXPECT_NE(message(name), "no error") << name;
  EXPECT_EQ(message("kernel.core_pattern"),
            "config.json: linux.sysctl[\"kernel.core_pattern\"]: does not belong to a namespace: it is the whole machine's");
}

TEST(Sysctl, ThatIsNoNameIsRefused) {
  for (const std::string name : {"net/../vm/swappiness", "net..x", "net.", ".net", "net/./x", "net.ipv4.//.x"})
    EXPECT_EQ(message(name), "config.json: linux.sysctl[\"" + name + "\"]: is not the name of a kernel setting") << name;
}

TEST(Sysctl, OfASharedNamespaceIsRefused) {
  EXPECT_EQ(message("net.ipv4.ip_forward", false),
            "config.json: linux.sysctl[\"net.ipv4.ip_forward\"]: needs a \"network\" namespace in linux.namespaces");
  EXPECT_EQ(message("kernel.sem", false),
            "config.json: linux.sysctl[\"kernel.sem\"]: needs a \"ipc\" namespace in linux.namespaces");
  EXPECT_EQ(message("net.core.somaxconn", true, CLONE_NEWNET),
            "config.json: linux.sysctl[\"net.core.somaxconn\"]: belongs to the network namespace, and the container shares the "
            "host's");
  EXPECT_EQ(message("user.max_user_namespaces"),
            "config.json: linux.sysctl[\"user.max_user_namespaces\"]: needs a \"user\" namespace in linux.namespaces");
}

TEST(Sysctl, OfNamesHasMembersOfItsOwn) {
  EXPECT_EQ(message("kernel.hostname"), "config.json: linux.sysctl[\"kernel.hostname\"]: is what \"hostname\" is for");
  oci::Config config = config_with_sysctl("kernel.domainname", "one");
  config.domainname = "two";
  EXPECT_EQ(oci::message_of([&] { compile_create(config, {}); }),
            "config.json: linux.sysctl[\"kernel.domainname\"]: contradicts \"domainname\"");
  config.domainname = "one";
  EXPECT_EQ(oci::message_of([&] { compile_create(config, {}); }), "no error");
}

// A machine with both security modules.
Plan labelled(const std::string& type = "") {
  oci::Config config = oci::parse_with("/linux/mountLabel", "\"u:r:t:s0:c1,c2\"");
  config.process->apparmor_profile = "profile";
  config.process->selinux_label = "label";
  if (!type.empty()) config.annotations["run.oci.mount_context_type"] = type;
  for (const char* filesystem : {"tmpfs", "mqueue", "proc", "sysfs"})
    config.mounts.push_back({.destination = std::string("/") + filesystem, .type = filesystem, .place = "mounts[0]"});
  config.mounts.push_back({.destination = "/bind", .source = "/x", .options = {"bind"}, .place = "mounts[4]"});
  config.linux_.masked_paths = {"/secret"};
  Surroundings surroundings;
  surroundings.apparmor = surroundings.selinux = surroundings.keyring = true;
  surroundings.id = "web";
  return compile_create(config, surroundings);
}

TEST(Labels, OfMountsGoWhereTheirFilesystemsTakeThem) {
  std::vector<std::string> found;
  for (const Mount& mount : steps_of<Mount>(labelled())) found.push_back(mount.label);
  EXPECT_EQ(found, (std::vector<std::string>{"context=u:r:t:s0:c1,c2", "u:r:t:s0:c1,c2", "", "", ""}));
  EXPECT_EQ(steps_of<Mask>(labelled("rootcontext")).at(0).label, "rootcontext=u:r:t:s0:c1,c2");
}

TEST(Labels, OfTheProgramAreTheLastThingBeforeNoNewPrivileges) {
  const Plan plan = labelled();
  EXPECT_EQ(steps_of<Apparmor>(plan).at(0).profile, "profile");
  EXPECT_EQ(steps_of<Selinux>(plan).at(0).label, "label");
  std::vector<std::size_t> order;
  for (const Step& step : plan.steps)
    if (std::holds_alternative<CloseDescriptors>(step) || std::holds_alternative<Apparmor>(step) ||
        std::holds_alternative<Selinux>(step) || std::holds_alternative<WaitStart>(step))
      order.push_back(step.index());
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "the numbers of the steps are in this order, too";
  EXPECT_EQ(order.size(), 4U);
}

TEST(Keyring, HasTheLabelOfTheProcessAndIsSearchedByItsOwner) {
  const Keyring keyring = steps_of<Keyring>(labelled()).at(0);
  EXPECT_EQ(keyring.name, "_ses.web");
  EXPECT_EQ(keyring.label, "label");
  EXPECT_EQ(keyring.add, 0x00080000U);
  EXPECT_TRUE(steps_of<Keyring>(compile_create(oci::parse_with("/hostname", "\"x\""), {})).empty());
}

TEST(Propagation, ThatWouldForbidBindsComesLast) {
  const auto plan_of = [](const char* word) { return compile_create(oci::parse_with("/linux/rootfsPropagation", word), {}); };
  const Plan unbindable = plan_of("\"runbindable\"");
  EXPECT_EQ(steps_of<Propagation>(unbindable).at(0).flags, std::uint64_t{MS_PRIVATE | MS_REC});
  EXPECT_EQ(steps_of<Pivot>(unbindable).at(0).propagation, std::uint64_t{MS_UNBINDABLE | MS_REC});
  const Plan shared = plan_of("\"shared\"");
  EXPECT_EQ(steps_of<Propagation>(shared).at(0).flags, std::uint64_t{MS_SHARED | MS_REC});
  EXPECT_EQ(steps_of<Pivot>(shared).at(0).propagation, std::uint64_t{MS_SHARED});
  EXPECT_EQ(steps_of<Pivot>(plan_of("\"rslave\"")).at(0).propagation, 0U);
  EXPECT_EQ(steps_of<Propagation>(plan_of("\"\"")).at(0).flags, std::uint64_t{MS_SLAVE | MS_REC});
}

}  // namespace
}  // namespace crumb::plan
