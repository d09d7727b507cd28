// A config.json with other limits in it.
#include "oci/update.h"

#include <algorithm>
#include <string_view>

#include "oci/resources.h"
#include "support/json.h"

namespace crumb::oci {
namespace {

using boost::json::string_view;

// 0 means something to these.
constexpr std::string_view kZeroCounts[] = {"idle",       "burst",     "swappiness", "checkBeforeUpdate", "disableOOMKiller",
                                            "hcaHandles", "hcaObjects"};

bool says_nothing(std::string_view key, const json::value& content) {
  if (content.is_null()) return true;
  if (std::ranges::find(kZeroCounts, key) != std::end(kZeroCounts)) return false;
  return (content.is_int64() && content.get_int64() == 0) || (content.is_uint64() && content.get_uint64() == 0) ||
         (content.is_bool() && !content.get_bool()) || (content.is_string() && content.get_string().empty()) ||
         (content.is_array() && content.get_array().empty()) || (content.is_object() && content.get_object().empty());
}

json::object& object_at(json::object& parent, string_view key) {
  json::value& member = parent[key];
  return member.is_object() ? member.get_object() : member.emplace_object();
}

// What an entry of a list is about: its device, its page size or its interface.
bool same_subject(const json::value& one, const json::value& other) {
  return std::ranges::all_of(std::initializer_list<string_view>{"major", "minor", "pageSize", "name"}, [&](string_view key) {
    const json::value* ours = one.as_object().if_contains(key);
    const json::value* theirs = other.as_object().if_contains(key);
    return ours && theirs ? *ours == *theirs : ours == theirs;
  });
}

// Within an entry everything counts: a rate of 0 is "no limit".
void merge_entry(json::object& into, const json::object& from) {
  for (const auto& [key, content] : from)
    if (!content.is_null()) into[key] = content;
}

void merge_list(json::value& into, const json::array& from) {
  json::array& list = into.is_array() ? into.get_array() : into.emplace_array();
  for (const json::value& item : from) {
    const auto same = std::ranges::find_if(list, [&](const json::value& old) { return same_subject(old, item); });
    if (same == list.end())
      list.push_back(item);
    else
      merge_entry(same->as_object(), item.as_object());
  }
}

void merge_object(json::object& into, const json::object& from) {
  for (const auto& [key, content] : from) {
    const std::string_view name(key.data(), key.size());
    if (says_nothing(name, content)) continue;
    if (content.is_object())
      merge_object(object_at(into, key), content.get_object());
    else if (content.is_array() && name != "devices")
      merge_list(into[key], content.get_array());
    else
      into[key] = content;
  }
}

bool is_unlimited(const json::object& memory) {
  const json::value* limit = memory.if_contains("limit");
  return limit && limit->is_int64() && limit->get_int64() == -1;
}

bool has_swap(const json::object& memory) {
  const json::value* swap = memory.if_contains("swap");
  return swap && !says_nothing("swap", *swap);
}

}  // namespace

std::string with_resources(std::string_view config, std::string_view update) {
  json::value result = json::Document::parse(config, "config.json").content();
  const json::Document document = json::Document::parse(update, "update");
  const json::value& given = document.content();
  json::object& resources = object_at(object_at(result.as_object(), "linux"), "resources");
  merge_object(resources, given.as_object());

  const json::value* memory = given.as_object().if_contains("memory");
  if (memory && memory->is_object() && is_unlimited(memory->get_object()) && !has_swap(memory->get_object()))
    object_at(resources, "memory")["swap"] = -1;
  return json::serialize(result);
}

std::string with_schemas(std::string_view config, const std::string& l3_cache, const std::string& memory_bandwidth) {
  json::value result = json::Document::parse(config, "config.json").content();
  json::object& rdt = object_at(object_at(result.as_object(), "linux"), "intelRdt");
  if (!l3_cache.empty()) rdt["l3CacheSchema"] = l3_cache;
  if (!memory_bandwidth.empty()) rdt["memBwSchema"] = memory_bandwidth;
  return json::serialize(result);
}

}  // namespace crumb::oci
