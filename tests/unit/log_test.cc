// Log lines as callers parse them. Each test logs in a child: the log is global.
#include "support/log.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "linux_support.h"

namespace crumb {
namespace {

using testing::content;
using ::testing::MatchesRegex;
using testing::run_child;
using testing::TemporaryDirectory;

constexpr char kTime[] = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z";

class Log : public ::testing::Test {
 protected:
  // What `action` leaves in the log file.
  std::string logged(log::Format format, bool debug, const std::function<void()>& action) {
    const std::string path = folder_ / "log";
    EXPECT_EQ(run_child([&] {
                log::open(path, format, debug);
                action();
                return 0;
              }),
              0);
    return content(path);
  }
  TemporaryDirectory folder_;
};

TEST_F(Log, JsonHasLevelMessageAndTime) {
  EXPECT_THAT(logged(log::Format::json, false, [] { log::error("it broke"); }),
              MatchesRegex(fmt::format("\\{{\"level\":\"error\",\"msg\":\"it broke\",\"time\":\"{}\"\\}}\n", kTime)));
}

TEST_F(Log, TextIsAsLogrusWritesIt) {
  EXPECT_THAT(logged(log::Format::text, false, [] { log::warning("a \"b\""); }),
              MatchesRegex(fmt::format("time=\"{}\" level=warning msg=\"a \\\\\"b\\\\\"\"\n", kTime)));
}

TEST_F(Log, LinesAreAppended) {
  logged(log::Format::json, false, [] { log::error("first"); });
  const std::string text = logged(log::Format::json, false, [] { log::error("second"); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST_F(Log, DebugLinesAreOnlyForThoseWhoAsk) {
  EXPECT_EQ(logged(log::Format::json, false, [] { log::debug("detail"); }), "");
  EXPECT_THAT(logged(log::Format::json, true, [] { log::debug("detail"); }),
              ::testing::HasSubstr("\"level\":\"debug\",\"msg\":\"detail\""));
}

TEST_F(Log, WhateverAMessageHoldsItIsOneLineOfJson) {
  const std::string message = "line\nbreak \x01 quote\" \xff\xc3( \xe4\xb8\x96 \xf0\x9f";
  const std::string text = logged(log::Format::json, false, [&] { log::error(message); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const boost::json::value line = boost::json::parse(text);
  EXPECT_EQ(line.at("msg").as_string(),
            "line\nbreak \x01 quote\" \xef\xbf\xbd\xef\xbf\xbd( \xe4\xb8\x96 \xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(Log, WithoutAFileErrorsAndWarningsGoToStderrInPlainWords) {
  const std::string path = folder_ / "stderr";
  EXPECT_EQ(run_child([&] {
              dup2(open(path.c_str(), O_WRONLY | O_CREAT, 0600), 2);
              log::open("", log::Format::json, false);
              log::error("it broke");
              log::warning("it creaks");
              log::debug("detail");
              return log::to_file() ? 1 : 0;
            }),
            0);
  EXPECT_EQ(content(path), "crumb: it broke\ncrumb: warning: it creaks\n");
}

TEST_F(Log, WithAFileStderrStaysEmpty) {
  const std::string path = folder_ / "stderr";
  logged(log::Format::json, true, [&] {
    dup2(open(path.c_str(), O_WRONLY | O_CREAT, 0600), 2);
    log::error("it broke");
    log::debug("detail");
  });
  EXPECT_EQ(content(path), "");
}

TEST_F(Log, AFileThatCannotBeOpenedIsAnError) {
  EXPECT_THAT(testing::error_of([&] { log::open(folder_ / "a/b", log::Format::json, false); }),
              ::testing::StartsWith("--log " + (folder_ / "a/b: ")));
}

#ifdef CRUMB_SEAM
TEST_F(Log, ThatCannotBeWrittenStopsNothing) {
  EXPECT_EQ(testing::error_under("write=ENOSPC",
                                 [&] {
                                   log::open(folder_ / "log", log::Format::json, false);
                                   log::error("it broke");
                                 }),
            "");
}
#endif

}  // namespace
}  // namespace crumb
