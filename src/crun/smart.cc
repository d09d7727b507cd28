// crumb-crun-smart.so: a second name for crun. A handler cannot ask by which name it was called, and each file has one table;
// this one belongs to crumb-crun.so beside it, which does the work.
#include "crun/handler.h"

extern "C" const crumb::crun::Handler* crumb_crun_smart_handler();

extern "C" __attribute__((visibility("default"))) const crumb::crun::Handler* run_oci_handler_get_handler() {
  return crumb_crun_smart_handler();
}
