// Empty: wasi-libc has none, and what would use it is replaced by lua_config.h.
