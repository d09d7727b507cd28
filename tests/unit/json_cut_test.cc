// Cutting one object out of a document: exactly where the parser would find it, or not at all.
#include "support/json_cut.h"

#include <gtest/gtest.h>

#include "support/json.h"

namespace crumb::json {
namespace {

std::optional<Cut> cut_profile(std::string_view text) { return cut(text, {"linux", "seccomp"}); }

std::string object_of(std::string_view text) {
  const std::optional<Cut> found = cut_profile(text);
  return found ? std::string(found->object) : "none";
}

bool parses(const std::string& text) {
  try {
    Document::parse(text, "text");
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(JsonCut, FindsTheObjectWhereverItStands) {
  EXPECT_EQ(object_of(R"({"linux":{"seccomp":{"a":1}}})"), R"({"a":1})");
  EXPECT_EQ(
      object_of(R"( { "a" : [ {"linux":{}} , "}" ], "linux" : { "b":"\"}", "seccomp" : { "a" : [{}, "]"] } , "c": tru } } )"),
      R"({ "a" : [{}, "]"] })");
  EXPECT_EQ(object_of(R"({"linux":{"seccomp":{}}})"), "{}");
}

TEST(JsonCut, LeavesAnEmptyObjectAndEveryPlaceAsItWas) {
  const std::string text = "{\"linux\": {\"seccomp\": {\"a\":\n 1},\n \"b\": x}}";
  const std::optional<Cut> found = cut_profile(text);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rest, "{\"linux\": {\"seccomp\": {    \n  },\n \"b\": x}}");
}

TEST(JsonCut, FindsNoneThatIsElsewhere) {
  for (const char* text : {R"({"seccomp":{"a":1}})", R"({"linux":{"x":{"seccomp":{"a":1}}}})", R"({"linux":[{"seccomp":{}}]})",
                           "{}", R"({"linux":{}})", R"([{"linux":{"seccomp":{}}}])", R"({"linux":{"seccomp":[{}]}})",
                           R"({"linux":{"seccomp":null}})", R"({"linux":{"seccomp":"{}"}})"})
    EXPECT_EQ(object_of(text), "none") << text;
}

// Of a key that stands twice the last one counts, and a key can be written in many ways.
TEST(JsonCut, FindsNoneThatIsInDoubt) {
  for (const char* text :
       {R"({"linux":{"seccomp":{"a":1},"seccomp":{"a":2}}})", R"({"linux":{"seccomp":{"a":1}},"linux":{}})",
        R"({"linux":{"seccomp":{"a":1},"secc\u006fmp":{}}})", R"({"linux":{"seccomp":{"a":1}},"lin\u0075x":{}})"})
    EXPECT_EQ(object_of(text), "none") << text;
}

// It is looked at eight bytes at a time. 0xa2 and 0xdc are a quote and a backslash with one bit more.
TEST(JsonCut, AStringOfAnyLengthEndsAtItsQuoteWhereverItBegins) {
  constexpr std::size_t kLongest = 20;
  for (const std::string_view piece : {"\\\"", "\\\\", "\xa2", "\xdc", "}", "\\u0022"})
    for (std::size_t length = 0; length < kLongest; ++length)
      for (std::size_t at = 0; at <= length; ++at) {
        const std::string letters = std::string(at, 'x').append(piece).append(length - at, 'y');
        const std::string object = "{" + std::string(length % 9, ' ') + "\"a\": \"" + letters + "\"}";
        EXPECT_EQ(object_of("{\"linux\":{\"seccomp\":" + object + ",\"b\":\"}\"}}"), object);
      }
}

TEST(JsonCut, OfACutOffTextNeverGivesWhatTheParserTakes) {
  const std::string text = R"({"a": "\\", "linux": {"b": [1, {}], "seccomp": {"c": "}"}, "d": 1}, "e": {}})";
  ASSERT_TRUE(cut_profile(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::optional<Cut> found = cut_profile(std::string_view(text).substr(0, size));
    EXPECT_FALSE(found && parses(found->rest)) << size;
  }
}

}  // namespace
}  // namespace crumb::json
