// What the engine has for a module's imports: crumb-wasm is asked (`crumb-wasm --imports`), so that there is no second list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wasm/features.h"
#include "wasm/inspect.h"

namespace crumb::wasm {

struct Answer {
  bool provided = false;
  std::string reason;  // why it is not, if that is known: of its making, or that its signature is another one
};

// Of an engine that is there.
struct Provision {
  Features features;            // that it has
  std::vector<Answer> answers;  // one for each of the first imports, at most kMostAsked
};
inline constexpr std::size_t kMostAsked = 4096;

// Throws when the engine cannot be executed or does not answer as it should.
Provision ask_engine(const std::string& engine_path, const std::vector<Import>& imports);

// Why a module could not be run, as far as its file tells; empty: nothing speaks against it. provision: null: the engine is not
// there.
std::string obstacle(const Facts& facts, const Provision* provision);

// Whether a function of this type is what WAMR's signature "(iI*~$)i" says.
bool fits(const Signature& type, std::string_view wanted);

}  // namespace crumb::wasm
