// What a new tmpfs begins with (tmpcopyup): the tree that it is going to cover, which is an image's and hostile.
#pragma once

#include "init/context.h"

namespace crumb::init {

// Copies what is below the directory `from` into `to`, an empty directory that nobody else can reach: directories, files, links
// as they are, FIFOs, sockets, and devices where `from` allows them; owners and modes, not times and extended attributes.
// Nothing is opened by a path or through a link, nothing is waited for. 0 or -errno, with the entry's name as the operand.
// -ELOOP for trees deeper than 128 directories.
long copy_up(Context& context, const Fd& from, const Fd& to);

}  // namespace crumb::init
