# What crumb's WebAssembly can do: one set for the engine (vmlib, CMakeLists.txt here) and the front end of the compiler
# (compiler/CMakeLists.txt). Code that was compiled for one set must not run on another, so its text is part of the code cache's
# key (cmake/crumb_code_facts.cmake).
set(WAMR_BUILD_LIBC_BUILTIN 0)
set(WAMR_BUILD_LIBC_WASI 1)
set(WAMR_BUILD_LIB_WASI_THREADS 1)  # with it: THREAD_MGR, SHARED_MEMORY
set(WAMR_BUILD_THREAD_MGR 1)
set(WAMR_BUILD_SIMD 1)
set(WAMR_BUILD_BULK_MEMORY 1)
set(WAMR_BUILD_REF_TYPES 1)
set(WAMR_BUILD_TAIL_CALL 1)
set(WAMR_BUILD_EXTENDED_CONST_EXPR 1)
set(WAMR_BUILD_CUSTOM_NAME_SECTION 1)
set(WAMR_BUILD_DUMP_CALL_STACK 1)  # with AOT: AOT_STACK_FRAME
set(WAMR_BUILD_STACK_GUARD_SIZE 65536)
# The check by guard pages would touch the whole native stack, 8 MB for every container. Compiled code checks by itself
# (src/wire/code.h).
set(WAMR_DISABLE_STACK_HW_BOUND_CHECK 1)
set(WAMR_DISABLE_WRITE_GS_BASE 1)  # else the build probes the machine it runs on
