// Detection by content and the engine's options.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "plan/plan.h"
#include "support/error.h"
#include "support/fd.h"
#include "wasm/guest.h"
#include "wasm/module.h"

namespace crumb::wasm {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;

Fd file_holding(std::string_view bytes) {
  Fd file(::memfd_create("module", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

Program program_in(const Fd& file) { return {file.get(), 9, "/app.wasm", 6}; }

std::string refusal_of(int file, const std::string& name = "/app.wasm", const plan::WasmPolicy& policy = {}) {
  try {
    prepare_guest({file, 9, name, 6}, policy, {"/proc/self/exe", ""});
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 126);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(WasmModule, IsAVersionOneHeader) { EXPECT_EQ(classify("\0asm\1\0\0\0"sv), Kind::module); }

TEST(WasmModule, MayHaveMoreBehindItsHeader) { EXPECT_EQ(classify("\0asm\1\0\0\0\1\4"sv), Kind::module); }

TEST(WasmModule, IsAComponentByItsLayerWhateverItsVersion) {
  EXPECT_EQ(classify("\0asm\x0d\0\1\0"sv), Kind::component);
  EXPECT_EQ(classify("\0asm\x0a\0\1\0"sv), Kind::component);
}

TEST(WasmModule, OfAnotherVersionIsNotOurs) {
  EXPECT_EQ(classify("\0asm\2\0\0\0"sv), Kind::unknown_version);
  EXPECT_EQ(classify("\0asm\1\0\2\0"sv), Kind::unknown_version);
  EXPECT_EQ(classify("\0asm\0\0\0\0"sv), Kind::unknown_version);
}

TEST(WasmModule, CutOffAnywhereInItsHeaderIsToldFromAForeignFile) {
  const std::string_view header = "\0asm\1\0\0\0"sv;
  for (std::size_t size = 4; size < header.size(); ++size) EXPECT_EQ(classify(header.substr(0, size)), Kind::cut_off) << size;
  for (std::size_t size = 0; size < 4; ++size) EXPECT_EQ(classify(header.substr(0, size)), Kind::not_wasm) << size;
  EXPECT_EQ(classify("\x7f"
                     "ELF\2\1\1\0"sv),
            Kind::not_wasm);
}

TEST(WasmGuest, GetsTheEngineAndItsOptions) {
  const Fd file = file_holding("\0asm\1\0\0\0"sv);
  const plan::WasmPolicy policy{.stack = 65536,
                                .memory = 1 << 20,
                                .memory_limit = 1 << 24,
                                .threads = 4,
                                .preopens = {{"/", false}, {"/tmp", true}},
                                .network = plan::WasmPolicy::Network::all,
                                .listen = 2,
                                .preserved = 3};
  const Guest guest = prepare_guest(program_in(file), policy, {"/proc/self/exe", ""});
  EXPECT_TRUE(guest.engine);
  char bytes[256];
  const ssize_t size = ::pread(guest.options.get(), bytes, sizeof bytes, 0);
  EXPECT_EQ(std::string_view(bytes, static_cast<std::size_t>(size)),
            "module=9\0name=/app.wasm\0report=6\0stack=65536\0memory-pages=16\0memory-limit=16777216\0threads=4\0preopen=ro "
            "/\0preopen=rw /tmp\0"
            "network=all\0listen=2\0preserved=3\0"sv);
  EXPECT_LT(::write(guest.options.get(), "x", 1), 0) << "the options are sealed";
}

TEST(WasmGuest, OptionsOfAnEmptyPolicyGiveNothing) {
  EXPECT_EQ(engine_options({3, 5, "a", -1}, {}), "module=5\0name=a\0threads=0\0preopen=none\0network=none\0"sv);
}

TEST(WasmGuest, ThatMustBeCompiledIsRefusedWithoutCode) {
  const Fd file = file_holding("\0asm\1\0\0\0"sv);
  const plan::WasmPolicy policy{.mode = plan::WasmPolicy::Mode::aot};
  EXPECT_EQ(refusal_of(file.get(), "/app.wasm", policy),
            "\"/app.wasm\": the cache has no compiled code for it, and run.crumb.wasm.mode=aot wants nothing else; "
            "`crumb wasm compile` makes some");
}

TEST(WasmGuest, OfAComponentIsToldWhatToBuild) {
  const Fd file = file_holding("\0asm\x0d\0\1\0"sv);
  EXPECT_EQ(refusal_of(file.get()),
            "\"/app.wasm\": a WebAssembly component; crumb runs core modules: build for wasm32-wasip1 (preview 1)");
}

TEST(WasmGuest, OfATruncatedModuleIsToldItsLength) {
  const Fd file = file_holding("\0asm\1"sv);
  EXPECT_EQ(refusal_of(file.get()), "\"/app.wasm\": a WebAssembly module that is cut off: 5 bytes, and its header has 8");
}

TEST(WasmGuest, OfAnotherVersionIsToldBoth) {
  const Fd file = file_holding("\0asm\2\0\0\0"sv);
  EXPECT_EQ(refusal_of(file.get()), "\"/app.wasm\": WebAssembly binary version 0x2; crumb runs core modules of version 1");
}

TEST(WasmGuest, IsNeverReadFromAnythingButARegularFile) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reading(ends[0]), writing(ends[1]);
  EXPECT_THAT(refusal_of(reading.get()), HasSubstr("not a regular file"));
}

TEST(WasmGuest, IsReadFromItsBeginningWhereverItsOffsetStands) {
  const Fd file = file_holding("\0asm\1\0\0\0 more"sv);
  EXPECT_NO_THROW(prepare_guest(program_in(file), {}, {"/proc/self/exe", ""}));
}

}  // namespace
}  // namespace crumb::wasm
