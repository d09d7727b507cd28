// A host made of test code for the real crumb-init: starts it with a Plan, hears what it says, answers what the test wants.
//
// What init mounts stays in a mount namespace of its own; what it starts is killed and reaped at the end of the test. Nothing
// waits longer than kPatience.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "plan/wire.h"
#include "support/fd.h"
#include "wire/protocol.h"

namespace crumb::test {

inline constexpr int kPatience = 20000;  // milliseconds

class InitCase : public ::testing::Test {
 protected:
  struct Options {
    std::string rules;      // CRUMB_SEAM_INIT
    bool fifos = false;     // `start` and `result`; else the socket plays the part of `result`
    bool orphan = false;    // init's parent is a process that abandon() ends, not the test
    bool first = false;     // init is the first process of a pid namespace
    std::string arguments;  // instead of the number of the Plan's descriptor
  };
  struct Heard {
    bool end = false;  // of file
    wire::Message message;
    std::vector<Fd> descriptors;
  };

  InitCase();
  ~InitCase() override;

  void start(const std::vector<plan::Step>& steps, const Options& options);
  void start(const std::vector<plan::Step>& steps) { start(steps, Options{}); }
  // A Plan as bytes, whatever they are. encode() gives those of steps, with the descriptors that start() will use.
  void start_bytes(const std::string& bytes, const Options& options);
  std::string encode(const std::vector<plan::Step>& steps, const Options& options);

  Heard hear();
  void answer(wire::Point point, std::uint64_t value = 0, const std::vector<int>& descriptors = {}, int error = 0);
  void say(const void* bytes, std::size_t size, const std::vector<int>& descriptors = {});
  void hang_up() { sync_.reset(); }  // as if the host had died

  // Whether it says something else, unasked, within a tenth of a second.
  bool says_more() const;

  // Hears `point` and answers it.
  wire::Message meet(wire::Point point);
  // Hears `pid`, which makes process() the container's, and reaps the first stage.
  void hear_pid();
  void expect_end() { EXPECT_TRUE(hear().end) << "a message too many"; }
  void expect_failure(std::uint32_t step, int error, const std::string& operand = "");
  static void expect_record(const wire::Message& message, std::uint32_t step, int error, const std::string& operand);

  // The exit code of the container's process (of init where there is no Fork), 128+n after signal n.
  int wait();
  // What it wrote to stdout, to the end of file.
  std::string output();
  pid_t process() const { return process_; }
  std::string of_process(const std::string& file) const;  // content of /proc/PID/FILE

  void press_start();
  // The record on `result`; `end` when nobody is left who could write one.
  Heard hear_result();
  // Whether nobody could write it any more, after a tenth of a second.
  bool result_ended() const;
  void abandon();
  // Ends it, for another start() in the same test.
  void reset();

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write_file(const std::string& name, const std::string& content, unsigned mode = 0644) const;
  int sync_number() const { return init_end_.get(); }
  int result_number() const { return result_.get(); }

  std::filesystem::path folder_;  // the test's own, empty

 private:
  [[noreturn]] void become_init(const std::string& argument, const Options& options) const;
  void spawn(const std::string& argument, const Options& options);
  void make_channels(const Options& options);
  static int reap(pid_t pid);

  Fd sync_, init_end_, start_, result_, result_reader_, output_, output_end_, parent_;
  pid_t process_ = -1;
  pid_t parent_process_ = -1;
  bool orphaned_ = false;
};

std::vector<plan::Step> operator+(std::vector<plan::Step> a, const std::vector<plan::Step>& b);

plan::Meet meeting(wire::Point point);
plan::Tell telling(wire::Point point);
plan::Await awaiting(wire::Point point);

}  // namespace crumb::test
