#include "support/trace.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>
#include <set>
#include <utility>

#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/log.h"

namespace crumb::trace {
namespace {

namespace json = boost::json;

struct Trace {
  std::string path, command;  // path: empty while no trace is wanted
  std::uint64_t begun = 0;
  std::set<int> named;
  json::array events;
};

Trace& trace() {
  static Trace instance;
  return instance;
}

bool is_directory(const std::string& path) {
  struct stat facts{};
  return kernel::fstatat(AT_FDCWD, path.c_str(), &facts, 0) == 0 && S_ISDIR(facts.st_mode);
}

Fd open_file(const std::string& path, int flags) {
  return Fd(check(kernel::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, 0644), "--trace {}", path));
}

// Between two times, the first of which should not be the later one: the clock may have been set meanwhile.
double microseconds(std::uint64_t from, std::uint64_t to) { return static_cast<double>(std::max(from, to) - from) / 1000; }

}  // namespace

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);  // by the libc: no system call where there is a vDSO
  return static_cast<std::uint64_t>(time.tv_sec) * 1000000000U + static_cast<std::uint64_t>(time.tv_nsec);
}

void open(const std::string& path, const std::string& command, std::uint64_t begun) {
  std::string file = path;
  if (is_directory(path)) {
    file = fmt::format("{}/{}-{}.json", path, command, getpid());
    std::replace(file.begin() + static_cast<std::ptrdiff_t>(path.size()) + 1, file.end(), ' ', '-');
  }
  open_file(file, O_CREAT);  // not kept open: its number may be one that --preserve-fds asks for
  trace().path = std::move(file);
  trace().command = command;
  trace().begun = begun;
}

bool wanted() { return !trace().path.empty(); }

void add(int pid, const std::string& who, const std::string& name, std::uint64_t begun, std::uint64_t ended) {
  if (!wanted()) return;
  if (trace().named.insert(pid).second)
    trace().events.push_back({{"name", "process_name"}, {"ph", "M"}, {"pid", pid}, {"tid", pid}, {"args", {{"name", who}}}});
  trace().events.push_back({{"name", name},
                            {"ph", "X"},
                            {"ts", microseconds(trace().begun, begun)},
                            {"dur", microseconds(begun, ended)},
                            {"pid", pid},
                            {"tid", pid}});
}

Span::~Span() {
  if (begun_ == 0) return;
  try {
    add(getpid(), "crumb", name_, begun_, now());
  } catch (const std::exception&) {  // out of memory: the trace lacks a span
    return;
  }
}

void write() {
  if (!wanted()) return;
  try {
    add(getpid(), "crumb", "crumb " + trace().command, trace().begun, now());
    const std::string path = std::exchange(trace().path, "");
    const Fd file = open_file(path, O_CREAT | O_TRUNC);
    const json::object whole{{"traceEvents", std::move(trace().events)}, {"otherData", {{"begun", trace().begun}}}};
    write_all(file.get(), json::serialize(whole) + "\n", path);
  } catch (const std::exception& error) {
    log::warning(error.what());
  }
}

}  // namespace crumb::trace
