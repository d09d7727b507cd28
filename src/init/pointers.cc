#include "init/pointers.h"

#include "init/support.h"

namespace crumb::init {

char** pointers(const List<Text>& list, uint32_t extra) {
  auto** const array = static_cast<char**>(allocate((list.count + extra + 1) * sizeof(char*)));
  if (array != nullptr) for_each(list, [&](uint32_t i, Text text) { array[i] = const_cast<char*>(text.at); });
  return array;
}

}  // namespace crumb::init
