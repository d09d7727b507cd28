// The messages between crumb (host) and crumb-init, and the record that init or the engine leaves on `result`.
//
// Channel: one SOCK_SEQPACKET pair ("sync"); each message is one fixed-size packet, descriptors travel as SCM_RIGHTS (at most
// kMaxDescriptors). Init speaks first at every point and waits for the host's answer with the same point, unless the table
// says that there is none, or the Plan (steps.h: Tell, Await) that the answer to `placed` comes unasked, or that init does more
// before it waits for the answer to `ready`. An answer with error != 0 means: leave. End of file means that the peer died: init
// leaves, the host cleans up. After `ready` init never touches the socket again, except under exec and run without a start
// FIFO, where the socket itself plays the part of `result`. Where the container's filter is in force init only reads and writes
// it.
//
// point     init sends                               host answers
// map       - (sent by the first stage)               its user namespace's maps and its time offsets are written
// pid       value: the container's first process      nothing (sent by the first stage, if there is one)
// placed    - (or nothing: the Plan only awaits it)   its limits are set, and it is in its cgroups but for those of version
//                                                     1 whose files `tasks` are the descriptors: it writes "0" to each
//                                                     itself; text: their names, one a line
// mounted   - (only where there are such hooks)       prestart and createRuntime hooks ran
// console   descriptor: the pty master                it went to the console socket
// program   descriptor: the open file, text: path;    value: kNative or kWasm; for kWasm the descriptors
//           only when it begins with \0asm            engine, options, [code]
// seccomp   value: number of the filter's listener    the agent has it
// ready     -                                         state.json is on disk
// failed    step, error, text: what it worked on;     nothing; init has left (also the record on `result`)
//           value: how a hook ended, as wait4 says
//
// Byte order and padding are the machine's: both ends are one build on one kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crumb::wire {

enum class Point : std::uint32_t { map = 1, pid, placed, mounted, console, program, seccomp, ready, failed };

inline constexpr std::uint32_t kMessageMagic = 0x31425243;  // "CRB1"
inline constexpr std::size_t kMessageText = 488;
inline constexpr std::size_t kMaxDescriptors = 253;  // SCM_MAX_FD
inline constexpr std::uint64_t kNative = 0;
inline constexpr std::uint64_t kWasm = 1;
// `step` of a failed record that the engine wrote: text is the whole message and has already gone to the container's stderr.
inline constexpr std::uint32_t kEngineStep = 0xffffffff;
// `step` of a failed record about the Plan itself (EBADMSG): init could not read it.
inline constexpr std::uint32_t kPlanStep = 0xfffffffe;

struct Message {
  std::uint32_t magic = kMessageMagic;
  Point point = Point::failed;
  std::uint32_t step = 0;        // index of the Plan's step at which a failed init stood
  std::int32_t error = 0;        // errno; 0 is success
  std::uint64_t value = 0;       // see the table
  char text[kMessageText] = {};  // NUL-terminated, cut if longer
};
static_assert(sizeof(Message) == 512, "one atomic write on a FIFO, one packet on the socket");

}  // namespace crumb::wire
