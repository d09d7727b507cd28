#include "crun/program.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "engine/read_file.h"

namespace crumb::crun {
namespace {

bool is_file(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::string find_program(const char* path) {
  const char* const places = ::getenv("PATH");
  if (std::strchr(path, '/') != nullptr) return path;
  for (std::string_view rest = places == nullptr ? "" : places; !rest.empty();) {
    const std::string_view place = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(place.size() + 1, rest.size()));
    std::string candidate(place.empty() ? "." : place);
    candidate.append("/").append(path);
    if (is_file(candidate)) return candidate;
  }
  return {};
}

bool is_webassembly(const std::string& path) {
  constexpr std::string_view kMagic("\0asm", 4);
  return is_file(path) && engine::read_file(path, kMagic.size()) == kMagic;
}

}  // namespace crumb::crun
