// The container's /etc/passwd, read as the hostile file it is.
#pragma once

namespace crumb::init {

// The home directory of the user that this process is; "/" when the file does not say. Lives for ever.
const char* home_of_user();

}  // namespace crumb::init
