"""Runs programs of completions, each in a process of its own, and never sees a test.

Started anew as an interpreter of its own by code_tests.py, whose requests come on descriptor 3 with the descriptors
that a program gets. What a program can reach here, its own memory and that of this process, holds no expected value.
"""

import ctypes
import os
import resource
import select
import signal
import socket
import sys
import time


def main():
    control = socket.socket(fileno=3)
    die_with_parent()
    # The limit of the worker's call is not one of all programs together.
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    empty = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(empty, descriptor)
    while True:
        try:
            request, descriptors = receive_request(control)
        except EOFError:
            return
        if request["op"] == "run":
            child = os.fork()
            if child == 0:
                control.close()
                try:
                    work(request, descriptors, empty)
                finally:
                    os._exit(1)
            for descriptor in descriptors:
                os.close(descriptor)
            try:
                os.setpgid(child, child)
            except OSError:
                pass
            send_frame(control, child)
        elif request["op"] == "wait":
            send_frame(control, wait(request["child"], request["seconds"]))
        else:
            end(request["child"])
            send_frame(control, None)


def receive_request(control):
    """A frame, and the descriptors that came with it."""
    select.select([control], [], [])
    space = socket.CMSG_SPACE(2 * 4)
    head, extra, _, _ = control.recvmsg(1, space)
    if not head:
        raise EOFError("the one who judges has gone")
    descriptors = []
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            for start in range(0, len(data) - 3, 4):
                descriptors.append(int.from_bytes(data[start : start + 4], sys.byteorder))
    return receive_frame(control), descriptors


def wait(child, seconds):
    """The exit status of the program; None if it runs on."""
    end_time = time.monotonic() + seconds
    while True:
        try:
            ended, status = os.waitpid(child, os.WNOHANG)
        except OSError:
            return -1
        if ended:
            return status
        if time.monotonic() >= end_time:
            return None
        time.sleep(0.001)


def end(child):
    """Ends the program and what it has started."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except OSError:
            pass
    try:
        os.waitpid(child, 0)
    except OSError:
        pass


def die_with_parent():
    try:
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    except (OSError, AttributeError):
        pass


def spare_memory_for_those_who_judge():
    """Memory that a program asks for in vain costs it the test. If it got all, the worker's processes together would
    be above their limit, and the call would fail."""
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most // 8 * 7, most // 8 * 7))
    except (ValueError, OSError):
        pass  # macOS refuses RLIMIT_AS


def work(request, descriptors, empty):
    """The child: runs the program."""
    try:
        os.setpgid(0, 0)
    except OSError:
        pass
    die_with_parent()
    limit = int(time.process_time() + request["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    spare_memory_for_those_who_judge()
    sock = None
    if request["prints"]:
        os.dup2(descriptors[0], 0)
        os.dup2(descriptors[1], 1)
        os.closerange(3, 4096)
    else:
        os.dup2(descriptors[0], 3)
        os.closerange(4, 4096)
        sock = socket.socket(fileno=3)
    sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.argv = ["program"]
    space = {"__name__": "__main__" if sock is None else "completion", "__builtins__": __builtins__}
    # Taken now: the program may replace them.
    leave, flush = os._exit, sys.stdout.flush
    try:
        exec(compile(request["program"], "<completion>", "exec"), space)
    except SystemExit as error:
        if sock is None and error.code in (None, 0):
            flush()
            leave(0)
        complaint = "SystemExit: %s" % error.code
    except BaseException as error:
        try:
            complaint = "%s: %s" % (type(error).__name__, error)
        except BaseException:
            complaint = "an exception that cannot be shown"
    else:
        if sock is None:
            flush()
            leave(0)
        send_frame(sock, ["ready"])
        Servant(sock, space).serve()
        leave(0)
    if sock is not None:
        send_frame(sock, ["stopped", complaint[:2000]])
    leave(1)


class Servant:
    """Does with the program's objects what the one who judges asks for."""

    def __init__(self, sock, space):
        self.sock = sock
        self.space = space
        self.objects = []

    def keep(self, value):
        self.objects.append(value)
        return ["h", len(self.objects) - 1, callable(value), isinstance(value, type)]

    def find(self, tag, rest):
        if tag == "o":
            return self.objects[rest[0]]
        if tag == "k":
            return lambda *args, **kwargs: self.call_back(rest[0], args, kwargs)
        raise ValueError("an unknown value")

    def call_back(self, number, args, kwargs):
        """Calls a function of the test's."""
        send_frame(self.sock, ["callback", number, encode([args, kwargs], self.keep)])
        while True:
            request = receive_frame(self.sock)
            if request[0] == "back":
                return decode(request[1], self.find)
            if request[0] == "raised":
                raise RuntimeError(request[1])
            self.answer(request)

    def serve(self):
        while True:
            try:
                request = receive_frame(self.sock)
            except EOFError:
                return
            self.answer(request)

    def answer(self, request):
        try:
            result = self.do(request)
            reply = ["value", encode(result, self.keep), None]
            if request[0] == "call":
                # What was handed over by value may have been changed in place.
                reply[2] = encode(self.args, self.keep)
        except BaseException as error:
            reply = ["raised", *described(error)]
        try:
            send_frame(self.sock, reply)
        except (ValueError, RecursionError) as error:
            send_frame(self.sock, ["raised", ["RuntimeError"], "RuntimeError", str(error), []])

    def do(self, request):
        op = request[0]
        if op == "name":
            if request[1] not in self.space:
                raise KeyError(request[1])
            return self.space[request[1]]
        target = self.objects[request[1]]
        args = decode(request[3], self.find)
        kwargs = decode(request[4], self.find)
        if op == "call":
            result = target(*args, **kwargs)
            self.args = args
            return result
        return OPERATIONS[request[2]](target, *args)


