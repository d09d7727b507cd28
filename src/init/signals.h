// Signals as a new program should find them.
#pragma once

namespace crumb::init {

// What crumb or its caller blocks or ignores is not the program's business: nothing blocked, every disposition the default.
void reset_signals();

}  // namespace crumb::init
