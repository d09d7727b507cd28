// Lua on WASI, whose C library has no setjmp here: an error ends the program, and pcall and coroutines are not there to be
// used.
#pragma once

struct lua_State;
void lua_ended(struct lua_State* state);
#define LUAI_THROW(L, c) lua_ended(L)
#define LUAI_TRY(L, c, a) {a}
#define luai_jmpbuf int

#define l_system(command) ((void)(command), -1)

#define lua_tmpnam(buffer, error) (error = 1)
#define LUA_TMPNAMBUFSIZE 32
