// A program whose ELF interpreter is /proc/self/exe: whoever executes it becomes that interpreter's image.
int main(void) { return 0; }
