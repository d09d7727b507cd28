// `crumb-wasm --imports`: what this engine has, for `crumb wasm inspect`, which looks at modules but knows no engine.
#pragma once

namespace crumb::engine {

// Reads pairs of NUL-terminated names, of a module and of a function, from stdin to its end. Writes one line with the features
// that the engine has, and one for each pair: "+SIGNATURE" as WAMR writes it for what it provides, else "-" and a hint or
// nothing. False when stdin or stdout fail.
bool answer_about_imports();

}  // namespace crumb::engine
