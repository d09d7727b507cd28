#include "plan/wire.h"

#include <cstring>
#include <limits>
#include <utility>

#include "support/error.h"

namespace crumb::plan {
namespace {

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  template <class Number>
  void number(Number value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }
  void operator()(const char*, const std::uint64_t& value) { number(value); }
  void operator()(const char* field, const std::string& text) {
    if (text.find('\0') != std::string::npos) throw fail("plan: {}: holds a NUL character", field);
    count(text.size());
    out_.append(text.c_str(), text.size() + 1);
  }
  void operator()(const char*, const std::vector<std::uint64_t>& list) {
    count(list.size());
    out_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof list[0]);
  }
  void operator()(const char* field, const std::vector<std::string>& list) {
    count(list.size());
    for (const std::string& item : list) (*this)(field, item);
  }

 private:
  void count(std::size_t size) {
    if (size > std::numeric_limits<std::uint32_t>::max()) throw fail("plan: too large");
    number(static_cast<std::uint32_t>(size));
  }

  std::string& out_;
};

// Takes values off the front; throws when there is less than they need.
class Decoder {
 public:
  explicit Decoder(std::string_view rest) : rest_(rest) {}

  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  void operator()(const char*, std::uint64_t& value) { value = number<std::uint64_t>(); }
  void operator()(const char* field, std::string& text) {
    const std::string_view bytes = take(std::size_t{number<std::uint32_t>()} + 1);
    if (bytes.find('\0') != bytes.size() - 1) throw fail("plan: {}: text does not end where it should", field);
    text = bytes.substr(0, bytes.size() - 1);
  }
  template <class T>
  void operator()(const char* field, std::vector<T>& list) {
    // One by one: a count that lies runs into the end before it takes memory.
    for (std::uint32_t left = number<std::uint32_t>(); left > 0; --left) {
      T item{};
      (*this)(field, item);
      list.push_back(std::move(item));
    }
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw fail("plan: cut off");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

template <std::size_t Index>
Step decode_alternative(Decoder& decoder) {
  std::variant_alternative_t<Index, Step> step;
  decltype(step)::fields(step, decoder);
  return step;
}

template <std::size_t... Indices>
Step decode_step(Decoder& decoder, std::index_sequence<Indices...>) {
  using Decode = Step (*)(Decoder&);
  constexpr Decode kDecode[] = {decode_alternative<Indices>...};
  const std::uint16_t number = decoder.number<std::uint16_t>();
  if (number == 0 || number > sizeof...(Indices)) throw fail("plan: unknown step {}", number);
  return kDecode[number - 1](decoder);
}

wire::Header decode_header(Decoder& decoder, std::size_t size) {
  wire::Header header = decoder.number<wire::Header>();
  if (header.magic != wire::kPlanMagic) throw fail("plan: not a plan");
  if (header.version != wire::kPlanVersion) throw fail("plan: version {}, not {}", header.version, wire::kPlanVersion);
  if (header.size != size) throw fail("plan: {} bytes, not {}", size, header.size);
  return header;
}

}  // namespace

std::string encode(const std::vector<Step>& steps, const Descriptors& descriptors) {
  constexpr std::size_t kUsual = 8192;  // bytes
  std::string out;
  out.reserve(kUsual);
  out.resize(sizeof(wire::Header));
  Encoder encoder(out);
  for (const Step& step : steps) {
    encoder.number(static_cast<std::uint16_t>(step.index() + 1));
    std::visit([&](const auto& alternative) { alternative.fields(alternative, encoder); }, step);
  }
  if (out.size() > std::numeric_limits<std::uint32_t>::max()) throw fail("plan: too large");
  wire::Header header;
  header.size = static_cast<std::uint32_t>(out.size());
  header.steps = static_cast<std::uint32_t>(steps.size());
  header.sync = descriptors.sync;
  header.start = descriptors.start;
  header.result = descriptors.result;
  header.times = descriptors.times;
  header.cgroup = descriptors.cgroup;
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

std::vector<Step> decode(std::string_view bytes, Descriptors* descriptors) {
  Decoder decoder(bytes);
  const wire::Header header = decode_header(decoder, bytes.size());
  std::vector<Step> steps;
  for (std::uint32_t i = 0; i < header.steps; ++i)
    steps.push_back(decode_step(decoder, std::make_index_sequence<std::variant_size_v<Step>>()));
  if (!decoder.done()) throw fail("plan: bytes after the last step");
  if (descriptors) *descriptors = {header.sync, header.start, header.result, header.times, header.cgroup};
  return steps;
}

}  // namespace crumb::plan
