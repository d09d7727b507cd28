# Flags that every target of ours shares, as the interface target crumb_flags.
add_library(crumb_flags INTERFACE)
target_include_directories(crumb_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(crumb_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers)
# GCC 12 sees overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(crumb_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
if(CRUMB_WERROR)
  target_compile_options(crumb_flags INTERFACE -Werror)
endif()
target_compile_definitions(crumb_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64 CRUMB_VERSION="${PROJECT_VERSION}")
if(CRUMB_SEAM)
  target_compile_definitions(crumb_flags INTERFACE CRUMB_SEAM)
endif()

# Sanitizers need a dynamic program; everything else is linked statically.
if(CRUMB_SANITIZE)
  target_compile_options(crumb_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(crumb_flags INTERFACE -fsanitize=address,undefined)
  set(CRUMB_STATIC "")
else()
  set(CRUMB_STATIC -static)
endif()

# For static programs that throw: src/support/unwinding.cc says why.
function(crumb_static_exceptions program)
  if(NOT CRUMB_STATIC)
    return()
  endif()
  target_sources(${program} PRIVATE ${CMAKE_SOURCE_DIR}/src/support/unwinding.cc)
  target_link_options(${program} PRIVATE -Wl,--eh-frame-hdr,--wrap=__register_frame_info,--wrap=__deregister_frame_info)
endfunction()
