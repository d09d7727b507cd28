# Programs that live for milliseconds spend much of them on page faults: the functions that a start calls lie side by side, in the
# order of cmake/start_order/PROGRAM.${CRUMB_START_ORDER}, which bench/start_order writes. A function that is not in the list comes
# after them, one that is gone is passed over. GNU ld has no such option, and links as it always does where lld is missing.
include(CheckLinkerFlag)

set(CRUMB_START_ORDER "" CACHE STRING "Which lists of cmake/start_order the programs are laid out by")
set(crumb_start_order_flags "")
if(CRUMB_START_ORDER)
  add_compile_options(-ffunction-sections)
  set(crumb_lld "")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(crumb_lld -fuse-ld=lld)
  endif()
  set(crumb_any_list ${CMAKE_CURRENT_LIST_DIR}/start_order/crumb.${CRUMB_START_ORDER})
  check_linker_flag(CXX "${crumb_lld};-Wl,--symbol-ordering-file=${crumb_any_list};-Wl,--no-warn-symbol-ordering" CRUMB_LINKER_ORDERS)
  if(CRUMB_LINKER_ORDERS)
    set(crumb_start_order_flags ${crumb_lld} -Wl,--no-warn-symbol-ordering)
  else()
    message(STATUS "No lld: programs are laid out as their sources are")
  endif()
endif()

function(crumb_start_order program)
  set(list ${CMAKE_SOURCE_DIR}/cmake/start_order/${program}.${CRUMB_START_ORDER})
  if(crumb_start_order_flags AND EXISTS ${list})
    target_link_options(${program} PRIVATE ${crumb_start_order_flags} -Wl,--symbol-ordering-file=${list})
    set_property(TARGET ${program} APPEND PROPERTY LINK_DEPENDS ${list})
  endif()
endfunction()
