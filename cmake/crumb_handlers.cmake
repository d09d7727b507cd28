# include(crumb_handlers): CRUMB_CRUN_HANDLERS, where the handler for crun is installed. A crun looks in one folder, that of its own
# LIBDIR: below /usr Debian's has the name of the architecture in it, whatever folder this build chose for another prefix.
set(CRUMB_CRUN_HANDLERS "" CACHE STRING "Where crun looks for handlers, below the prefix (default: LIBDIR/crun/handlers)")
set(crumb_libdir_of_usr ${CMAKE_INSTALL_LIBDIR})
if(EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE)
  set(crumb_libdir_of_usr lib/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
install(CODE "
  set(crumb_handlers \"${CRUMB_CRUN_HANDLERS}\")
  if(NOT crumb_handlers AND CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
    set(crumb_handlers ${crumb_libdir_of_usr}/crun/handlers)
  elseif(NOT crumb_handlers)
    set(crumb_handlers ${CMAKE_INSTALL_LIBDIR}/crun/handlers)
  endif()")
