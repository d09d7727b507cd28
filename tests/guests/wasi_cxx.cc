// The C++ library on WASI: streams, files, containers, clocks, start and end of static objects.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Announcer {
  Announcer() { std::puts("a static object begins"); }
  ~Announcer() { std::puts("a static object ends"); }
} announcer;

void write_and_read_a_file() {
  std::ofstream("words") << "one two\nthree two\n";
  std::ifstream file("words");
  std::map<std::string, int> count;
  for (std::string word; file >> word;) ++count[word];
  for (const auto& [word, times] : count) std::cout << word << ' ' << times << '\n';
  std::fstream both("words", std::ios::in | std::ios::out | std::ios::ate);
  std::cout << both.tellg() << " bytes\n";
  both.seekp(0) << "ONE";
  both.seekg(0);
  std::string line;
  std::getline(both, line);
  std::cout << line << '\n' << (std::ifstream("missing") ? "there\n" : "not there\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::cout << argc << ' ' << argv[argc - 1] << '\n';
  write_and_read_a_file();
  const auto before = std::chrono::steady_clock::now();
  std::cout << (std::chrono::steady_clock::now() >= before ? "time passes\n" : "time runs back\n");
  std::vector<int> numbers(1000);
  std::mt19937 random{std::random_device{}()};
  std::generate(numbers.begin(), numbers.end(), [&] { return static_cast<int>(random() % 1000); });
  std::sort(numbers.begin(), numbers.end());
  std::cout << (std::is_sorted(numbers.begin(), numbers.end()) ? "sorted\n" : "not sorted\n");
  std::ostringstream text;
  text << std::make_unique<std::string>("heap")->append("ed") << ' ' << 0.1 + 0.2;
  std::cout << text.str() << std::endl;
  std::cerr << "to stderr\n";
  return 4;
}
