"""Runs a completion's program against unit tests. The score is the share that passes, or all or nothing.

Two processes for each test. The program runs in one that has never seen a test (code_program.py). The test runs in
the other, forked from this one: where it uses a name of the program, it asks the first process, and gets data back
(code_values.py). Comparisons therefore happen where the program has no hand in them: neither a class that is equal to
everything, nor a replaced builtin, nor os._exit reaches the judgement. A test passes if it ran to its end or, with
input and output, if the program printed what is expected. Hone puts code_values.py before this text and appends
PROGRAM (the other text), SECONDS (for a test), ALL_SECONDS (for all of them) and IS_SHARE.
"""

import builtins
import ctypes
import importlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time

OUTPUT_LIMIT = 1 << 20
MESSAGE_LIMIT = 300
PASSED = b"passed"

def grade(sample, item):
    tests = read(item["tests"])
    if not tests:
        raise ValueError("the row has no tests")
    program = sample["output_text"]
    end = time.monotonic() + ALL_SECONDS
    passed = 0
    for number, test in enumerate(tests):
        left = min(SECONDS, end - time.monotonic())
        message = run(program, test, left) if left > 0 else "there was no time left for it"
        if message is None:
            passed += 1
        else:
            print("test %d of %d: %s" % (number + 1, len(tests), message))
            if not IS_SHARE:
                return 0.0
    return passed / len(tests)


def read(tests):
    """The tests of a column: texts of Python, or (input, output)."""
    if isinstance(tests, str):
        try:
            parsed = json.loads(tests)
        except ValueError:
            return [tests] if tests.strip() else []
        return read(parsed) if isinstance(parsed, (list, dict)) else [tests]
    if isinstance(tests, dict):
        if "inputs" in tests:
            return list(zip(tests["inputs"], tests["outputs"]))
        return [(tests["input"], tests["output"])]
    return [test if isinstance(test, str) else (test["input"], test["output"]) for test in tests]


class ProgramHost:
    """The process that starts programs. It is an interpreter of its own, so that its memory holds no test."""

    def __init__(self):
        self.control, other = socket.socketpair()
        code = "import os, sys\nos.dup2(int(sys.argv[1]), 3)\nos.closerange(4, 4096)\n" + PROGRAM
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-X", "utf8", "-c", code, str(other.fileno())],
            pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        other.close()

    def ask(self, request, descriptors=()):
        extra = []
        if descriptors:
            data = b"".join(d.to_bytes(4, sys.byteorder) for d in descriptors)
            extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, data)]
        self.control.sendmsg([b"+"], extra)
        send_frame(self.control, request)
        return receive_frame(self.control)

    def close(self):
        self.control.close()
        self.process.kill()
        self.process.wait()


host = None


def run(program, test, seconds):
    """None if the test passes, else why it does not."""
    global host
    end = time.monotonic() + seconds
    if host is None:
        host = ProgramHost()
    # Should the host not answer, the program has ended it.
    host.control.settimeout(seconds + 5)
    try:
        if isinstance(test, str):
            return run_text(program, test, seconds, end)
        return run_input(program, test, seconds, end)
    except (OSError, EOFError, ValueError):
        host.close()
        host = None
        return "the program ended the process that runs it"


def run_text(program, test, seconds, end):
    """Runs the test in a process of its own beside the program's."""
    ours, theirs = socket.socketpair()
    told, tell = os.pipe()
    child = judge = None
    try:
        request = {"op": "run", "program": program, "prints": False, "seconds": seconds}
        child = host.ask(request, [theirs.fileno()])
        theirs.close()
        judge = os.fork()
        if judge == 0:
            try:
                os.close(told)
                judge_text(test, ours, tell, seconds)
            finally:
                os._exit(1)
        ours.close()
        os.close(tell)
        tell = None
        said = b""
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([told], [], [], left)[0]:
                return "took longer than %g s" % seconds
            part = os.read(told, 1 << 12)
            if not part:
                break
            said += part
        if said == PASSED:
            return None
        return shorten(said.decode("utf-8", "replace")) or "the test ended before it was over"
    finally:
        ours.close()
        theirs.close()
        for pipe in (told, tell):
            if pipe is not None:
                os.close(pipe)
        if judge:
            os.kill(judge, signal.SIGKILL)
            os.waitpid(judge, 0)
        if child:
            host.ask({"op": "end", "child": child})


