// Intel's Resource Director Technology through the resctrl filesystem (Documentation/filesystems/resctrl.rst). The kernel makes
// the files of a directory there, and removes them with it.
#pragma once

#include <string>
#include <string_view>

#include "plan/plan.h"
#include "support/error.h"

namespace crumb::linux {

// Where it is mounted; "": nowhere.
std::string find_resctrl();

// Whether a file `schemata` gives every domain of `line` ("L3:0=7f0;1=1f") the value that it has there. Pure; for tests.
bool has_schema(std::string_view schemata, std::string_view line);

// The directories of one container while it is made: what this has made is removed again unless keep() was called.
class NewRdtGroup {
 public:
  // `document` opens messages. Null: the container has none, and nothing here does anything.
  NewRdtGroup(const plan::RdtGroup* group, std::string document);
  ~NewRdtGroup();
  NewRdtGroup(const NewRdtGroup&) = delete;
  NewRdtGroup& operator=(const NewRdtGroup&) = delete;

  // Throws Error: `config.json: linux.intelRdt: ...`, with the filesystem's own reason where it has one.
  void make();
  void keep() { group_ = nullptr; }

 private:
  void make_class();
  void make_monitor();
  void write_schemata() const;
  Error refused(long result, const std::string& what) const;

  const plan::RdtGroup* group_;
  std::string document_;
  bool made_class_ = false, made_monitor_ = false;
};

// Whether the class of service is there already.
bool has_class(const plan::RdtGroup& group);

// `pid` becomes one of the class's tasks, and of the monitoring group's.
void join_rdt(const plan::RdtGroup& group, int pid);

// Other lines in the `schemata` of a class that is in use; without keep() the old ones come back. `document` opens messages;
// lines that are empty change nothing.
class RdtUpdate {
 public:
  RdtUpdate(const plan::RdtGroup& group, const std::vector<std::string>& lines, const std::string& document);
  ~RdtUpdate();
  RdtUpdate(const RdtUpdate&) = delete;
  RdtUpdate& operator=(const RdtUpdate&) = delete;
  void keep() { old_.clear(); }

 private:
  void restore() const;

  std::string path_, old_;
};

// With the container: its own class with all in it (`made`: crumb has made it), else its monitoring group.
void remove_rdt(const plan::RdtGroup& group, bool made);

}  // namespace crumb::linux
