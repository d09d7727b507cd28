# The header-only libraries from the folder CRUMB_HEADERS, for a compiler that must not see what else is in /usr/include; as targets
# of the names that their own packages give them.
foreach(library Boost::headers fmt::fmt-header-only)
  add_library(${library} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${library} INTERFACE ${CRUMB_HEADERS})
endforeach()
target_compile_definitions(fmt::fmt-header-only INTERFACE FMT_HEADER_ONLY=1)
file(STRINGS ${CRUMB_HEADERS}/fmt/core.h fmt_VERSION REGEX "^#define FMT_VERSION ")
string(REGEX REPLACE ".* ([0-9]+)([0-9][0-9])[0-9][0-9]$" "\\1.\\2" fmt_VERSION "${fmt_VERSION}")
