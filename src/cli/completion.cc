#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/globals.h"
#include "cli/output.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

// One command as a shell needs it; the first of all has no name and stands for the words before a command.
struct Subject {
  std::string name;
  std::string summary;
  const char* operand;  // "id", "file", "shell" or ""
  std::vector<Options::Entry> options;
};

const char* operand_of(std::string_view operands) {
  constexpr std::pair<std::string_view, const char*> kKinds[] = {
      {"ID", "id"}, {"FILE", "file"}, {"MODULE", "file"}, {"SHELL", "shell"}};
  for (const auto& [word, kind] : kKinds)
    if (operands.find(word) != std::string_view::npos) return kind;
  return "";
}

std::vector<Subject> subjects() {
  std::vector<Subject> all = {{"", "", "", Globals().options().entries()}};
  for (const Command& command : commands()) {
    Options options;
    const Action unused = command.define(options);  // the options point into it
    all.push_back({std::string(command.name), std::string(command.summary), operand_of(command.operands), options.entries()});
  }
  return all;
}

// `text` with a backslash or another text before each of `special`.
std::string escaped(std::string_view text, std::string_view special, std::string_view before = "\\") {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += before;
    result += c;
  }
  return result;
}

std::string spellings(const Options::Entry& entry) {
  return entry.word.letter ? fmt::format("--{} -{}", entry.word.name, entry.word.letter) : fmt::format("--{}", entry.word.name);
}

std::string names(const std::vector<Subject>& all) {
  std::string text;
  for (const Subject& subject : all)
    if (!subject.name.empty()) text += fmt::format(" '{}'", subject.name);
  return text;
}

// Words before the command that name none are values of global options: they are passed over.
constexpr std::string_view kBash = R"script(# bash completion for crumb, printed by `crumb completion bash`
_crumb() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    local command= root= options= values= operand= word longer name at
    local names=({names})
    for ((at = 1; at < COMP_CWORD; ++at)); do
        word=${{COMP_WORDS[at]}}
        [[ $word == --root ]] && root=${{COMP_WORDS[at+1]}}
        longer="${{command:+$command }}$word"
        for name in "${{names[@]}}"; do
            [[ $name == "$longer" || $name == "$longer "* ]] && command=$longer
        done
        [[ $command && $command != "$longer" ]] && break
    done
    case $command in
{cases}    esac
    COMPREPLY=()
    if [[ " $values " == *" $previous "* ]] || [[ $current != -* && $operand == file ]]; then
        compopt -o filenames 2> /dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ $operand == id ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(crumb ${{root:+--root "$root"}} list --quiet 2> /dev/null)" -- "$current")
    elif [[ $operand == shell ]]; then
        mapfile -t COMPREPLY < <(compgen -W "bash zsh fish" -- "$current")
    else
        for name in "${{names[@]}}"; do
            [[ $name == "${{command:+$command }}$current"* ]] || continue
            name=${{name#"${{command:+$command }}"}}
            COMPREPLY+=("${{name%% *}}")
        done
    fi
}}
complete -F _crumb crumb
)script";

std::string bash(const std::vector<Subject>& all) {
  std::string cases;
  for (const Subject& subject : all) {
    std::string options, values;
    for (const Options::Entry& entry : subject.options) {
      options += " " + spellings(entry);
      if (entry.word.value) values += " " + spellings(entry);
    }
    cases += fmt::format("    '{}') options='{}' values='{}' operand={} ;;\n", subject.name, options, values, subject.operand);
  }
  return fmt::format(fmt::runtime(kBash), fmt::arg("names", names(all)), fmt::arg("cases", cases));
}

