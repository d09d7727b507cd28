# Toolchain file of the preset release-musl: static programs with musl and libc++, by third_party/zig. /usr/include stays out of
# the compiler's sight, since glibc's headers are there.
set(crumb_zig ${CMAKE_CURRENT_LIST_DIR}/../build/zig)
cmake_path(NORMAL_PATH crumb_zig)
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../third_party/zig/fetch ${crumb_zig} RESULT_VARIABLE crumb_zig_result)
if(NOT crumb_zig_result EQUAL 0)
  message(FATAL_ERROR "The musl compiler is missing; see the line above")
endif()

set(CMAKE_C_COMPILER ${crumb_zig}/bin/clang)
set(CMAKE_CXX_COMPILER ${crumb_zig}/bin/clang++)
set(CMAKE_ASM_COMPILER ${crumb_zig}/bin/clang)
set(CMAKE_AR ${crumb_zig}/bin/ar)
set(CMAKE_RANLIB ${crumb_zig}/bin/ranlib)
set(CRUMB_HEADERS ${crumb_zig}/include)
# Debian's static libraries that ask for nothing of glibc's own: nettle.
set(CMAKE_LIBRARY_ARCHITECTURE ${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu)
# The kernel's 64-bit structures are musl's only ones. (With _LARGEFILE64_SOURCE it would have the names, and macros of many more.)
set(CMAKE_CXX_FLAGS_INIT "-Ddirent64=dirent -Drlimit64=rlimit -DRLIM64_INFINITY=RLIM_INFINITY")
