// A C++ program with the whole of libc++'s streams, 1.3 MB of WebAssembly: what an idle container of a large module takes. It
// counts some words, says how many, and sleeps.
#include <unistd.h>

#include <iostream>
#include <map>
#include <sstream>
#include <string>

int main(int argc, char** argv) {
  std::istringstream words("it counts some words and says how many words it has seen");
  std::map<std::string, int> seen;
  for (std::string word; words >> word;) ++seen[word];
  std::cout << "ready " << seen.size() << std::endl;
  if (argc > 1) ::sleep(static_cast<unsigned>(std::stoul(argv[1])));
}
