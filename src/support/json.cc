#include "support/json.h"

#include <algorithm>

#include <boost/json/src.hpp>

namespace crumb::json {
namespace {

std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t feed = before.rfind('\n');
  const std::size_t column = feed == std::string_view::npos ? offset + 1 : offset - feed;
  return fmt::format("line {}, column {}", line, column);
}

bool plain(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string quoted(std::string_view text) { return serialize(value(boost::json::string_view(text.data(), text.size()))); }

void append_key(std::string& place, std::string_view key) {
  if (!plain(key))
    place += '[' + quoted(key) + ']';
  else
    place.append(place.empty() ? "" : ".").append(key);
}

std::string_view view(boost::json::string_view text) { return {text.data(), text.size()}; }

// Appends the way from `from` to `wanted`; false, and `place` as it was, when it is not below.
bool locate(const value& from, const value* wanted, std::string& place) {
  if (&from == wanted) return true;
  const std::size_t length = place.size();
  if (const object* members = from.if_object())
    for (const auto& member : *members) {
      append_key(place, view(member.key()));
      if (locate(member.value(), wanted, place)) return true;
      place.resize(length);
    }
  if (const array* items = from.if_array())
    for (std::size_t i = 0; i < items->size(); ++i) {
      place += fmt::format("[{}]", i);
      if (locate((*items)[i], wanted, place)) return true;
      place.resize(length);
    }
  return false;
}

const char* kind_name(const value& content) {
  switch (content.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

Error expected(const Cursor& cursor, const char* what) {
  return cursor.error(fmt::format("expected {}, found {}", what, kind_name(cursor.content())));
}

template <class Number>
Error out_of_range(const Cursor& cursor, Number least, Number most) {
  return cursor.error(fmt::format("{} is not between {} and {}", serialize(cursor.content()), least, most));
}

Error not_whole(const Cursor& cursor) {
  if (!cursor.content().is_double()) return expected(cursor, "a number");
  return cursor.error(fmt::format("{} is not a whole number in range", serialize(cursor.content())));
}

}  // namespace

Document Document::parse(std::string_view text, std::string name) {
  if (text.size() > kLargestDocument) throw fail("{}: larger than {} bytes", name, kLargestDocument);
  boost::json::parse_options options;
  options.max_depth = kDeepestNesting;
  boost::json::parser parser({}, options);
  boost::json::error_code code;
  const std::size_t used = parser.write_some(text.data(), text.size(), code);
  if (code) throw fail("{}: {}: {}", name, position(text, used), code.message());
  const std::size_t rest = text.find_first_not_of(" \t\r\n", used);
  if (rest != std::string_view::npos) throw fail("{}: {}: text after the end of the JSON value", name, position(text, rest));
  return {parser.release(), std::move(name), text.find("\\u0000") != std::string_view::npos};
}

Cursor Document::root() const { return {*this, content_}; }

std::string Cursor::place() const {
  std::string place;
  locate(document_->content(), content_, place);
  return place;
}

Error Cursor::error(const std::string& reason) const {
  const std::string where = place();
  return fail("{}: {}{}{}", document_->name(), where, where.empty() ? "" : ": ", reason);
}

Error Cursor::error_at(std::string_view key, const std::string& reason) const {
  std::string where = place();
  append_key(where, key);
  return fail("{}: {}: {}", document_->name(), where, reason);
}

std::optional<Cursor> Cursor::find(std::string_view key) const {
  const object* members = content_->if_object();
  if (!members) throw expected(*this, "an object");
  const value* found = members->if_contains(boost::json::string_view(key.data(), key.size()));
  if (!found || found->is_null()) return std::nullopt;
  return Cursor(*document_, *found);
}

Cursor Cursor::at(std::string_view key) const {
  if (const auto found = find(key)) return *found;
  throw error_at(key, "missing");
}

std::vector<std::pair<std::string_view, Cursor>> Cursor::members() const {
  const object* all = content_->if_object();
  if (!all) throw expected(*this, "an object");
  std::vector<std::pair<std::string_view, Cursor>> result;
  for (const auto& member : *all)
    if (!member.value().is_null()) result.emplace_back(view(member.key()), Cursor(*document_, member.value()));
  return result;
}

std::vector<Cursor> Cursor::items() const {
  const array* all = content_->if_array();
  if (!all) throw expected(*this, "an array");
  std::vector<Cursor> result;
  result.reserve(all->size());
  for (const value& item : *all) result.emplace_back(*document_, item);
  return result;
}

bool Cursor::boolean() const {
  if (const bool* flag = content_->if_bool()) return *flag;
  throw expected(*this, "a boolean");
}

std::string Cursor::string() const {
  const boost::json::string* text = content_->if_string();
  if (!text) throw expected(*this, "a string");
  if (document_->may_hold_nul() && text->find('\0') != boost::json::string::npos) throw error("holds a NUL character");
  return {text->data(), text->size()};
}

std::vector<std::string> Cursor::strings() const {
  std::vector<std::string> result;
  for (const Cursor& item : items()) result.push_back(item.string());
  return result;
}

std::int64_t Cursor::integer(std::int64_t least, std::int64_t most) const {
  if (content_->is_uint64()) throw out_of_range(*this, least, most);  // the parser's choice only above INT64_MAX
  const std::int64_t* number = content_->if_int64();
  if (!number) throw not_whole(*this);
  if (*number < least || *number > most) throw out_of_range(*this, least, most);
  return *number;
}

std::uint64_t Cursor::natural(std::uint64_t most) const {
  std::uint64_t number = 0;
  if (const std::uint64_t* large = content_->if_uint64())
    number = *large;
  else if (const std::int64_t* small = content_->if_int64()) {
    if (*small < 0) throw out_of_range<std::uint64_t>(*this, 0, most);
    number = static_cast<std::uint64_t>(*small);
  } else {
    throw not_whole(*this);
  }
  if (number > most) throw out_of_range<std::uint64_t>(*this, 0, most);
  return number;
}

bool Cursor::empty() const {
  switch (content_->kind()) {
    case boost::json::kind::null:
      return true;
    case boost::json::kind::bool_:
      return !content_->get_bool();
    case boost::json::kind::int64:
      return content_->get_int64() == 0;
    case boost::json::kind::string:
      return content_->get_string().empty();
    case boost::json::kind::array:
      return content_->get_array().empty();
    case boost::json::kind::object: {
      const auto all = members();
      return std::all_of(all.begin(), all.end(), [](const auto& member) { return member.second.empty(); });
    }
    default:
      return false;
  }
}

namespace {

void print(std::string& out, const value& content, std::size_t indent);

// The items of an array or an object between brackets, one a line.
template <class Items, class Print>
void print_items(std::string& out, const Items& items, std::size_t indent, const char* brackets, Print print_item) {
  out += brackets[0];
  const char* separator = "\n";
  for (const auto& item : items) {
    out.append(separator).append(indent + 2, ' ');
    print_item(item);
    separator = ",\n";
  }
  if (!items.empty()) out.append("\n").append(indent, ' ');
  out += brackets[1];
}

void print(std::string& out, const value& content, std::size_t indent) {
  if (const object* members = content.if_object()) {
    print_items(out, *members, indent, "{}", [&](const auto& member) {
      out += quoted(view(member.key())) + ": ";
      print(out, member.value(), indent + 2);
    });
  } else if (const array* items = content.if_array()) {
    print_items(out, *items, indent, "[]", [&](const value& item) { print(out, item, indent + 2); });
  } else {
    out += serialize(content);
  }
}

}  // namespace

std::string pretty(const value& content) {
  std::string out;
  print(out, content, 0);
  return out;
}

}  // namespace crumb::json
