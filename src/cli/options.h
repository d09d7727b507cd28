// The options and operands of one command: a command says what it takes and where each value goes; parser, help and completion
// read the same table. Only the command that is called is ever built. Values are taken as they are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/argv.h"

namespace crumb::cli {

class Options {
 public:
  // What is done with a value.
  using Take = std::function<void(const Word&, const std::string&)>;

  struct Entry {
    Word word;
    std::string_view metavar;  // "DIR"; empty for a flag
    std::string_view note;     // what it does, or why it is refused
    bool refused;
    Take take;

    std::string help() const;
  };

  Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // `names`: "bundle,b" or "bundle". These texts must live as long as this object, the targets until parse() has returned. An
  // option given twice has its last value, but texts(), which collects them all.
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
  struct Operand {
    const char* name;
    Take take;
    bool required;
  };

  void add(const char* names, const char* metavar, const char* note, Take take, bool refused = false);
  std::size_t place_of(std::string_view name) const;
  void take_options(const std::vector<GivenOption>& given) const;
  void take_operands(const std::vector<std::string>& given) const;

  std::vector<Entry> entries_;
  std::vector<std::pair<std::size_t, std::size_t>> excluded_;  // places of options that are not given together
  std::vector<Operand> operands_;
  bool endless_ = false;  // the last of them may be given again
  std::vector<std::string>* rest_ = nullptr;
  bool help_ = false;
};

}  // namespace crumb::cli
