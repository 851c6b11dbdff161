"""A disk whose syncs fail: from now on every fsync of this process is answered with EIO, by a seccomp filter.

There is no way back for the process, so it is for children only. Linux on x86-64 and ARM64.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}  # fsync, fdatasync
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD_NUMBER, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def can_fail() -> bool:
    """Whether this machine's system calls are known here."""
    return platform.system() == "Linux" and platform.machine() in _SYNCS


def fail_syncs() -> None:
    """From now on no sync of this process succeeds. OSError where the system does not let us."""
    first, second = _SYNCS[platform.machine()]
    steps = (
        (_LOAD_NUMBER, 0, 0, 0),
        (_IF_EQUAL, 1, 0, first),
        (_IF_EQUAL, 0, 1, second),
        (_RETURN, 0, 0, _ERRNO | errno.EIO),
        (_RETURN, 0, 0, _ALLOW),
    )
    words = b"".join(struct.pack("=HBBI", *step) for step in steps)
    system = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(steps), words)
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or system.prctl(
        _SECCOMP, _FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "no filter for system calls")
