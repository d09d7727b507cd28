// The wire form of a Plan: nothing is lost, nothing broken is taken.
#include "plan/wire.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "plan/text.h"
#include "support/error.h"

namespace crumb::plan {
namespace {

// Fills every field with a value of its own, so that fields that change places are noticed.
struct Filler {
  std::uint64_t next = 1;
  void operator()(const char*, std::uint64_t& value) { value = next++ * 0x100000001ULL; }
  void operator()(const char* field, std::string& text) { text = field + std::to_string(next++); }
  template <class T>
  void operator()(const char* field, std::vector<T>& list) {
    list.resize(3);
    for (T& item : list) (*this)(field, item);
  }
};

template <std::size_t... Indices>
std::vector<Step> filled_steps(std::index_sequence<Indices...>) {
  Filler filler;
  std::vector<Step> steps;
  const auto add = [&](auto step) {
    decltype(step)::fields(step, filler);
    steps.emplace_back(step);
  };
  (add(std::variant_alternative_t<Indices, Step>{}), ...);
  return steps;
}

std::vector<Step> every_step() { return filled_steps(std::make_index_sequence<std::variant_size_v<Step>>()); }

bool refused(std::string_view bytes) {
  // A copy of exactly this size, so that AddressSanitizer sees one byte too many.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  try {
    decode({exact.data(), exact.size()});
    return false;
  } catch (const Error&) {
    return true;
  }
}

TEST(Wire, BringsEveryStepBackAsItWas) {
  const std::string bytes = encode(every_step(), {3, 4, 5, 6});
  Descriptors descriptors;
  const std::vector<Step> steps = decode(bytes, &descriptors);
  ASSERT_EQ(steps.size(), std::variant_size_v<Step>);
  for (std::size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i].index(), i);
  EXPECT_EQ(encode(steps, {3, 4, 5, 6}), bytes);
  EXPECT_EQ(descriptors.sync, 3);
  EXPECT_EQ(descriptors.start, 4);
  EXPECT_EQ(descriptors.result, 5);
  EXPECT_EQ(descriptors.times, 6);
}

TEST(Wire, BringsEmptyStepsBack) {
  const std::vector<Step> steps = {Mount{}, Program{}, JoinPaths{}, Exec{}};
  EXPECT_EQ(encode(decode(encode(steps, {})), {}), encode(steps, {}));
  EXPECT_TRUE(decode(encode({}, {})).empty());
}

TEST(Wire, HasTheLayoutThatItsHeaderTells) {
  const std::string bytes = encode({Hostname{.name = "ab"}, Umask{.mask = 022}}, {7, -1, -1});
  wire::Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  EXPECT_EQ(header.magic, wire::kPlanMagic);
  EXPECT_EQ(header.size, bytes.size());
  EXPECT_EQ(header.steps, 2U);
  EXPECT_EQ(header.sync, 7);
  const auto number = [](wire::StepNumber step) { return std::string(1, static_cast<char>(step)) + std::string(1, '\0'); };
  using namespace std::string_literals;
  EXPECT_EQ(bytes.substr(sizeof header),
            number(wire::StepNumber::Hostname) + "\2\0\0\0ab\0"s + number(wire::StepNumber::Umask) + "\22\0\0\0\0\0\0\0"s);
}

TEST(Wire, RefusesATextWithANul) { EXPECT_THROW(encode({Hostname{.name = std::string("a\0b", 3)}}, {}), Error); }

TEST(Wire, RefusesEveryTruncation) {
  const std::string bytes = encode(every_step(), {3, 4, 5});
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(refused(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_TRUE(refused(bytes + '\0'));
}

// The same with a size in the header that agrees: then the steps themselves are what is cut off.
TEST(Wire, RefusesEveryTruncationThatHidesItself) {
  const std::string bytes = encode(every_step(), {3, 4, 5});
  for (std::uint32_t size = sizeof(wire::Header); size < bytes.size(); ++size) {
    std::string cut = bytes.substr(0, size);
    std::memcpy(cut.data() + offsetof(wire::Header, size), &size, sizeof size);
    EXPECT_TRUE(refused(cut)) << size;
  }
}

TEST(Wire, SurvivesFlippedBits) {
  const std::string bytes = encode(every_step(), {3, 4, 5});
  std::mt19937 random(2026);
  int taken = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string flipped = bytes;
    const std::size_t bit = random() % (bytes.size() * 8);
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const std::vector<char> exact(flipped.begin(), flipped.end());
    try {
      // What is taken must be a Plan again: it can be described, and encodes to the same bytes.
      Descriptors descriptors;
      const std::vector<Step> steps = decode({exact.data(), exact.size()}, &descriptors);
      EXPECT_EQ(encode(steps, descriptors), flipped);
      for (const Step& step : steps) EXPECT_FALSE(failure(step, EINVAL, "x").empty());
      ++taken;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(taken, 0) << "flips inside numbers and texts are valid Plans";
  EXPECT_LT(taken, 2000);
}

TEST(Wire, RefusesForeignBytes) {
  std::string bytes = encode({Exec{}}, {});
  const auto with = [&](std::size_t at, char byte) {
    std::string changed = bytes;
    changed[at] = byte;
    return changed;
  };
  EXPECT_FALSE(refused(bytes));
  EXPECT_TRUE(refused(with(0, 'x'))) << "magic";
  EXPECT_TRUE(refused(with(4, 9))) << "version";
  EXPECT_TRUE(refused(with(sizeof(wire::Header), 0))) << "step 0";
  EXPECT_TRUE(refused(with(sizeof(wire::Header), static_cast<char>(std::variant_size_v<Step> + 1)))) << "step beyond the last";
}

}  // namespace
}  // namespace crumb::plan
