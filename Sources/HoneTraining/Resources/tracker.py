"""Hands a run's metrics to an experiment tracker through the tracker's own library.

Started by `hone train` as a process beside the run, one for each tracker. Standard input brings JSON
lines: first {"tracker", "name", "folder", "config", "events", "resumed_from"}, then {"step", "metrics"} for each event and
{"finish": status} at the end. Standard output answers with {"ready": place} or {"problem": sentence}.
Whatever goes wrong here stays here.
"""

import json
import os
import pathlib
import re
import sys
import uuid
from importlib.util import find_spec


class Wandb:
    """Weights & Biases; WANDB_MODE, WANDB_PROJECT and WANDB_ENTITY are its own business."""

    def __init__(self, start, identity):
        import wandb

        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "hone"),
            name=start["name"],
            id=identity.kept() or identity.keep(uuid.uuid4().hex[:12]),
            resume="allow",
            dir=start["folder"],
            config=start["config"],
        )
        self.place = getattr(self.run, "url", None) or getattr(self.run, "dir", start["folder"])

    def catch_up(self, made):
        """It takes steps in their order only: what it missed before the latest it has is lost to it."""

    def log(self, step, metrics):
        self.run.log(metrics, step=step)

    def finish(self, status):
        self.run.finish(exit_code=0 if status == "finished" else 1)


class MLflow:
    """MLflow; MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME are its own business. Without a server and
    without a database it keeps files in the run's folder."""

    def __init__(self, start, identity):
        import mlflow

        self.mlflow = mlflow
        if "MLFLOW_TRACKING_URI" not in os.environ and not find_spec("sqlalchemy"):
            # Without a server the library wants a database, for which mlflow-skinny lacks the parts;
            # files it keeps only where it is allowed to.
            os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
            mlflow.set_tracking_uri(pathlib.Path(start["folder"], "mlruns").as_uri())
        if "MLFLOW_EXPERIMENT_NAME" not in os.environ:
            mlflow.set_experiment("hone")
        # A metric's history keeps every value it is given: what a resumed run makes again, to the same
        # bits, must not be told again.
        self.told = {}
        known = identity.kept()
        if known:
            self.run = mlflow.start_run(run_id=known)
            client = mlflow.MlflowClient()
            for name in client.get_run(known).data.metrics:
                self.told[name] = {metric.step for metric in client.get_metric_history(known, name)}
        else:
            self.run = mlflow.start_run(run_name=start["name"])
            identity.keep(self.run.info.run_id)
            mlflow.log_params({allowed(key): str(value)[:500] for key, value in flat(start["config"])})
        self.place = mlflow.get_tracking_uri()

    def catch_up(self, made):
        for step, metrics in made:
            self.log(step, metrics)

    def log(self, step, metrics):
        news = {allowed(name): value for name, value in metrics.items()}
        news = {name: value for name, value in news.items() if step not in self.told.get(name, ())}
        if news:
            self.mlflow.log_metrics(news, step=step)

    def finish(self, status):
        self.mlflow.end_run("FINISHED" if status == "finished" else "FAILED")


def allowed(name):
    """A name that MLflow takes: letters, digits, _-.:/ and spaces; one other would cost it all of a step."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("@", "_at_"))


TRACKERS = {"wandb": Wandb, "mlflow": MLflow}


class Identity:
    """The tracker's name for the run, kept in the run's folder so that a resumed run goes on in it."""

    def __init__(self, folder, tracker):
        self.path = os.path.join(folder, tracker + ".id")

    def kept(self):
        try:
            with open(self.path) as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def keep(self, name):
        with open(self.path, "w") as file:
            file.write(name)
        return name


def made(events, last):
    """Steps and metrics up to step `last` from the run's own record, those of evaluations under eval/."""
    with open(events) as file:
        for line in file:
            event = json.loads(line)
            prefix = {"step": "", "evaluated": "eval/"}.get(event["event"])
            # What follows is being made now, and told.
            if prefix is None or event["step"] > last:
                continue
            yield event["step"], {
                prefix + name: value for name, value in event["metrics"].items() if value is not None}


def flat(value, path=""):
    """The leaves of nested mappings and lists under dotted names."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from flat(member, path + "." + key if path else key)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from flat(member, path + "." + str(index))
    else:
        yield path, value


def main():
    # The library may print what it likes: that goes to the log, answers go to the old output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**message):
        try:
            answers.write(json.dumps(message) + "\n")
            answers.flush()
        except BrokenPipeError:
            # The run was killed; what it had sent by then is still worth keeping.
            pass

    start = json.loads(sys.stdin.readline())
    name = start["tracker"]
    try:
        os.makedirs(start["folder"], exist_ok=True)
        tracker = TRACKERS[name](start, Identity(start["folder"], name))
    except ModuleNotFoundError as error:
        hint = "; install it with %s -m pip install %s" % (sys.executable, name)
        answer(problem="%s%s" % (error, hint if error.name == name else ""))
        return
    except BaseException as error:
        answer(problem="%s: %s" % (type(error).__name__, error))
        return
    answer(ready=str(tracker.place))
    try:
        if start["resumed_from"]:
            tracker.catch_up(made(start["events"], start["resumed_from"]))
    except Exception as error:
        answer(problem="%s: %s" % (type(error).__name__, error))
    status = "killed"
    failures = 0
    for line in sys.stdin:
        message = json.loads(line)
        if "finish" in message:
            status = message["finish"]
            break
        try:
            tracker.log(message["step"], message["metrics"])
        except Exception as error:
            failures += 1
            if failures == 1:
                answer(problem="%s: %s" % (type(error).__name__, error))
    try:
        tracker.finish(status)
    except Exception as error:
        answer(problem="%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