def judge_text(test, sock, tell, seconds):
    """The child that judges: the program's code never comes here."""
    die_with_parent()
    limit = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    empty = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(empty, descriptor)
    sys.stdout = sys.stderr = open(1, "w", closefd=False)
    # Nothing is imported from where a program may write.
    sys.path[:] = [path for path in sys.path if path and not path.startswith(("/tmp", "."))]
    try:
        first = receive_frame(sock)
        if first[0] != "ready":
            message = str(first[1])
        else:
            exec(compile(test, "<test>", "exec"), ProgramNames(Program(sock)))
            message = PASSED.decode()
    except EOFError:
        message = "the program ended before the test did"
    except BaseException as error:
        try:
            message = "%s: %s" % (type(error).__name__, error)
        except BaseException:
            message = "an exception that cannot be shown"
    os.write(tell, message.encode("utf-8", "replace")[:2000])
    os._exit(0)


def run_input(program, test, seconds, end):
    """Feeds the program and compares what it prints."""
    given, give = os.pipe()
    told, tell = os.pipe()
    child = None
    pipes = [given, give, told, tell]

    def shut(pipe):
        pipes.remove(pipe)
        os.close(pipe)

    try:
        request = {"op": "run", "program": program, "prints": True, "seconds": seconds}
        child = host.ask(request, [given, tell])
        shut(given)
        shut(tell)
        waiting = text(test[0]).encode("utf-8", "replace")
        os.set_blocking(give, False)
        said = b""
        while True:
            if give in pipes and not waiting:
                shut(give)
            left = end - time.monotonic()
            if left <= 0:
                return "took longer than %g s" % seconds
            readable, writable, _ = select.select([told], [give] if waiting else [], [], left)
            if writable:
                try:
                    waiting = waiting[os.write(give, waiting) :]
                except BlockingIOError:
                    pass
                except OSError:
                    waiting = b""  # the program does not read on
            if readable:
                part = os.read(told, 1 << 16)
                said += part
                if not part:
                    break
                if len(said) > OUTPUT_LIMIT:
                    return "printed more than %d bytes" % OUTPUT_LIMIT
        left = max(0, end - time.monotonic())
        ended = host.ask({"op": "wait", "child": child, "seconds": left})
        if ended != 0:
            return "the program ended with status %s" % ended
        expected = lines(text(test[1]))
        found = lines(said.decode("utf-8", "replace"))
        return None if found == expected else "printed %s" % shorten(repr("\n".join(found)))
    finally:
        for pipe in list(pipes):
            shut(pipe)
        if child:
            host.ask({"op": "end", "child": child})


def die_with_parent():
    try:
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    except (OSError, AttributeError):
        pass


def hide_memory():
    """Keeps processes of the same user from looking into this one, and into those forked from it."""
    try:
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    except (OSError, AttributeError):
        pass


class Program:
    """What the program has defined, seen from the process that judges."""

    def __init__(self, sock):
        self.sock = sock
        self.own = []
        self.exceptions = {}

    def ask(self, *request):
        """The answer of the program's process, whose callbacks are served meanwhile."""
        send_frame(self.sock, request)
        while True:
            reply = receive_frame(self.sock)
            if reply[0] == "callback":
                self.serve(reply)
            elif reply[0] == "raised":
                raise self.exception(*reply[1:])
            else:
                return reply

    def serve(self, reply):
        try:
            args, kwargs = decode(reply[2], self.find)
            result = encode(self.own[reply[1]](*args, **kwargs), self.keep)
            send_frame(self.sock, ["back", result])
        except EOFError:
            raise
        except BaseException as error:
            send_frame(self.sock, ["raised", "%s: %s" % (type(error).__name__, error)])

    def name(self, name):
        return decode(self.ask("name", name)[1], self.find)

    def call(self, number, args, kwargs):
        reply = self.ask(
            "call", number, None, encode(list(args), self.keep), encode(kwargs, self.keep)
        )
        result = decode(reply[1], self.find)
        if result is None:
            # By convention a function that changes what it is given returns nothing. What one that
            # returns something does to its arguments is not seen: it could change the expected value.
            for old, new in zip(args, decode(reply[2], self.find)):
                put_back(old, new)
        return result

    def operate(self, number, operation, args):
        reply = self.ask(
            "operate", number, operation, encode(list(args), self.keep), encode({}, self.keep)
        )
        return decode(reply[1], self.find)

    def keep(self, value):
        """What stands for a value of ours that is no data."""
        if isinstance(value, Foreign):
            return ["o", number_of(value)]
        if not callable(value):
            raise TypeError("a %s cannot be handed to the program" % type(value).__name__)
        self.own.append(value)
        return ["k", len(self.own) - 1]

    def find(self, tag, rest):
        if tag == "k":
            return self.own[rest[0]]
        if tag != "h":
            raise ValueError("an unknown value")
        return Foreign(self, rest[0])

    def exception(self, names, name, message, args):
        """An exception of ours for one of the program's."""
        base = next(
            (
                found
                for found in (getattr(builtins, known, None) for known in names)
                if isinstance(found, type) and issubclass(found, Exception)
            ),
            RuntimeError,
        )
        if base.__name__ != name:
            base = self.exception_class(name, base)
        try:
            return base(*decode(args, self.find))
        except Exception:
            return RuntimeError("%s: %s" % (name, message))

    def exception_class(self, name, base=Exception):
        if name not in self.exceptions:
            self.exceptions[name] = type(str(name), (base,), {})
        return self.exceptions[name]


