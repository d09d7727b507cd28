// The config.json that `crumb spec` writes.
#pragma once

namespace crumb::cli {

extern const char kSpecText[];

}  // namespace crumb::cli
