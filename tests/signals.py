"""The signals that programs under test find, however the tests were started."""

import ctypes
import platform
import signal

RT_SIGACTION = {"x86_64": 13, "aarch64": 134}  # the call's number
SIGACTION = 32  # bytes of the kernel's struct sigaction; it begins with the handler
SIGNALS = 64
IGNORED = 1
PYTHONS_OWN = (signal.SIGPIPE, signal.SIGXFSZ)  # which subprocess sets back for its children


def none_ignored():
    """Sets every ignored signal back: nohup, a shell's "&" and others that start programs have them ignore some.

    Past the C library, which keeps two signals to itself and lets nobody see them; they may be ignored too.
    """
    number = RT_SIGACTION[platform.machine()]
    call = ctypes.CDLL(None).syscall
    for each in range(1, SIGNALS + 1):
        found = ctypes.create_string_buffer(SIGACTION)
        if call(number, each, None, found, 8) < 0 or int.from_bytes(found.raw[:8], "little") != IGNORED or each in PYTHONS_OWN:
            continue
        call(number, each, ctypes.create_string_buffer(SIGACTION), None, 8)