def put_back(old, new):
    """Makes `old`, which was handed over by value, what it has become there."""
    if type(old) is not type(new):
        return
    if type(old) in (list, bytearray):
        old[:] = new
    elif type(old) in (set, dict):
        old.clear()
        old.update(new)


class ProgramNames(dict):
    """The names of a test. What the test has not defined is the program's; builtins are nobody's to replace."""

    MODULES = {"np": "numpy", "pd": "pandas"}

    def __init__(self, program):
        super().__init__({"__name__": "test", "__builtins__": builtins})
        self.program = program

    def __missing__(self, name):
        if hasattr(builtins, name) or name.startswith("__"):
            raise KeyError(name)
        value = self.program.name(name)
        if isinstance(value, Foreign):
            kind = self.program.operate(number_of(value), "kind", [])
            if kind == "module":
                return self.module(name, value)
            if kind[:1] == ["exception"]:
                base = getattr(builtins, kind[1], Exception)
                known = kind[1] == kind[2]
                return base if known else self.program.exception_class(kind[2], base)
        return value

    def module(self, name, value):
        """A module that the program has imported, as it is installed; else as the program sees it."""
        try:
            return importlib.import_module(self.MODULES.get(name, name))
        except ImportError:
            return value


def number_of(value):
    return object.__getattribute__(value, "_number")


class Foreign:
    """An object of the program's. What is done to it is done there."""

    __slots__ = ("_program", "_number")
    __hash__ = object.__hash__

    def __init__(self, program, number):
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_number", number)

    def __getattribute__(self, name):
        if name == "__class__":
            return Foreign
        return operate(self, "__getattr__", name)

    def __setattr__(self, name, value):
        operate(self, "__setattr__", name, value)

    def __call__(self, *args, **kwargs):
        program = object.__getattribute__(self, "_program")
        return program.call(number_of(self), args, kwargs)

    # An object of the program's equals no data, whatever it says itself.

    def __eq__(self, other):
        return isinstance(other, Foreign) and bool(operate(self, "__eq__", other))

    def __ne__(self, other):
        return not isinstance(other, Foreign) or bool(operate(self, "__ne__", other))


def operate(value, operation, *args):
    program = object.__getattribute__(value, "_program")
    return program.operate(number_of(value), operation, args)


def forward(operation):
    def method(self, *args):
        if operation == "__exit__":
            args = ()
        return operate(self, operation, *args)

    return method


def forward_order(operation):
    def method(self, other):
        if not isinstance(other, Foreign):
            return NotImplemented
        return bool(operate(self, operation, other))

    return method


for _operation in (
    "getitem setitem delitem contains len iter next reversed bool str repr int float complex index "
    "round abs neg pos invert format bytes instancecheck enter exit divmod rdivmod"
).split() + [
    prefix + name
    for name in "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul".split()
    for prefix in ("", "r")
]:
    setattr(Foreign, "__%s__" % _operation, forward("__%s__" % _operation))
for _operation in ("lt", "le", "gt", "ge"):
    setattr(Foreign, "__%s__" % _operation, forward_order("__%s__" % _operation))



def text(value):
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)


def lines(output):
    """Lines without white space at their ends, and without empty lines at the end of all."""
    return [line.rstrip() for line in output.rstrip().split("\n")]


def shorten(words):
    return words if len(words) <= MESSAGE_LIMIT else words[:MESSAGE_LIMIT] + "…"


hide_memory()