constexpr std::string_view kZsh = R"script(#compdef crumb
# zsh completion for crumb, printed by `crumb completion zsh`
_crumb() {{
    local command= root= operand= previous=${{words[CURRENT-1]}} word longer name at
    local -a names=({names})
    local -a options values next
    for ((at = 2; at < CURRENT; ++at)); do
        word=${{words[at]}}
        [[ $word == --root ]] && root=${{words[at+1]}}
        longer="${{command:+$command }}$word"
        for name in $names; do
            [[ $name == $longer || $name == "$longer "* ]] && command=$longer
        done
        [[ -n $command && $command != $longer ]] && break
    done
    case $command in
{cases}    (*) next=() ;;
    esac
    if (( ${{values[(Ie)$previous]}} )); then
        _files
    elif [[ ${{words[CURRENT]}} == -* ]]; then
        _describe -o option options
    elif [[ $operand == id ]]; then
        compadd -- ${{(f)"$(crumb ${{root:+--root $root}} list --quiet 2> /dev/null)"}}
    elif [[ $operand == file ]]; then
        _files
    elif [[ $operand == shell ]]; then
        compadd -- bash zsh fish
    else
        _describe command next
    fi
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _crumb "$@"; else compdef _crumb crumb; fi
)script";

// "'--bundle:the directory'": what _describe takes.
std::string zsh_choice(std::string_view word, std::string_view help) {
  return fmt::format(" '{}:{}'", word, escaped(escaped(help, ":"), "'", "'\\'"));
}

// The words that can follow `subject`'s: all commands' first words, or the rest of those that begin with its name.
std::string zsh_next(const std::vector<Subject>& all, const std::string& before) {
  std::string text;
  std::string last;
  for (const Subject& subject : all) {
    if (subject.name.size() <= before.size() || !subject.name.starts_with(before)) continue;
    const std::string rest = subject.name.substr(before.size());
    const std::string word = rest.substr(0, rest.find(' '));
    if (word != last) text += zsh_choice(word, word == rest ? subject.summary : "several commands");
    last = word;
  }
  return text;
}

std::string zsh(const std::vector<Subject>& all) {
  std::string cases;
  for (const Subject& subject : all) {
    std::string options, values;
    for (const Options::Entry& entry : subject.options) {
      options += zsh_choice(fmt::format("--{}", entry.word.name), entry.help());
      if (entry.word.value) values += " " + spellings(entry);
    }
    const std::string next = subject.name.empty() ? zsh_next(all, "") : "";
    cases += fmt::format("    ('{}') options=({}) values=({}) operand={} next=({}) ;;\n", subject.name, options, values,
                         subject.operand, next);
  }
  for (const char* const begun : {"wasm", "wasm cache"})
    cases += fmt::format("    ('{}') next=({}) ;;\n", begun, zsh_next(all, begun + std::string(" ")));
  return fmt::format(fmt::runtime(kZsh), fmt::arg("names", names(all)), fmt::arg("cases", cases));
}

constexpr std::string_view kFish = R"script(# fish completion for crumb, printed by `crumb completion fish`
function __crumb_at --description 'Whether the words so far are those of this command'
    set -l names{names}
    set -l command ''
    for word in (commandline -opc)[2..-1]
        set -l longer (string trim -- "$command $word")
        if contains -- $longer $names; or string match -q -- "$longer *" $names
            set command $longer
        else if test -n "$command"
            break
        end
    end
    test "$command" = "$argv[1]"
end
complete -c crumb -f
)script";

std::string fish_quoted(std::string_view text) { return fmt::format("'{}'", escaped(text, "\\'")); }

std::string fish_option(const std::string& name, const Options::Entry& entry) {
  return fmt::format("complete -c crumb -n \"__crumb_at '{}'\" -l {}{}{} -d {}\n", name, entry.word.name,
                     entry.word.letter ? fmt::format(" -s {}", entry.word.letter) : "", entry.word.value ? " -r -F" : "",
                     fish_quoted(entry.help()));
}

// Each of its words after those before it: "wasm cache list" is "wasm" at "", "cache" at "wasm" and "list" at "wasm cache".
std::string fish_words(const Subject& subject) {
  std::string text;
  for (std::size_t start = 0; start < subject.name.size();) {
    const std::size_t end = std::min(subject.name.find(' ', start), subject.name.size());
    const std::string_view word = std::string_view(subject.name).substr(start, end - start);
    text += fmt::format("complete -c crumb -n \"__crumb_at '{}'\" -a {} -d {}\n", subject.name.substr(0, start ? start - 1 : 0),
                        word, fish_quoted(end == subject.name.size() ? subject.summary : "several commands"));
    start = end + 1;
  }
  return text;
}

std::string fish(const std::vector<Subject>& all) {
  std::string text = fmt::format(fmt::runtime(kFish), fmt::arg("names", names(all)));
  for (const Subject& subject : all) {
    text += fish_words(subject);
    for (const Options::Entry& entry : subject.options) text += fish_option(subject.name, entry);
    const std::string_view operand = subject.operand;
    const char* const choices = operand == "id"      ? " -a '(crumb list --quiet 2> /dev/null)'"
                                : operand == "file"  ? " -F"
                                : operand == "shell" ? " -a 'bash zsh fish'"
                                                     : nullptr;
    if (choices) text += fmt::format("complete -c crumb -n \"__crumb_at '{}'\"{}\n", subject.name, choices);
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash(subjects());
  if (shell == "zsh") return zsh(subjects());
  if (shell == "fish") return fish(subjects());
  throw fail("completion: {} is none of bash, zsh and fish", quote(std::string(shell)));
}

Action define_completion(Options& options) {
  const auto shell = std::make_shared<std::string>();
  options.operand("SHELL", *shell, true);
  return [shell](const container::Runtime&) {
    print(completion_script(*shell));
    return 0;
  };
}

}  // namespace crumb::cli
