// WAMR's extension of WASI for sockets: how a call is imported, and what an address is.
#pragma once

#include <stdint.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int name

struct address {
  uint32_t kind;  // 0: IPv4, 1: IPv6
  union {
    struct {
      uint8_t bytes[4];
      uint16_t port;
    } four;
    struct {
      uint16_t words[8];
      uint16_t port;
    } six;
  };
};
