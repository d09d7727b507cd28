// The sync socket's host end against a peer that behaves, one that dies and one that does not keep to the form.
#include "linux/channel.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cstring>

#include "linux/memory_file.h"
#include "linux_support.h"

namespace crumb::linux {
namespace {

using crumb::testing::error_of;
using crumb::testing::run_child;

wire::Message message_at(wire::Point point, std::uint64_t value) {
  wire::Message message;
  message.point = point;
  message.value = value;
  return message;
}

std::vector<Fd> files(int count) {
  std::vector<Fd> all;
  for (int i = 0; i < count; ++i) all.push_back(sealed_memory_file("test", std::to_string(i)));
  return all;
}

TEST(Channel, AMessageArrivesAsItWasSent) {
  auto [ours, theirs] = Channel::pair();
  Channel peer(std::move(theirs));
  wire::Message sent = message_at(wire::Point::placed, 7);
  std::strcpy(sent.text, "text");
  ours.send(sent, {});
  const std::optional<Channel::Received> received = peer.receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(std::memcmp(&received->message, &sent, sizeof sent), 0);
  EXPECT_TRUE(received->descriptors.empty());
}

TEST(Channel, DescriptorsArriveInOrderAndCloseOnExec) {
  auto [ours, theirs] = Channel::pair();
  Channel peer(std::move(theirs));
  constexpr int kCount = static_cast<int>(wire::kMaxDescriptors);
  ours.send(message_at(wire::Point::program, 1), files(kCount));
  const std::optional<Channel::Received> received = peer.receive();
  ASSERT_TRUE(received);
  ASSERT_EQ(received->descriptors.size(), wire::kMaxDescriptors);
  for (int i = 0; i < kCount; ++i) {
    const int fd = received->descriptors[static_cast<std::size_t>(i)].get();
    char text[8] = {};
    EXPECT_GT(pread(fd, text, sizeof text - 1, 0), 0);
    EXPECT_EQ(text, std::to_string(i));
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
}

TEST(Channel, MoreDescriptorsThanAMessageCarriesAreRefused) {
  auto [ours, theirs] = Channel::pair();
  EXPECT_EQ(error_of([&, &channel = ours] { channel.send({}, files(254)); }), "message to crumb-init: 254 descriptors");
}

TEST(Channel, BothEndsAreCloseOnExec) {
  const auto [ours, theirs] = Channel::pair();
  EXPECT_EQ(fcntl(theirs.get(), F_GETFD), FD_CLOEXEC);
}

TEST(Channel, EndOfFileIsNoMessage) {
  auto [ours, theirs] = Channel::pair();
  theirs.reset();
  EXPECT_FALSE(ours.receive());
}

TEST(Channel, APeerThatDiedWithAMessageUnreadIsEndOfFileToo) {
  auto [ours, theirs] = Channel::pair();
  ours.send({}, {});
  theirs.reset();
  EXPECT_FALSE(ours.receive());
}

TEST(Channel, WhatAPeerSaidBeforeItDiedWithAMessageUnreadIsHeard) {
  auto [ours, theirs] = Channel::pair();
  const wire::Message said = message_at(wire::Point::failed, 7);
  ours.send({}, {});
  ASSERT_EQ(send(theirs.get(), &said, sizeof said, 0), static_cast<ssize_t>(sizeof said));
  theirs.reset();
  const std::optional<Channel::Received> received = ours.receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->message.value, 7U);
  EXPECT_FALSE(ours.receive());
}

TEST(Channel, SendingToADeadPeerIsNoticedAndNoSignal) {
  auto [ours, theirs] = Channel::pair();
  EXPECT_TRUE(ours.send({}, {}));
  theirs.reset();
  EXPECT_FALSE(ours.send({}, {})) << "it left a message unread";
  EXPECT_FALSE(ours.send({}, {}));
}

TEST(Channel, PacketsOfAnotherSizeAreRefused) {
  for (const std::size_t size : {std::size_t{1}, sizeof(wire::Message) - 1, sizeof(wire::Message) + 1}) {
    auto [ours, theirs] = Channel::pair();
    const std::string bytes(size, 'x');
    ASSERT_EQ(send(theirs.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(size));
    EXPECT_THAT(error_of([&, &channel = ours] { channel.receive(); }),
                ::testing::StartsWith("crumb-init does not keep to the protocol: a message of "))
        << size;
  }
}

TEST(Channel, DescriptorsThatDoNotFitAreAnErrorAndNotLost) {
  EXPECT_EQ(run_child([] {
              auto [ours, theirs] = Channel::pair();
              Channel peer(std::move(theirs));
              ours.send({}, files(8));
              crumb::testing::limit_descriptors(4);
              const std::string error = error_of([&] { peer.receive(); });
              // What did arrive is closed again: four numbers are free.
              for (int i = 0; i < 4; ++i)
                if (dup(0) < 0) return 2;
              return error == "message from crumb-init: its descriptors do not fit" ? 0 : 1;
            }),
            0);
}

#ifdef CRUMB_SEAM
TEST(Channel, AMessageThatTheKernelDoesNotTakeIsAnError) {
  EXPECT_EQ(crumb::testing::error_under("sendmsg=ENOBUFS",
                                        [] {
                                          auto [ours, theirs] = Channel::pair();
                                          ours.send({}, {});
                                        }),
            "message to crumb-init: No buffer space available");
}

TEST(Channel, AnInterruptedCallIsRepeated) {
  EXPECT_EQ(crumb::testing::error_under("sendmsg#1=EINTR,recvmsg#1=EINTR",
                                        [] {
                                          auto [ours, theirs] = Channel::pair();
                                          Channel peer(std::move(theirs));
                                          ours.send({}, {});
                                          if (!peer.receive()) throw Error("nothing came");
                                        }),
            "");
}
#endif

}  // namespace
}  // namespace crumb::linux
