// The wire form of a Plan's steps (layout: wire/steps.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace crumb::plan {

// Descriptor numbers as init will have them.
struct Descriptors {
  int sync = -1, start = -1, result = -1, times = -1, cgroup = -1;
};

// The bytes that go into init's memfd.
std::string encode(const std::vector<Step>& steps, const Descriptors& descriptors);

// The reverse, for tests and for `crumb plan --wire`: throws Error on anything that init would refuse.
std::vector<Step> decode(std::string_view bytes, Descriptors* descriptors = nullptr);

}  // namespace crumb::plan
