# include(crumb_systemd): looks for libsystemd and sets CRUMB_LIBSYSTEMD where it is there. Without it crumb is complete but for
# crumb-systemd: it makes cgroups itself.
set(CRUMB_SYSTEMD AUTO CACHE STRING "crumb-systemd, which has systemd make cgroups: AUTO where libsystemd is found, ON or OFF")
set_property(CACHE CRUMB_SYSTEMD PROPERTY STRINGS AUTO ON OFF)
set(CRUMB_LIBSYSTEMD FALSE)
set(crumb_libsystemd_missing "CRUMB_SYSTEMD is OFF")
if(CRUMB_SYSTEMD)
  set(crumb_libsystemd_missing "no libsystemd 246 or newer (Debian: libsystemd-dev)")
  pkg_check_modules(LIBSYSTEMD QUIET IMPORTED_TARGET libsystemd>=246)
  set(CRUMB_LIBSYSTEMD ${LIBSYSTEMD_FOUND})
endif()

if(CRUMB_LIBSYSTEMD)
  message(STATUS "crumb-systemd: with libsystemd ${LIBSYSTEMD_VERSION}")
elseif(CRUMB_SYSTEMD STREQUAL "ON")
  message(FATAL_ERROR "crumb-systemd cannot be built: ${crumb_libsystemd_missing}")
else()
  message(STATUS "crumb-systemd: left out: ${crumb_libsystemd_missing}")
endif()
