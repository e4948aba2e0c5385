"""What a worker binds itself to before it runs anything of the user's: its parent's life, memory, files, processes
and processor time. A limit that a system lacks is left out; the parent's deadline stands above all of them.
"""

import os
import sys
import time


def die_with_parent(parent):
    """Has the kernel end this process when the thread that started it is gone."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    except (ImportError, OSError, AttributeError):
        return  # the end of standard input still ends an idle worker
    if parent and os.getppid() != parent:
        os._exit(0)


def limit_resources(request):
    try:
        import resource
    except ImportError:
        return
    for name, value in (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_AS", request["memory"]),
        ("RLIMIT_NOFILE", request["files"]),
        ("RLIMIT_FSIZE", request["file_size"]),
        ("RLIMIT_NPROC", process_limit(request)),
    ):
        number = getattr(resource, name, None)
        if number is None or value is None:
            continue
        hard = resource.getrlimit(number)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        try:
            resource.setrlimit(number, (value, value))
        except (ValueError, OSError):
            pass  # macOS refuses RLIMIT_AS


def process_limit(request):
    """The kernel counts a user's processes by namespace. In a sandbox those are the worker's own; outside they are
    all of the user's, so those that are there already come on top, and room for more of them."""
    if request["alone"]:
        return request["processes"]
    user = os.getuid()
    if user == 0:
        return None  # the kernel lets root have as many as it likes
    count = 0
    for entry in os.scandir("/proc") if os.path.isdir("/proc") else ():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == user:
                count += len(os.listdir(entry.path + "/task"))
        except OSError:
            pass
    return count + 4 * request["processes"] if count else None


def limit_processor_time(seconds):
    """A second line behind the parent's deadline: also binds what the function forks."""
    try:
        import resource

        limit = int(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    except (ImportError, ValueError, OSError):
        pass
