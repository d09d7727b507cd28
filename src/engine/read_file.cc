#include "engine/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "engine/descriptor.h"

namespace crumb::engine {

std::string read_file(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::string text(most, '\0');
  std::size_t size = 0;
  while (file && size < text.size()) {
    const ssize_t part = ::read(file.get(), text.data() + size, text.size() - size);
    if (part <= 0) break;
    size += static_cast<std::size_t>(part);
  }
  text.resize(size);
  return text;
}

}  // namespace crumb::engine
