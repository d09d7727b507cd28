// By hand: a run writes its state three times, and as values of Boost.JSON that takes five times the work.
#include "container/state_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <utility>

namespace crumb::container {
namespace {

// Objects and arrays, one member or item after the other.
class Text {
 public:
  Text() : text_(kUsual, '\0') {}

  template <class Value>
  Text& member(std::string_view name, const Value& value) {
    separate();
    add(name);
    put(":");
    add(value);
    return *this;
  }
  Text& open(char bracket) { return put({&bracket, 1}), *this; }
  Text& close(char bracket) { return put({&bracket, 1}), *this; }
  std::string take() { return text_.resize(used_), std::move(text_); }

 private:
  static constexpr std::size_t kUsual = 2048;  // bytes

  // Most pieces are a letter or two, for which a string's own functions take much longer.
  void put(std::string_view piece) {
    if (text_.size() - used_ < piece.size()) text_.resize(2 * text_.size() + piece.size());
    std::memcpy(text_.data() + used_, piece.data(), piece.size());
    used_ += piece.size();
  }
  void separate() {
    const char last = text_[used_ - 1];
    if (last != '{' && last != '[') put(",");
  }

  void add(bool value) { put(value ? "true" : "false"); }
  void add(int value) { put(std::to_string(value)); }
  void add(std::uint64_t value) { put(std::to_string(value)); }
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(std::string_view value) {
    const bool plain = std::ranges::none_of(value, [](unsigned char c) { return c < ' ' || c == '"' || c == '\\'; });
    if (plain)
      put("\""), put(value), put("\"");
    else
      put(boost::json::serialize(boost::json::string_view(value.data(), value.size())));
  }
  void add(const std::map<std::string, std::string>& members) {
    open('{');
    for (const auto& [name, value] : members) member(name, value);
    close('}');
  }
  template <class Item>
  void add(const std::vector<Item>& items) {
    open('[');
    for (const Item& item : items) separate(), add(item);
    close(']');
  }
  void add(const plan::CgroupLeaf& leaf) {
    open('{').member("mountpoint", leaf.mountpoint).member("path", leaf.path).member("unified", leaf.unified);
    member("required", leaf.required).member("controllers", leaf.controllers).close('}');
  }
  void add(const std::pair<const plan::RdtGroup&, bool>& rdt) {
    const plan::RdtGroup& group = rdt.first;
    open('{').member("mountpoint", group.mountpoint).member("directory", group.directory);
    member("monitor", group.monitor).member("made", rdt.second).close('}');
  }

  void add(const CompileLater& compile) {
    open('{').member("module", compile.module).member("name", compile.name);
    member("frames", compile.frames).member("descriptor", compile.descriptor);
    if (!compile.root.empty()) member("root", compile.root).member("path", compile.path);
    close('}');
  }

  std::string text_;
  std::size_t used_ = 0;  // of it
};

}  // namespace

std::string state_text(const State& state) {
  Text text;
  text.open('{').member("version", kStateVersion).member("id", state.id).member("bundle", state.bundle);
  text.member("rootfs", state.rootfs).member("created", state.created).member("pid", state.pid);
  text.member("startTime", state.start_time).member("ready", state.ready).member("keyring", state.keyring);
  text.member("annotations", state.annotations).member("cgroups", state.cgroups).member("descriptors", state.descriptors);
  if (!state.unit.empty()) text.member("unit", state.unit);
  if (state.poststart) text.member("poststart", true);
  if (state.poststop) text.member("poststop", true);
  if (state.rdt) text.member("rdt", std::pair<const plan::RdtGroup&, bool>(*state.rdt, state.rdt_made));
  if (state.compile) text.member("compile", *state.compile);
  return text.close('}').take();
}

}  // namespace crumb::container
