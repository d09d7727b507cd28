# What crumb says about itself: the commit it was configured from, the engine's version, where it is installed; as build_facts.h
# for `target`. `wamr_tree`: WAMR's source, empty without the engine.
function(crumb_build_facts target wamr_tree)
  set(crumb_commit unknown)
  find_package(Git QUIET)
  if(GIT_FOUND AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
    execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                    OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
    if(result EQUAL 0)
      set(crumb_commit ${head})
    endif()
    if(EXISTS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)  # changes with each commit
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
    endif()
  endif()

  set(crumb_wamr_version "")
  if(wamr_tree)
    file(STRINGS ${wamr_tree}/core/version.h lines REGEX "#define WAMR_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
    list(JOIN numbers . crumb_wamr_version)
  endif()

  configure_file(${CMAKE_SOURCE_DIR}/src/cli/build_facts.h.in ${CMAKE_BINARY_DIR}/generated/build_facts.h @ONLY)
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated)
endfunction()
