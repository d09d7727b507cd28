// A valid config.json that tests change in one place each.
#pragma once

#include <string>
#include <string_view>

#include "oci/config.h"
#include "support/error.h"
#include "support/json.h"

namespace crumb::oci {

inline json::value valid_config() {
  return boost::json::parse(R"({
    "ociVersion": "1.3.0",
    "root": {"path": "rootfs"},
    "process": {"cwd": "/", "args": ["sh"], "env": ["PATH=/bin"]},
    "hostname": "box",
    "linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "pid"}], "resources": {}}
  })");
}

// `pointer` is a way through objects ("/process/user/uid"); those that are missing are made. An empty `content` takes the
// member away.
inline std::string config_with(std::string_view pointer, std::string_view content) {
  json::value config = valid_config();
  json::object* object = &config.as_object();
  for (pointer.remove_prefix(1); pointer.find('/') != std::string_view::npos; pointer.remove_prefix(pointer.find('/') + 1)) {
    json::value& member = (*object)[boost::json::string_view(pointer.data(), pointer.find('/'))];
    object = member.is_object() ? &member.as_object() : &member.emplace_object();
  }
  const boost::json::string_view last(pointer.data(), pointer.size());
  if (content.empty())
    object->erase(last);
  else
    (*object)[last] = boost::json::parse(boost::json::string_view(content.data(), content.size()));
  return json::serialize(config);
}

inline Config parse_with(std::string_view pointer, std::string_view content) {
  return parse_config(config_with(pointer, content));
}

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace crumb::oci
