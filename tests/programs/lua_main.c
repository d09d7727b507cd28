// lua SCRIPT [ARGUMENT...]: runs a script with all libraries; `arg` holds the arguments.
#include <stdio.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

void lua_ended(lua_State* state) {
  const char* message = lua_tostring(state, -1);
  fprintf(stderr, "lua: %s\n", message ? message : "unknown error");
  exit(1);
}

// Declared by wasi-libc, and not there.
FILE* tmpfile(void) { return NULL; }

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  lua_State* state = luaL_newstate();
  luaL_openlibs(state);
  lua_newtable(state);
  for (int i = 1; i < argc; ++i) {
    lua_pushstring(state, argv[i]);
    lua_rawseti(state, -2, i - 1);
  }
  lua_setglobal(state, "arg");
  if (luaL_loadfile(state, argv[1]) != LUA_OK) lua_ended(state);
  if (lua_pcall(state, 0, 0, 0) != LUA_OK) lua_ended(state);
  lua_close(state);
  return 0;
}
