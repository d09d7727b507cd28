#include "helpers/systemd/message.h"

#include <cerrno>
#include <charconv>

#include "support/error.h"

namespace crumb::systemd {
namespace {

template <class Number>
Number parse(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) check(-EINVAL, "\"{}\"", text);
  return value;
}

template <class Number>
int append_number(sd_bus_message* message, char type, const std::string& text) {
  const Number value = parse<Number>(text);
  return sd_bus_message_append_basic(message, type, &value);
}

int append_basic(sd_bus_message* message, char type, const std::string& text) {
  switch (type) {
    case 'b': {
      const int value = text == "true" ? 1 : 0;
      return sd_bus_message_append_basic(message, type, &value);
    }
    case 'y':
      return append_number<std::uint8_t>(message, type, text);
    case 'n':
      return append_number<std::int16_t>(message, type, text);
    case 'q':
      return append_number<std::uint16_t>(message, type, text);
    case 'i':
      return append_number<std::int32_t>(message, type, text);
    case 'u':
      return append_number<std::uint32_t>(message, type, text);
    case 'x':
      return append_number<std::int64_t>(message, type, text);
    case 't':
      return append_number<std::uint64_t>(message, type, text);
    case 'd':
      return append_number<double>(message, type, text);
    default:
      return sd_bus_message_append_basic(message, type, text.c_str());
  }
}

void append_pairs(sd_bus_message* message, const std::string& members, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    check(sd_bus_message_open_container(message, 'r', members.c_str()), "open a pair");
    for (const std::size_t member : {0U, 1U})
      check(append_basic(message, members[member], values[i + member]), "\"{}\"", values[i + member]);
    check(sd_bus_message_close_container(message), "close a pair");
  }
}

void append_array(sd_bus_message* message, const std::string& element, const std::vector<std::string>& values) {
  check(sd_bus_message_open_container(message, 'a', element.c_str()), "open an array");
  if (element.size() == 4 && element[0] == '(')
    append_pairs(message, element.substr(1, 2), values);
  else
    for (const std::string& value : values) check(append_basic(message, element[0], value), "\"{}\"", value);
  check(sd_bus_message_close_container(message), "close an array");
}

void append_value(sd_bus_message* message, const Property& property) {
  const std::string& type = property.signature;
  try {
    if (type.starts_with('a') && type.size() > 1) return append_array(message, type.substr(1), property.values);
    if (type.size() != 1 || property.values.size() != 1) throw fail("{} values of type \"{}\"", property.values.size(), type);
    check(append_basic(message, type[0], property.values[0]), "\"{}\"", property.values[0]);
  } catch (const Error& error) {
    throw fail("property {}: {}", property.name, error.what());
  }
}

}  // namespace

void append_properties(sd_bus_message* message, const std::vector<Property>& properties) {
  check(sd_bus_message_open_container(message, 'a', "(sv)"), "open the properties");
  for (const Property& property : properties) {
    check(sd_bus_message_open_container(message, 'r', "sv"), "property {}", property.name);
    check(sd_bus_message_append_basic(message, 's', property.name.c_str()), "property {}", property.name);
    check(sd_bus_message_open_container(message, 'v', property.signature.c_str()), "property {}", property.name);
    append_value(message, property);
    check(sd_bus_message_close_container(message), "property {}", property.name);
    check(sd_bus_message_close_container(message), "property {}", property.name);
  }
  check(sd_bus_message_close_container(message), "close the properties");
}

}  // namespace crumb::systemd
