#include "cli/output.h"

#include "support/file.h"

namespace crumb::cli {

void print(std::string_view text) { write_all(1, text, "standard output"); }

}  // namespace crumb::cli
