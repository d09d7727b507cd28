#include "container/seccomp_agent.h"

#include "linux/process.h"
#include "linux/unix_socket.h"
#include "support/error.h"
#include "support/json.h"

namespace crumb::container {
namespace {

constexpr char kReceiver[] = "run.oci.seccomp.receiver";

// Where the agent listens, and what says so.
struct Address {
  std::string path, place;
};

Address address_of(const oci::Config& config) {
  const std::string place = config.name + ": linux.seccomp.listenerPath";
  if (!config.linux_.seccomp->listener_path.empty()) return {config.linux_.seccomp->listener_path, place};
  const auto receiver = config.annotations.find(kReceiver);
  if (receiver == config.annotations.end()) throw fail("{}: missing: SCMP_ACT_NOTIFY needs it", place);
  const std::string annotation = fmt::format("{}: annotations[\"{}\"]", config.name, kReceiver);
  if (!receiver->second.starts_with('/')) throw fail("{}: \"{}\" is not an absolute path", annotation, receiver->second);
  return {receiver->second, annotation};
}

json::object to_json(const std::map<std::string, std::string>& words) {
  json::object object;
  for (const auto& [key, value] : words) object[key] = value;
  return object;
}

}  // namespace

SeccompAgent::SeccompAgent(const oci::Config& config) {
  if (!config.linux_.seccomp || !config.linux_.seccomp->notifies()) return;
  const Address address = address_of(config);
  place_ = address.place;
  metadata_ = config.linux_.seccomp->listener_metadata;
  annotations_ = config.annotations;
  socket_ = linux::connect_socket(address.path, address.place);
}

std::string SeccompAgent::state(int pid, const Container& container) const {
  json::object state{{"ociVersion", oci::kSpecVersion},
                     {"id", container.id},
                     {"status", word(container.status)},
                     {"pid", container.pid},
                     {"bundle", container.bundle}};
  if (!annotations_.empty()) state["annotations"] = to_json(annotations_);
  json::object process{{"ociVersion", oci::kSpecVersion}, {"fds", json::array{"seccompFd"}}, {"pid", pid}};
  if (!metadata_.empty()) process["metadata"] = metadata_;
  process["state"] = std::move(state);
  return json::serialize(process);
}

void SeccompAgent::send(int pid, std::uint64_t listener, const Container& container) {
  if (!socket_) throw fail("crumb-init does not keep to the protocol: a listener that nobody asked for");
  const Fd descriptor = linux::take_descriptor(pid, listener, place_);
  linux::send_descriptor(socket_.get(), descriptor.get(), state(pid, container), place_);
  socket_.reset();
}

}  // namespace crumb::container
