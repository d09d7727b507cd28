// The kernel's words for signals (signal(7)), for `kill` and messages: name to number and back.
#pragma once

#include <signal.h>

#include <string_view>

namespace crumb::kernel {

struct SignalName {
  std::string_view word;  // without "SIG"
  int number;
};

inline constexpr SignalName kSignals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT}, {"ILL", SIGILL},       {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},
    {"BUS", SIGBUS},   {"FPE", SIGFPE},       {"KILL", SIGKILL}, {"USR1", SIGUSR1},     {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},     {"TERM", SIGTERM}, {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD}, {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},   {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},   {"IO", SIGIO},     {"PWR", SIGPWR},
    {"SYS", SIGSYS},   {"IOT", SIGABRT},      {"CLD", SIGCHLD},  {"POLL", SIGIO},
};

// As the C libraries count them for programs: the kernel's 32 and 33 belong to their threads.
inline constexpr int kFirstRealtimeSignal = 34;
inline constexpr int kLastSignal = 64;

constexpr bool equal_without_case(std::string_view a, std::string_view upper) {
  if (a.size() != upper.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char letter = a[i] >= 'a' && a[i] <= 'z' ? static_cast<char>(a[i] - 'a' + 'A') : a[i];
    if (letter != upper[i]) return false;
  }
  return true;
}

// A decimal of at most two digits; -1: anything else.
constexpr int small_number(std::string_view text) {
  if (text.empty() || text.size() > 2) return -1;
  int number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

// "RTMIN", "RTMIN+3", "RTMAX-1"; -1: not one of them.
constexpr int realtime_signal(std::string_view word) {
  if (word.size() < 5) return -1;
  const bool first = equal_without_case(word.substr(0, 5), "RTMIN");
  if (!first && !equal_without_case(word.substr(0, 5), "RTMAX")) return -1;
  int distance = 0;
  if (word.size() > 5) {
    if (word[5] != (first ? '+' : '-')) return -1;
    distance = small_number(word.substr(6));
    if (distance < 0) return -1;
  }
  const int number = first ? kFirstRealtimeSignal + distance : kLastSignal - distance;
  return number >= kFirstRealtimeSignal && number <= kLastSignal ? number : -1;
}

// "9", "KILL", "SIGKILL", "sigkill", "SIGRTMIN+3"; 0 is the kernel's "is it there"; -1: no such signal.
constexpr int signal_number(std::string_view text) {
  const int plain = small_number(text);
  if (plain >= 0) return plain <= kLastSignal ? plain : -1;
  if (text.size() > 3 && equal_without_case(text.substr(0, 3), "SIG")) text.remove_prefix(3);
  for (const SignalName& name : kSignals)
    if (equal_without_case(text, name.word)) return name.number;
  return realtime_signal(text);
}

// Without "SIG"; "" for realtime signals and numbers that are none.
constexpr std::string_view signal_name(int number) {
  for (const SignalName& name : kSignals)
    if (name.number == number) return name.word;
  return "";
}

}  // namespace crumb::kernel
