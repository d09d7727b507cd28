// A file descriptor that closes itself: crumb::Fd. It lives in kernel/, where crumb-init can see it too.
#pragma once

#include <utility>

#include "kernel/fd.h"
