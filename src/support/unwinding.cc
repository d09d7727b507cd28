// For static programs: exceptions find their tables through the program's header. GCC's start-up files register the tables by
// hand there, and whoever has registered any gets them all sorted at the first exception: millions of instructions, several
// milliseconds of a command that only says that there is no such container (docs/performance.md). The linker puts these in
// their place (cmake/crumb_flags.cmake).
extern "C" {
void __wrap___register_frame_info(const void* /*begin*/, void* /*object*/) {}
void* __wrap___deregister_frame_info(const void* /*begin*/) { return nullptr; }
}
