#include "support/sha256.h"

#include <gtest/gtest.h>

namespace crumb {
namespace {

// FIPS 180-4's own examples.
TEST(Sha256, OfNothing) { EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); }

TEST(Sha256, OfAbc) { EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); }

TEST(Sha256, OfPartsIsThatOfTheWhole) {
  Sha256 hash;
  hash.add("abcdbcdecdefdefgefghfghighijhijk");
  hash.add("");
  hash.add("ijkljklmklmnlmnomnopnopq");
  EXPECT_EQ(hex(hash.finish()), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, BeginsAnewWhenItHasFinished) {
  Sha256 hash;
  hash.add("x");
  hash.finish();
  hash.add("abc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(Sha256, IsReadBackFromItsDigits) {
  const Sha256Digest digest = sha256("abc");
  EXPECT_EQ(unhex(hex(digest)), digest);
  std::string text = hex(digest);
  EXPECT_FALSE(unhex(text.substr(1)));
  EXPECT_FALSE(unhex(text + "0"));
  text.back() = 'g';
  EXPECT_FALSE(unhex(text));
  text.replace(62, 2, " 1");
  EXPECT_FALSE(unhex(text));
}

}  // namespace
}  // namespace crumb
