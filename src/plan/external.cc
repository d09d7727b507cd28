#include "plan/external.h"

namespace crumb::plan {
namespace {

constexpr char kNull[] = "/dev/null";

bool is_bound(const Mount& mount) { return (mount.flags & (wire::kBind | wire::kRemount)) == wire::kBind; }

}  // namespace

std::vector<ExternalMount> external_mounts(const std::vector<Step>& steps) {
  std::vector<ExternalMount> mounts;
  for (const Step& step : steps) {
    if (const auto* mount = std::get_if<Mount>(&step); mount && is_bound(*mount))
      mounts.push_back({mount->target, mount->source});
    else if (const auto* device = std::get_if<Device>(&step))
      mounts.push_back({device->path, device->path});
    else if (const auto* mask = std::get_if<Mask>(&step))
      mounts.push_back({mask->path, kNull, true});
  }
  return mounts;
}

}  // namespace crumb::plan
