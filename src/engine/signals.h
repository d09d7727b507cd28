#pragma once

namespace crumb::engine {

// The terminating signals end the process at once with status 128 + number. As process 1 of a container their default action
// would be ignored, and a guest has no handlers of its own. A signal that the caller ignores stays ignored.
void install_signal_handlers();

// Signal with which WAMR wakes blocked threads; its default, SIGUSR1, belongs to the user.
inline constexpr int kWakeSignal = 40;

}  // namespace crumb::engine
