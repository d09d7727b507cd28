#include "helpers/systemd/request.h"

#include "support/word_list.h"
#include "wire/systemd_request.h"

namespace crumb::systemd {
namespace {

Property parse_property(WordReader& words) {
  Property property;
  property.name = words.text();
  property.signature = words.text();
  property.since = words.number<std::uint32_t>();
  words.each([&] { property.values.emplace_back(words.text()); });
  return property;
}

}  // namespace

Request parse_request(std::string_view bytes) {
  WordReader words(bytes, "the request");
  if (words.text() != wire::kSystemdRequest) throw fail("not a request of this version of crumb");
  Request request;
  request.patience = words.number<std::uint32_t>() * std::uint64_t{1000};
  words.each([&] { request.addresses.emplace_back(words.text()); });
  request.command = words.text();
  request.unit = words.text();
  words.each([&] { request.properties.push_back(parse_property(words)); });
  words.end();
  return request;
}

}  // namespace crumb::systemd
