#include "support/json.h"

#include <gtest/gtest.h>

namespace crumb::json {
namespace {

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string parse_message(const std::string& text) {
  return message_of([&] { Document::parse(text, "config.json"); });
}

TEST(Json, BrokenTextIsRefusedWithLineAndColumn) {
  EXPECT_EQ(parse_message("{\n  \"a\": tru\n}"), "config.json: line 2, column 8: syntax error");
  EXPECT_EQ(parse_message(""), "config.json: line 1, column 1: incomplete JSON");
  EXPECT_EQ(parse_message("{\"a\":"), "config.json: line 1, column 6: incomplete JSON");
  EXPECT_EQ(parse_message("{}\n x"), "config.json: line 2, column 2: text after the end of the JSON value");
  EXPECT_EQ(parse_message("[1,]"), "config.json: line 1, column 4: syntax error");
  EXPECT_EQ(parse_message("\xef\xbb\xbf{}"), "config.json: line 1, column 1: syntax error");
  EXPECT_EQ(parse_message("\"\xff\""), "config.json: line 1, column 2: syntax error");
}

TEST(Json, TenThousandLevelsAreACleanError) {
  EXPECT_EQ(parse_message(std::string(10000, '[')), "config.json: line 1, column 65: too deep");
  std::string objects;
  for (int i = 0; i < 10000; ++i) objects += "{\"a\":";
  EXPECT_EQ(parse_message(objects), "config.json: line 1, column 321: too deep");
}

TEST(Json, ADocumentAboveTheLimitIsRefusedBeforeItIsRead) {
  EXPECT_EQ(parse_message(std::string(kLargestDocument + 1, ' ')), "config.json: larger than 16777216 bytes");
}

TEST(Json, OfAKeyThatStandsTwiceTheLastOneCounts) {
  const Document document = Document::parse(R"({"a": 1, "a": 2})", "x");
  EXPECT_EQ(document.root().at("a").integer(), 2);
}

TEST(Json, NullCountsAsAbsent) {
  const Document document = Document::parse(R"({"a": null})", "x");
  EXPECT_FALSE(document.root().find("a"));
  EXPECT_TRUE(document.root().members().empty());
  EXPECT_EQ(message_of([&] { document.root().at("a"); }), "x: a: missing");
}

TEST(Json, ACursorKnowsItsPlace) {
  const Document document = Document::parse(R"({"a": [{"b": 1}, {"c.d": [true]}]})", "x");
  const Cursor item = document.root().at("a").items()[1].at("c.d").items()[0];
  EXPECT_EQ(item.place(), R"(a[1]["c.d"][0])");
  EXPECT_EQ(document.root().place(), "");
}

TEST(Json, WrongTypesAreNamedWithTheirPlace) {
  const Document document = Document::parse(R"({"s": "x", "n": 1, "o": {}, "a": ["x", 1], "b": true, "d": 1.5})", "x");
  const Cursor root = document.root();
  EXPECT_EQ(message_of([&] { root.at("n").string(); }), "x: n: expected a string, found a number");
  EXPECT_EQ(message_of([&] { root.at("a").strings(); }), "x: a[1]: expected a string, found a number");
  EXPECT_EQ(message_of([&] { root.at("s").integer(); }), "x: s: expected a number, found a string");
  EXPECT_EQ(message_of([&] { root.at("d").natural(); }), "x: d: 1.5E0 is not a whole number in range");
  EXPECT_EQ(message_of([&] { root.at("o").boolean(); }), "x: o: expected a boolean, found an object");
  EXPECT_EQ(message_of([&] { root.at("b").items(); }), "x: b: expected an array, found a boolean");
  EXPECT_EQ(message_of([&] { root.at("a").find("x"); }), "x: a: expected an object, found an array");
  const Document list = Document::parse("[null]", "x");
  EXPECT_EQ(message_of([&] { list.root().members(); }), "x: expected an object, found an array");
  EXPECT_EQ(message_of([&] { list.root().items()[0].string(); }), "x: [0]: expected a string, found null");
}

TEST(Json, NumbersOutOfRangeAreNamedWithTheRange) {
  const Document document = Document::parse(R"([300, -1, 18446744073709551615, 18446744073709551616])", "x");
  const auto items = document.root().items();
  EXPECT_EQ(message_of([&] { items[0].integer(0, 255); }), "x: [0]: 300 is not between 0 and 255");
  EXPECT_EQ(message_of([&] { items[0].natural(255); }), "x: [0]: 300 is not between 0 and 255");
  EXPECT_EQ(message_of([&] { items[1].natural(255); }), "x: [1]: -1 is not between 0 and 255");
  EXPECT_EQ(items[2].natural(), 18446744073709551615ULL);
  EXPECT_EQ(message_of([&] { items[2].integer(-1); }),
            "x: [2]: 18446744073709551615 is not between -1 and 9223372036854775807");
  EXPECT_EQ(message_of([&] { items[3].natural(); }), "x: [3]: 1.8446744073709552E19 is not a whole number in range");
}

TEST(Json, AStringWithANulIsRefused) {
  const Document document = Document::parse(R"({"a": "x\u0000y"})", "x");
  EXPECT_EQ(message_of([&] { document.root().at("a").string(); }), "x: a: holds a NUL character");
}

TEST(Json, WhatSaysNothingIsEmpty) {
  for (const char* text : {"null", "false", "0", "\"\"", "[]", "{}", "{\"a\": [], \"b\": {\"c\": 0}}"})
    EXPECT_TRUE(Document::parse(text, "x").root().empty()) << text;
  for (const char* text : {"true", "1", "-1", "\"x\"", "[1]", "{\"a\": {\"b\": true}}", "[[]]", "0.5", "18446744073709551615"})
    EXPECT_FALSE(Document::parse(text, "x").root().empty()) << text;
}

TEST(Json, PrettyIndentsByTwoAndReadsBackTheSame) {
  const std::string text = R"({"id":"a\"b","list":[1,true,null],"none":{},"empty":[],"deep":{"x":[{"y":1}]}})";
  const Document document = Document::parse(text, "x");
  const std::string expected = R"({
  "id": "a\"b",
  "list": [
    1,
    true,
    null
  ],
  "none": {},
  "empty": [],
  "deep": {
    "x": [
      {
        "y": 1
      }
    ]
  }
})";
  EXPECT_EQ(pretty(document.content()), expected);
  EXPECT_EQ(serialize(Document::parse(pretty(document.content()), "x").content()), text);
}

}  // namespace
}  // namespace crumb::json
