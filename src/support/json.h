// JSON in and out. In: a Document read whole, and Cursors on its values whose errors name the place:
// `config.json: process.args[1]: expected a string, found a number`. Out: boost::json values, printed compactly or indented.
//
// A member that is null counts as absent, as Go's callers write it; of a key that stands twice the last one counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "support/error.h"

namespace crumb::json {

using boost::json::array;
using boost::json::object;
using boost::json::serialize;
using boost::json::value;

inline constexpr std::size_t kLargestDocument = 16U << 20;  // bytes
inline constexpr std::size_t kDeepestNesting = 64;

class Cursor;

class Document {
 public:
  // `name` is what messages call it. Throws Error: `NAME: line 3, column 7: syntax error`; columns count bytes from 1.
  static Document parse(std::string_view text, std::string name);

  // The cursors must not outlive the document, which must not move while they live.
  Cursor root() const;
  const value& content() const { return content_; }
  const std::string& name() const { return name_; }
  // Whether any of its strings may: there is one way to write one.
  bool may_hold_nul() const { return may_hold_nul_; }

 private:
  Document(value content, std::string name, bool may_hold_nul)
      : content_(std::move(content)), name_(std::move(name)), may_hold_nul_(may_hold_nul) {}
  value content_;
  std::string name_;
  bool may_hold_nul_;
};

// One value of a Document. Costs two pointers: the place is looked up only when an error needs it.
class Cursor {
 public:
  Cursor(const Document& document, const value& content) : document_(&document), content_(&content) {}

  const value& content() const { return *content_; }
  std::string place() const;                                              // "linux.namespaces[2].type"; "" for the root
  Error error(const std::string& reason) const;                           // "config.json: PLACE: reason"
  Error error_at(std::string_view key, const std::string& reason) const;  // of a member, which may be missing

  // Objects. All throw when this is none.
  std::optional<Cursor> find(std::string_view key) const;
  Cursor at(std::string_view key) const;                             // throws "...: missing"
  std::vector<std::pair<std::string_view, Cursor>> members() const;  // without those that are null

  // Arrays. Throws when this is none.
  std::vector<Cursor> items() const;

  // Typed values; throw "expected a string, found a number" and the like.
  bool boolean() const;
  std::string string() const;  // without NUL: none of the kernel's words can hold one
  std::vector<std::string> strings() const;
  std::int64_t integer(std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  std::uint64_t natural(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;

  // Null, false, 0, "", [], {} or an object of only these: says nothing that could be ignored wrongly.
  bool empty() const;

 private:
  const Document* document_;
  const value* content_;
};

// Indented by two spaces, no line feed at the end; empty arrays and objects as [] and {}.
std::string pretty(const value& content);

}  // namespace crumb::json
