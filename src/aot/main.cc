// crumb-aot: compiles one WebAssembly module from standard input to standard output. See docs/wasm.md.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "aot/compiler.h"
#include "aot/leave.h"
#include "aot/limits.h"
#include "aot/options.h"
#include "aot/stack_usage.h"
#include "aot/walls.h"

namespace crumb::aot {
namespace {

struct Module {
  std::uint8_t* bytes = nullptr;
  std::uint32_t size = 0;
};

// Private and writable: WAMR may write into it. Mapped to the end of the process.
Module map_module(int descriptor) {
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) give_up("standard input is not a regular file");
  if (facts.st_size == 0) give_up("the module is an empty file");
  if (facts.st_size > std::numeric_limits<std::uint32_t>::max()) give_up("the module is larger than 4 GiB");
  const auto size = static_cast<std::uint32_t>(facts.st_size);
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
  if (start == MAP_FAILED) be_unable(std::string("the module cannot be mapped: ") + std::strerror(errno));
  return {static_cast<std::uint8_t*>(start), size};
}

void write_code(int descriptor, const Code& code) {
  for (std::size_t done = 0; done < code.size();) {
    const ssize_t part = ::write(descriptor, code.bytes() + done, code.size() - done);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) be_unable(std::string("the code cannot be written: ") + std::strerror(errno));
    done += static_cast<std::size_t>(part);
  }
}

int run(int argc, char** argv) {
  Options options;
  std::string error;
  if (!read_options(argc, argv, options, error)) be_unable(error);
  if (options.help) return (void)!::write(STDOUT_FILENO, kHelp, std::strlen(kHelp)), 0;

  ::clearenv();  // WAMR would start the programs that WAMRC_LLC_COMPILER and WAMRC_ASM_COMPILER name
  const int output = take_streams();
  if (output < 0) be_unable("standard output is closed, or there is no /dev/null");
  const Module module = map_module(STDIN_FILENO);
  leave_machine();
  set_limits(options);  // behind it: another user's process would outlive its parent
  if (!open_stack_usage() || !start_compiler()) be_unable("the compiler cannot be initialised");
  close_calls(output);

  Code code;
  if (!code.compile(module.bytes, module.size, options, error)) give_up(error);
  write_code(output, code);
  ::_exit(0);  // nothing that is worth taking down
}

}  // namespace
}  // namespace crumb::aot

int main(int argc, char** argv) { return crumb::aot::run(argc, argv); }