def described(error):
    """(names of built-in classes it derives from, its class, text, arguments) of an exception."""
    names = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
    try:
        text = str(error)[:2000]
    except BaseException:
        text = "an exception that cannot be shown"
    plain = [arg for arg in error.args if arg is None or type(arg) in (bool, int, float, str)]
    plain = plain if len(plain) == len(error.args) and len(repr(plain)) < 2000 else [text]
    return names, type(error).__name__, text, encode(plain, lambda value: None)


def kind_of(value):
    if type(value) is type(sys):
        return "module"
    if isinstance(value, type) and issubclass(value, Exception):
        base = next(c.__name__ for c in value.__mro__ if c.__module__ == "builtins")
        return ["exception", base, value.__name__]
    return "object"


def operations():
    import operator

    table = {
        "__getattr__": getattr, "__setattr__": setattr, "__delattr__": delattr,
        "__getitem__": operator.getitem, "__setitem__": operator.setitem,
        "__delitem__": operator.delitem, "__contains__": operator.contains,
        "__len__": len, "__iter__": iter, "__next__": next, "__reversed__": reversed,
        "__bool__": bool, "__str__": str, "__repr__": repr, "__int__": int, "__float__": float,
        "__complex__": complex, "__index__": operator.index, "__round__": round, "__abs__": abs,
        "__neg__": operator.neg, "__pos__": operator.pos, "__invert__": operator.invert,
        "__format__": format, "__bytes__": bytes, "__hash__": hash, "__dir__": dir,
        "__eq__": operator.eq, "__ne__": operator.ne, "__lt__": operator.lt,
        "__le__": operator.le, "__gt__": operator.gt, "__ge__": operator.ge,
        "__instancecheck__": lambda target, value: isinstance(value, target),
        "__enter__": lambda target: target.__enter__(),
        "__exit__": lambda target, *rest: target.__exit__(None, None, None),
        "kind": kind_of, "__divmod__": divmod, "__rdivmod__": lambda target, value: divmod(value, target),
    }
    for name in BINARY:
        function = getattr(operator, name + "_", None) or getattr(operator, name)
        table["__%s__" % name] = function
        table["__r%s__" % name] = lambda target, value, function=function: function(value, target)
    return table


BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or",
    "xor", "matmul",
)
OPERATIONS = operations()


main()
