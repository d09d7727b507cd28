# What compiled code depends on besides the module and the level, in one line, as code_facts.h for `target`: it is part of the
# code cache's key (src/wasm/code_key.h). Code of another build of crumb is found only when the line is the same.
# `wamr_tree`: WAMR's source, empty without the engine; `llvm_version`: empty without crumb-aot.
function(crumb_code_facts target wamr_tree llvm_version)
  set(crumb_code_build "")
  if(wamr_tree)
    # The files that define how code is made for which engine; WAMR's stamp stands for its source and our patches.
    set(sources ${CMAKE_SOURCE_DIR}/third_party/wamr/features.cmake ${CMAKE_SOURCE_DIR}/third_party/wamr/CMakeLists.txt
                ${CMAKE_SOURCE_DIR}/third_party/wamr/compiler/CMakeLists.txt ${CMAKE_SOURCE_DIR}/src/wire/code.h
                ${CMAKE_SOURCE_DIR}/src/aot/compiler.cc ${CMAKE_SOURCE_DIR}/src/aot/emit.cc
                ${CMAKE_SOURCE_DIR}/src/aot/bound_object.cc)
    set(text "")
    foreach(source ${sources})
      file(READ ${source} part)
      string(APPEND text "${part}")
    endforeach()
    string(SHA256 flags "${text}")
    string(SUBSTRING ${flags} 0 16 flags)
    file(STRINGS ${wamr_tree}/.stamp stamp LIMIT_COUNT 1)
    string(SUBSTRING ${stamp} 0 16 stamp)
    file(STRINGS ${wamr_tree}/core/config.h line REGEX "#define AOT_CURRENT_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" aot_version "${line}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
    if(NOT llvm_version)
      set(llvm_version none)
    endif()
    set(crumb_code_build "wamr ${stamp} aot ${aot_version} llvm ${llvm_version} flags ${flags}")
  endif()

  configure_file(${CMAKE_SOURCE_DIR}/src/wasm/code_facts.h.in ${CMAKE_BINARY_DIR}/generated/code_facts.h @ONLY)
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated)
endfunction()
