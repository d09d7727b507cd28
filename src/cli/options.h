// The options and operands of one command: a command says what it takes and where each value goes, CLI11 parses, help reads the
// same table. Only the command that is called is ever built. Values are taken as they are: CLI11's lists ("[a,b]"), its number
// forms and its environment are not used, since the words come from callers that know nothing of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/argv.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace crumb::cli {

class Options {
 public:
  struct Entry {
    Word word;
    std::string metavar;  // "DIR"; empty for a flag
    std::string help;
  };

  Options();
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // `names`: "bundle,b" or "bundle". The targets must live until parse() has returned. An option given twice has its last
  // value, but texts(), which collects them all.
  void flag(const char* names, bool& target, const char* help);
  void text(const char* names, std::string& target, const char* metavar, const char* help);
  void texts(const char* names, std::vector<std::string>& target, const char* metavar, const char* help);
  void number(const char* names, std::uint32_t& target, const char* metavar, const char* help);

  // Options of runc that this version knows but cannot obey: using one is an error that says why. A flag when metavar is empty.
  void refused(const char* names, const char* metavar, const char* reason);

  // Options that change nothing here, with the reason as help.
  void ignored(const char* names, const char* help);

  // `name` and any of `others` (long names) cannot both be given.
  void exclude(const char* name, const std::vector<const char*>& others);

  void operand(const char* name, std::string& target, bool required);
  // All operands, at least one.
  void operands(const char* name, std::vector<std::string>& target);
  // Everything after the first operand, unparsed; options end at that operand.
  void rest(std::vector<std::string>& target);

  // Sets the targets. Throws Error (exit code 1) for anything that does not fit.
  void parse(const std::vector<std::string>& arguments);

  const std::vector<Entry>& entries() const { return entries_; }
  bool help_wanted() const { return help_; }

 private:
  // Adds an option with a value; `take` gets what was given, in order.
  using Take = std::function<void(const std::vector<std::string>&)>;
  CLI::Option* add(const char* names, const char* metavar, const char* help, Take take);

  std::unique_ptr<CLI::App> app_;
  std::vector<Entry> entries_;
  std::size_t operands_ = 0;  // how many may be given
  std::vector<std::string>* rest_ = nullptr;
  bool help_ = false;
};

}  // namespace crumb::cli
