// What crumb tells crumb-wasm about one module: the only thing that the engine reads besides its own argv, environment,
// working directory and descriptors 0, 1 and 2, which are the guest's.
//
// Form: a sealed memfd of NUL-terminated "key=value" entries, in any order, each key but these of directories at most once. Its
// descriptor's number is the value of the environment variable kEngineOptionsVariable, which the guest never sees. After a
// comma there follows the descriptor of the module's compiled code, if there is some: an entry of crumb's cache (code.h), whose
// number only init knows. Unknown keys are an error: crumb and crumb-wasm are installed together.
//
// key            value                                                                       default
// module         descriptor of the open module (decimal)                                     required
// name           the module's path in the container, for messages                            required
// report         descriptor for one wire::Message (protocol.h) when loading fails; closed     none
//                before the guest's first instruction: end of file means "the program runs"
// stack          bytes of the guest's operand stack (the exec env's)                         1048576
// memory-pages   cap of a linear memory in 64 KiB pages; 0 = none                            0
// memory-limit   bytes that engine and guest may have together (guest_memory.h); 0 = no limit 0
// threads        how many the guest may have besides its first one                           256
// preopen        "rw PATH", "ro PATH": a directory that the guest is given, shorter paths     rw /
//                first; "none": no directory
// preopen-as     "rw PATH NAME", "ro PATH NAME": the same under another name; PATH has no     none
//                blank, NAME no "::". Then there are no others, and no working directory
// network        "none", "listen": the sockets that were handed over; "all": also new ones    listen
// listen         number of listening sockets handed over from descriptor 3 on                0
// preserved      number of descriptors behind them that may be sockets: those are given, too 0
// code           "any"; "required": compiled code or nothing                                  any
//
// The engine and crumb share this header and nothing else.
#pragma once

namespace crumb::wire {

inline constexpr char kEngineOptionsVariable[] = "CRUMB_WASM_OPTIONS";
inline constexpr unsigned kDefaultGuestStack = 1U << 20;
inline constexpr unsigned kSmallestGuestStack = 4096;
inline constexpr unsigned kLargestGuestStack = 1U << 30;
inline constexpr unsigned kMostGuestThreads = 256;
inline constexpr unsigned kMostGuestDirectories = 64;  // that are listed

}  // namespace crumb::wire
