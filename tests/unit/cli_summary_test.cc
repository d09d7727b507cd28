#include "cli/summary.h"

#include <gmock/gmock.h>

namespace crumb::cli {
namespace {

using container::Status;
using container::Summary;

Summary web() {
  return {.id = "web",
          .status = Status::running,
          .pid = 4711,
          .bundle = "/srv/web",
          .rootfs = "/srv/web/rootfs",
          .owner = "root",
          .created = "2026-11-24T16:07:33.088577556Z",
          .annotations = {{"a", "1"}}};
}

TEST(StateJson, HoldsRuncsMembersInRuncsOrder) {
  EXPECT_EQ(state_json(web()), R"({
  "ociVersion": "1.3.0",
  "id": "web",
  "pid": 4711,
  "status": "running",
  "bundle": "/srv/web",
  "rootfs": "/srv/web/rootfs",
  "created": "2026-11-24T16:07:33.088577556Z",
  "annotations": {
    "a": "1"
  },
  "owner": "root"
}
)");
}

TEST(ListJson, IsOneLineAndLeavesEmptyAnnotationsOut) {
  Summary summary = web();
  summary.annotations.clear();
  EXPECT_EQ(list_json({summary}),
            R"([{"ociVersion":"1.3.0","id":"web","pid":4711,"status":"running","bundle":"/srv/web","rootfs":"/srv/web/rootfs",)"
            R"("created":"2026-11-24T16:07:33.088577556Z","owner":"root"}])"
            "\n");
}

TEST(ListJson, OfNoContainersIsAnEmptyArray) { EXPECT_EQ(list_json({}), "[]\n"); }

TEST(ListTable, OfNoContainersIsRuncsHeading) {
  EXPECT_EQ(list_table({}), "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
}

TEST(ListTable, ColumnsGrowWithTheirLongestCell) {
  Summary stopped = web();
  stopped.id = "a-rather-long-name";
  stopped.status = Status::stopped;
  stopped.pid = 0;
  EXPECT_EQ(list_table({web(), stopped}),
            "ID                   PID         STATUS      BUNDLE      CREATED                          OWNER\n"
            "web                  4711        running     /srv/web    2026-11-24T16:07:33.088577556Z   root\n"
            "a-rather-long-name   0           stopped     /srv/web    2026-11-24T16:07:33.088577556Z   root\n");
}

TEST(ListTable, ABundleWithControlCharactersStaysOnItsLine) {
  Summary summary = web();
  summary.bundle = "/a\nb\x1b";
  EXPECT_THAT(list_table({summary}), testing::HasSubstr("\"/a\\x0ab\\x1b\""));
}

TEST(ListIds, IsOneLineForEach) {
  EXPECT_EQ(list_ids({web(), web()}), "web\nweb\n");
  EXPECT_EQ(list_ids({}), "");
}

}  // namespace
}  // namespace crumb::cli
