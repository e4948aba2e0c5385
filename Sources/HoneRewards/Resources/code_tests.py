"""Runs a completion's program against unit tests. The score is the share that passes, or all or nothing.

Each test runs in a process of its own, forked from this one, so that neither an endless loop nor os._exit
nor a replaced builtin in the program reaches another test. A test passes if the program and the test ran
to their end (or, with input and output, if the program printed what is expected). Hone appends SECONDS (for
a test), ALL_SECONDS (for all of them) and IS_SHARE.
"""

import ctypes
import json
import os
import resource
import secrets
import select
import signal
import sys
import time

OUTPUT_LIMIT = 1 << 20
MESSAGE_LIMIT = 300


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


def run(program, test, seconds):
    """None if the test passes, else why it does not."""
    told, tell = os.pipe()
    given, give = os.pipe()
    secret = secrets.token_bytes(16)
    child = os.fork()
    if child == 0:
        try:
            os.close(told)
            os.close(give)
            work(program, test, given, tell, secret, seconds)
        finally:
            os._exit(1)
    os.close(tell)
    os.close(given)
    pipes = [told, give]
    try:
        return judge(child, pipes, test, secret, seconds)
    finally:
        # What the program started and left behind is in its group.
        for kill in (os.killpg, os.kill):
            try:
                kill(child, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.waitpid(child, 0)
        except OSError:
            pass
        for pipe in pipes:
            os.close(pipe)


def judge(child, pipes, test, secret, seconds):
    """Feeds the program and listens to it until it ends or its time is up."""
    end = time.monotonic() + seconds
    told, give = pipes
    waiting = b"" if isinstance(test, str) else text(test[0]).encode()
    os.set_blocking(give, False)
    said = b""
    while True:
        if give in pipes and not waiting:
            pipes.remove(give)
            os.close(give)
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
    if isinstance(test, str):
        return None if said == secret else reason(said, child)
    ended = wait(child, end)
    if ended != 0:
        return "the program ended with status %s" % ended
    expected = lines(text(test[1]))
    found = lines(said.decode("utf-8", "replace"))
    return None if found == expected else "printed %s" % shorten(repr("\n".join(found)))


def reason(said, child):
    words = said.decode("utf-8", "replace")
    return shorten(words) if words else "the program ended before the test did"


def wait(child, end):
    """The exit status of the program; None if it closed its output and runs on."""
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.001)
    return None


def text(value):
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)


def lines(output):
    """Lines without white space at their ends, and without empty lines at the end of all."""
    return [line.rstrip() for line in output.rstrip().split("\n")]


def shorten(words):
    return words if len(words) <= MESSAGE_LIMIT else words[:MESSAGE_LIMIT] + "…"


def work(program, test, given, tell, secret, seconds):
    """The child: runs the program and the test, and tells of it."""
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    except (OSError, AttributeError):
        pass
    limit = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    prints = not isinstance(test, str)
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(given if prints else empty, 0)
    os.dup2(tell if prints else empty, 1)
    os.dup2(empty, 2)
    keep = 2 if prints else tell
    os.closerange(3, max(keep, 3))
    os.closerange(keep + 1 if keep > 2 else 3, 4096)
    sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)
    # Taken now: the program may replace them.
    write, leave, flush = os.write, os._exit, sys.stdout.flush
    space = {"__name__": "__main__" if prints else "completion"}
    try:
        exec(compile(program, "<completion>", "exec"), space)
        if not prints:
            exec(compile(test, "<test>", "exec"), space)
    except SystemExit as error:
        if prints and error.code in (None, 0):
            flush()
            leave(0)
        complaint = "SystemExit: %s" % error.code
    except BaseException as error:
        try:
            complaint = "%s: %s" % (type(error).__name__, error)
        except BaseException:
            complaint = "an exception that cannot be shown"
    else:
        if prints:
            flush()
        else:
            write(tell, secret)
        leave(0)
    if not prints:
        write(tell, complaint.encode("utf-8", "replace")[:2000])
    leave(1)
