// criu's RPC as bytes: those of a request, by the numbers of rpc.proto, and answers good and broken.
#include "linux/criu_messages.h"

#include <gmock/gmock.h>

#include "linux_support.h"

namespace crumb::linux::criu {
namespace {

using crumb::testing::error_of;
using ::testing::HasSubstr;
using std::string_literals::operator""s;

// Tag of a member: its number and the wire type, 0 a number, 2 bytes.
std::string tag(unsigned number, unsigned type) {
  const unsigned value = number << 3U | type;
  return value < 0x80 ? std::string(1, static_cast<char>(value))
                      : std::string{static_cast<char>((value & 0x7fU) | 0x80U), static_cast<char>(value >> 7U)};
}
std::string number(unsigned member, unsigned value) { return tag(member, 0) + static_cast<char>(value); }
std::string bytes(unsigned member, const std::string& value) {
  return tag(member, 2) + static_cast<char>(value.size()) + value;
}

TEST(CriuMessages, ARequestWithoutOptionsIsItsType) {
  EXPECT_EQ(encode(Type::version), number(1, 10));
  EXPECT_EQ(encode(Features{true, false}), number(1, 9) + bytes(5, number(1, 1)));
  EXPECT_EQ(encode_notified(true), number(1, 6) + number(3, 1));
  EXPECT_EQ(encode_notified(false), number(1, 6) + number(3, 0));
}

TEST(CriuMessages, OptionsStandUnderTheirNumbers) {
  Options options;
  options.images = 5;
  options.pid = 77;
  options.external = {"mnt[/a]:/a"};
  options.inherited = {{"extRootNetNS", 9}};
  options.joined = {{"ipc", "/ns"}};
  options.cgroup_roots = {{"cpu", "/web"}};
  options.page_server = {"::1", 4711};
  options.tcp_close = true;
  options.lsm_mount_context = "c";
  const std::string request = encode(Type::dump, options);
  EXPECT_EQ(request.substr(0, 2), number(1, 1));
  for (const std::string& part :
       {number(1, 5), number(2, 77), bytes(37, "mnt[/a]:/a"), bytes(27, bytes(1, "extRootNetNS") + number(2, 9)),
        bytes(39, bytes(1, "ipc") + bytes(2, "/ns")), bytes(25, bytes(1, "cpu") + bytes(2, "/web")),
        bytes(11, bytes(1, "::1") + tag(2, 0) + "\xe7\x24"s), number(52, 1), bytes(63, "c"), number(34, 6)})
    EXPECT_THAT(request, HasSubstr(part));
}

TEST(CriuMessages, WhatIsNotAskedForIsNotSaid) {
  const std::string request = encode(Type::restore, Options{});
  // images_dir_fd -1, log_level, manage_cgroups and its mode.
  const std::string minus_one = tag(1, 0) + std::string(9, '\xff') + '\x01';
  EXPECT_EQ(request, number(1, 2) + bytes(2, minus_one + number(9, 0) + number(24, 1) + number(34, 6)));
}

TEST(CriuMessages, AnAnswerIsRead) {
  const std::string notify = bytes(5, bytes(1, "post-restore") + number(2, 42));
  const Answer notice = decode(number(1, 6) + number(2, 1) + notify);
  EXPECT_EQ(notice.type, Type::notify);
  EXPECT_EQ(notice.script, "post-restore");
  EXPECT_EQ(notice.script_pid, 42);

  const Answer restored = decode(number(1, 2) + number(2, 1) + bytes(4, number(1, 43)));
  EXPECT_TRUE(restored.success);
  EXPECT_EQ(restored.pid, 43);

  const Answer failed = decode(number(1, 1) + number(2, 0) + number(7, 16) + bytes(9, "busy"));
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.error, 16);
  EXPECT_EQ(failed.message, "busy");

  const Answer version = decode(number(1, 10) + number(2, 1) + bytes(10, number(1, 3) + number(2, 17) + number(4, 1)));
  EXPECT_EQ(version.version.major * 10000 + version.version.minor * 100 + version.version.sublevel, 31701);

  const Answer features = decode(number(1, 9) + number(2, 1) + bytes(8, number(1, 1) + number(2, 0)));
  EXPECT_TRUE(features.features.mem_track);
  EXPECT_FALSE(features.features.lazy_pages);
}

TEST(CriuMessages, UnknownMembersAreSkipped) {
  const Answer answer = decode(number(1, 1) + bytes(14, "new") + number(15, 3) + number(2, 1));
  EXPECT_TRUE(answer.success);
}

TEST(CriuMessages, ATruncatedAnswerIsAnErrorAtEachLength) {
  const std::string whole = bytes(5, bytes(1, "post-restore") + number(2, 42));
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_THAT(error_of([&] { decode(whole.substr(0, size)); }), HasSubstr("criu does not keep to its protocol")) << size;
}

}  // namespace
}  // namespace crumb::linux::criu
