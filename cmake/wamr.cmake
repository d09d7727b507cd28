# include(wamr) makes the targets vmlib (WAMR, static) and wamr_internal (the same with its internal headers).
#
# CRUMB_WAMR_SOURCE_DIR: a WAMR source tree (release 2.4.5 or newer) to use instead of the pinned crate.
# CRUMB_WAMR_CACHE: where the patched copy of the tree is kept. All build folders of one source tree share it, so that it is
# fetched once.
set(CRUMB_WAMR_CACHE ${CMAKE_CURRENT_LIST_DIR}/../build/wamr CACHE PATH "Where the patched copy of WAMR's source is kept")
cmake_path(NORMAL_PATH CRUMB_WAMR_CACHE)

if(CRUMB_WAMR_SOURCE_DIR)
  set(CRUMB_WAMR_TREE ${CRUMB_WAMR_CACHE}/given)
else()
  set(CRUMB_WAMR_TREE ${CRUMB_WAMR_CACHE}/pinned)
endif()

execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../third_party/wamr/fetch ${CRUMB_WAMR_TREE} ${CRUMB_WAMR_SOURCE_DIR}
                RESULT_VARIABLE crumb_wamr_result)
if(NOT crumb_wamr_result EQUAL 0)
  message(FATAL_ERROR "WAMR's source is missing; see the line above")
endif()
file(GLOB crumb_wamr_inputs ${CMAKE_CURRENT_LIST_DIR}/../third_party/wamr/patches/*.patch)
list(APPEND crumb_wamr_inputs ${CMAKE_CURRENT_LIST_DIR}/../third_party/wamr/fetch
     ${CMAKE_CURRENT_LIST_DIR}/../third_party/wamr/Cargo.lock)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${crumb_wamr_inputs})

add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/../third_party/wamr ${CMAKE_BINARY_DIR}/third_party/wamr EXCLUDE_FROM_ALL)
