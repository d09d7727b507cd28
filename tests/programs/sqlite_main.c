// sqlite DATABASE STATEMENT...: executes each and prints the rows, their columns separated by "|".
#include <stdio.h>
#include <stdlib.h>

#include "sqlite3.h"

static int print_row(void* unused, int columns, char** values, char** names) {
  (void)unused, (void)names;
  for (int i = 0; i < columns; ++i) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  puts("");
  return 0;
}

int main(int argc, char** argv) {
  sqlite3* database;
  char* message = NULL;
  if (argc < 2 || sqlite3_open(argv[1], &database) != SQLITE_OK) return 2;
  for (int i = 2; i < argc; ++i) {
    if (sqlite3_exec(database, argv[i], print_row, NULL, &message) == SQLITE_OK) continue;
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  return sqlite3_close(database) == SQLITE_OK ? 0 : 3;
}
