"""Runs reward functions for Hone, one call at a time, until its standard input ends.

Requests and answers are JSON lines. Requests come on descriptor 0, answers leave on descriptor 1; both
are moved away at once, so that a reward function finds an empty standard input and anything it, or a
program it starts, prints ends in the log instead of among the answers.

    {"op": "init", "parent": PID or 0, "memory": BYTES, "files": N, "file_size": BYTES,
     "processes": N, "alone": BOOL}
    {"op": "load", "key": K, "file": PATH, "source": TEXT or null, "function": NAME}
    {"op": "grade", "id": ID, "key": K, "start": INDEX, "cpu_seconds": S, "step": N, "epoch": X,
     "prompt": TEXT, "messages": [..]?, "completions": [TEXT..], "columns": {..}}

A call that gave a number and printed nothing is answered [id, index, value, microseconds]; anything else
is an object. The answer to each call is written before the next call begins, so the parent always knows
which call is running. Only the standard library is used. `worker_limits.py` stands before this text.
"""

import inspect
import io
import json
import linecache
import os
import sys
import time
import types

OUTPUT_LIMIT = 64 * 1024  # characters kept of what one call prints
MESSAGE_LIMIT = 1000
DETAIL_LIMIT = 8000


class Capture(io.TextIOBase):
    """Standard output and standard error of reward functions."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self):
        self.parts = []
        self.size = 0
        self.buffer = CaptureBytes(self)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        room = OUTPUT_LIMIT - self.size
        if room > 0:
            self.parts.append(text[:room])
        self.size += len(text)
        return len(text)

    def writable(self):
        return True

    def fileno(self):
        return 2

    def take(self):
        """What was written since the last call."""
        text = "".join(self.parts)
        if self.size > OUTPUT_LIMIT:
            text += "\n… %d more characters" % (self.size - OUTPUT_LIMIT)
        self.parts.clear()
        self.size = 0
        return text


class CaptureBytes(io.RawIOBase):
    """`sys.stdout.buffer` of a Capture."""

    def __init__(self, capture):
        self.capture = capture

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        self.capture.write(data.decode("utf-8", "replace"))
        return len(data)


class LoadError(Exception):
    """A reward function that cannot be used, in words for its author."""


class NotFinite(Exception):
    """A score that is NaN or infinite."""


class RewardCall:
    """A loaded reward function and how it wants to be called."""

    def __init__(self, name, function, path):
        self.function = function
        self.path = path
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            self.style = "positional"
            return
        parameters = signature.parameters
        keywords = {
            key
            for key, parameter in parameters.items()
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        }
        if "completions" in keywords:
            self.style = "list"
            self.accepted = keywords
            self.accepts_any = any(p.kind == p.VAR_KEYWORD for p in parameters.values())
        elif {"prompt", "completion", "example"} <= keywords:
            self.style = "named"
        elif {"sample", "item"} <= keywords or name == "grade" and takes(signature, {}, {}):
            self.style = "grader"
        else:
            self.style = "positional"
            if not takes(signature, "", "", {}):
                raise LoadError(
                    "%s%s can be called neither as (prompt, completion, example) nor as "
                    "(prompts, completions, **columns) nor as (sample, item)" % (name, signature)
                )

    def one(self, prompt, completion, example):
        if self.style == "named":
            return settle(self.function(prompt=prompt, completion=completion, example=example))
        return settle(self.function(prompt, completion, example))

    def grade(self, completion, columns):
        sample = {
            "output_text": completion,
            "output_tools": [],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": completion},
                }
            ],
        }
        try:
            sample["output_json"] = json.loads(completion)
        except ValueError:
            pass
        # A copy through JSON: what one call does to the row, the next must not see.
        return settle(self.function(sample, json.loads(columns)))

    def many(self, request, log):
        count = len(request["completions"])
        completions = request["completions"]
        prompts = [request["prompt"]] * count
        messages = request.get("messages")
        if messages is not None:
            prompts = [[dict(message) for message in messages] for _ in range(count)]
            completions = [[{"role": "assistant", "content": text}] for text in completions]
        arguments = {
            key: [value] * count
            for key, value in request["columns"].items()
            if key not in ("prompt", "completion", "completion_ids")
        }
        arguments.update(
            prompts=prompts,
            completions=completions,
            trainer_state=types.SimpleNamespace(
                global_step=request["step"], epoch=request["epoch"]
            ),
            log_extra=lambda column, values: log.write("%s: %r\n" % (column, values)),
            log_metric=lambda name, value: log.write("%s: %r\n" % (name, value)),
        )
        if not self.accepts_any:
            arguments = {k: v for k, v in arguments.items() if k in self.accepted}
        result = list(settle(self.function(**arguments)))
        if len(result) != count:
            raise ValueError("returned %d rewards for %d completions" % (len(result), count))
        return result


def takes(signature, *arguments):
    """Whether a function of this signature can be called with these arguments by position."""
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


event_loop = None


def settle(result):
    """The result of a function, awaited if it is a coroutine."""
    if type(result) in (float, int, bool) or not inspect.isawaitable(result):
        return result
    global event_loop
    import asyncio

    if event_loop is None or event_loop.is_closed():
        event_loop = asyncio.new_event_loop()
        asyncio.set_event_loop(event_loop)

    async def wait():
        return await result

    return event_loop.run_until_complete(wait())


def score(value):
    """(score, warning) of what a function returned."""
    kind = type(value)
    if kind is not float:
        is_text = isinstance(value, (str, bytes, bytearray))
        if is_text or not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
            text = repr(value)
            text = text if len(text) <= 80 else text[:80] + "…"
            return 0.0, "returned %s (%s), which is no number; counted as 0" % (text, kind.__name__)
        try:
            value = float(value)
        except OverflowError:
            raise NotFinite("returned an integer beyond the range of a float") from None
    if value - value != 0:
        raise NotFinite("returned %r" % value)
    return float(value), None


def describe(error, path):
    """(kind, message, detail) of an exception that left a reward function."""
    import traceback

    if isinstance(error, NotFinite):
        return "notFinite", str(error), ""
    kind = "outOfMemory" if isinstance(error, MemoryError) else "raised"
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException as second:
        text = "(its text could not be made: %s)" % type(second).__name__
    message = "%s: %s" % (name, text) if text else name
    if len(message) > MESSAGE_LIMIT:
        message = message[:MESSAGE_LIMIT] + "…"
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == describe.__code__.co_filename:
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == path:
        message += " (%s:%s)" % (os.path.basename(path), error.lineno)
    else:
        lines = [line for frame, line in traceback.walk_tb(trace) if frame.f_code.co_filename == path]
        if lines:
            message += " (%s:%d)" % (os.path.basename(path), lines[-1])
    try:
        detail = "".join(traceback.format_exception(type(error), error, trace))
    except BaseException as second:
        detail = "the traceback could not be made: %s" % type(second).__name__
    if len(detail) > DETAIL_LIMIT:
        detail = "…" + detail[-DETAIL_LIMIT:]
    return kind, message, detail


class Worker:
    def __init__(self, requests, answers):
        self.requests = requests
        self.answers = answers
        self.log = Capture()
        self.input = open(os.devnull)
        self.pid = os.getpid()
        self.modules = {}
        self.calls = {}
        self.restore()

    def restore(self):
        sys.stdout = sys.stderr = self.log
        sys.stdin = self.input

    def send(self, line):
        if os.getpid() != self.pid:
            os._exit(0)  # a fork that a reward function left running has nothing to say here
        data = memoryview(line.encode("ascii"))
        while data:
            data = data[os.write(self.answers, data) :]

    def answer(self, **members):
        self.send(json.dumps(members) + "\n")

    def run(self):
        while True:
            line = self.requests.readline()
            if not line:
                return
            request = json.loads(line)
            getattr(self, request["op"])(request)

    def init(self, request):
        die_with_parent(request["parent"])
        limit_resources(request)
        self.answer(ready=True, version=list(sys.version_info[:3]))

    # Loading

    def load(self, request):
        key, path, name = request["key"], request["file"], request["function"]
        try:
            self.calls[key] = RewardCall(name, self.find(path, name, request["source"]), path)
        except LoadError as error:
            self.answer(key=key, message=str(error), detail="", output=self.log.take())
        except BaseException as error:
            _, message, detail = describe(error, path)
            self.answer(key=key, message=message, detail=detail, output=self.log.take())
        else:
            style = self.calls[key].style
            self.answer(key=key, style=style, output=self.log.take())
        self.restore()

    def find(self, path, name, source):
        module = self.modules.get((path, source))
        if module is None:
            module = self.module(path, source)
            self.modules[path, source] = module
        function = module.__dict__.get(name)
        if callable(function):
            return function
        if name in module.__dict__:
            raise LoadError("%s is %s, not a function" % (name, type(function).__name__))
        found = sorted(
            (line, key)
            for key, line in (
                (key, definition_line(value, module)) for key, value in module.__dict__.items()
            )
            if line is not None
        )
        known = ", ".join("%s (line %d)" % (key, line) for line, key in found) or "none"
        raise LoadError("there is no function %s; functions found: %s" % (name, known))

    def module(self, path, source):
        if source is None:
            try:
                with open(path, "rb") as file:
                    source = file.read()
            except OSError as error:
                raise LoadError("cannot be read: %s" % error.strerror) from None
            folder = os.path.dirname(path)
            if folder not in sys.path:
                sys.path.insert(0, folder)
        else:
            # For the lines in tracebacks; there is no such file.
            linecache.cache[path] = (len(source), None, source.splitlines(True), path)
        code = compile(source, path, "exec")
        stem = os.path.splitext(os.path.basename(path))[0]
        module = types.ModuleType("hone_reward_%d_%s" % (len(self.modules), stem))
        module.__file__ = path
        sys.modules[module.__name__] = module
        exec(code, module.__dict__)
        return module

    # Grading

    def grade(self, request):
        limit_processor_time(request["cpu_seconds"])
        call = self.calls[request["key"]]
        if call.style == "list":
            self.grade_list(call, request)
            return
        job = request["id"]
        prompt = request["prompt"]
        example = {
            key: value if type(value) is str else str(value)
            for key, value in request["columns"].items()
        }
        completions = request["completions"]
        columns = json.dumps(request["columns"]) if call.style == "grader" else None
        clock = time.perf_counter_ns
        for index in range(request["start"], len(completions)):
            begun = clock()
            try:
                if columns is None:
                    result = call.one(prompt, completions[index], dict(example))
                else:
                    result = call.grade(completions[index], columns)
                value, warning = score(result)
            except BaseException as error:
                self.fail(job, index, clock() - begun, error, call.path)
                continue
            self.succeed(job, index, clock() - begun, value, warning)

    def grade_list(self, call, request):
        job = request["id"]
        count = len(request["completions"])
        begun = time.perf_counter_ns()
        try:
            values = call.many(request, self.log)
        except BaseException as error:
            for index in range(count):
                self.fail(job, index, time.perf_counter_ns() - begun, error, call.path)
            return
        each = (time.perf_counter_ns() - begun) // count
        for index, value in enumerate(values):
            if value is None:
                self.abstain(job, index, each)
                continue
            try:
                value, warning = score(value)
            except BaseException as error:
                self.fail(job, index, each, error, call.path)
                continue
            self.succeed(job, index, each, value, warning)

    def succeed(self, job, index, nanoseconds, value, warning):
        micros = nanoseconds // 1000
        if warning is None and not self.log.size:
            self.restore()
            self.send("[%d,%d,%r,%d]\n" % (job, index, value, micros))
            return
        output = self.log.take()
        self.restore()
        self.answer(
            id=job, index=index, value=value, micros=micros, warning=warning, output=output
        )

    def abstain(self, job, index, nanoseconds):
        output = self.log.take()
        self.restore()
        self.answer(id=job, index=index, value=None, micros=nanoseconds // 1000, output=output)

    def fail(self, job, index, nanoseconds, error, path):
        kind, message, detail = describe(error, path)
        output = self.log.take()
        self.restore()
        self.answer(
            id=job, index=index, kind=kind, message=message, detail=detail,
            micros=nanoseconds // 1000, output=output,
        )


def definition_line(value, module):
    """Where a function of the module is defined; None for what it imported and for other values."""
    if not callable(value) or isinstance(value, type):
        return None
    code = getattr(inspect.unwrap(value), "__code__", None)
    if code is None or code.co_filename != module.__file__:
        return None
    return code.co_firstlineno


def main():
    os.closerange(3, 4096)
    requests = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    answers = os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    sys.dont_write_bytecode = True
    Worker(requests, answers).run()


__file__ = "<hone worker>"
main()
