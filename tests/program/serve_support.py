"""What the serve_* scripts share: models that are trained once a script, what is expected of them, and clients."""

import atexit
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import shutil
import tempfile
import threading
import time

from support import Place, expect

TRAINED = {}  # name -> (model directory, its options)
COMMON = tempfile.mkdtemp(prefix="alsace-test-models-")
atexit.register(shutil.rmtree, COMMON, ignore_errors=True)

IALS = ["--objective", "ials", "--factors", "16", "--unobserved-weight", "0.3", "--regularization", "0.01"]
HKV = ["--objective", "hkv", "--factors", "12", "--alpha", "5", "--value", "raw"]
EXPLICIT = ["--objective", "explicit", "--factors", "8"]


def common_place(here):
    """A folder that all checks of a script share."""
    return Place(here.program, here.data.parent, COMMON)


def trained(here, name, options, sweeps, source=None):
    """The model `name`, trained when it is first asked for, with a checkpoint of every sweep."""
    if name not in TRAINED:
        place = common_place(here)
        place.done("train", source or here.data / "ratings.csv", "--model", name, "--sweeps", sweeps, "--log-level",
                   "warn", "--checkpoint-every", 1, "--keep", sweeps, *options)
        TRAINED[name] = place.path(name)
    return TRAINED[name]


def exact(text):
    """JSON whose numbers stay the texts that were written: a score is compared character for character."""
    return json.loads(text, parse_float=str, parse_int=str)


def entries_of(items):
    """[(item, score text)] of a list in an answer, whose ranks must count from 1."""
    ranks = [entry["rank"] for entry in items]
    expect(ranks == [str(rank) for rank in range(1, len(items) + 1)], f"ranks = {ranks}")
    return [(entry["item"], entry["score"]) for entry in items]


def recommended(here, model, k, *options, users="all"):
    """What `recommend` says: user -> [(item, score text)], users in index order."""
    lists = {}
    out = common_place(here).done("recommend", "--model", model, "--users", users, "--k", k, "--format", "jsonl",
                                  "--log-level", "warn", *options)
    for line in out.splitlines():
        entry = exact(line)
        lists.setdefault(entry["user"], []).append(entry)
    return {user: entries_of(entries) for user, entries in lists.items()}


class Client:
    """A connection that is kept open."""

    def __init__(self, host, port, timeout=30):
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def send(self, method, path, body=None):
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        self.connection.request(method, path, body=body)

    def receive(self):
        """(status, answer); the answer as `exact` reads it, or as text."""
        response = self.connection.getresponse()
        text = response.read().decode()
        return response.status, exact(text) if "json" in response.headers.get("Content-Type", "") else text

    def ask(self, method, path, body=None):
        self.send(method, path, body)
        return self.receive()

    def answer(self, method, path, body=None):
        """The answer to what must be answered with 200."""
        status, answer = self.ask(method, path, body)
        expect(status == 200, f"{method} {path} {str(body)[:200]}: {status} {str(answer)[:400]}")
        return answer

    def close(self):
        self.connection.close()


def client_of(served, **options):
    return Client(served.host, served.port, **options)


def at_once(served, questions, threads=8):
    """The answers to (method, path, body) questions, in their order, asked by several clients at the same time."""
    local = threading.local()
    clients = []

    def ask(question):
        if not hasattr(local, "client"):
            local.client = client_of(served)
            clients.append(local.client)
        return local.client.answer(*question)

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(ask, questions))
    for client in clients:
        client.close()
    return answers


class Load:
    """Clients that ask without pause while the block runs. `question(random)` gives (method, path, body, check);
    `check(answer)` fails by an AssertionError, as does any status but 200 or a broken connection."""

    def __init__(self, host, port, question, threads=4):
        self.address = host, port
        self.question = question
        self.answers = 0
        self.failures = []
        self.slowest = 0.0
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(seed,)) for seed in range(threads)]

    def work(self, seed):
        choice = random.Random(seed)
        client = Client(*self.address)
        while not self.over.is_set():
            method, path, body, check = self.question(choice)
            start = time.monotonic()
            try:
                check(client.answer(method, path, body))
                failure = None
            except Exception as error:  # whatever it is, the question has failed
                failure = f"{type(error).__name__}: {error}"
                client.close()
            with self.lock:
                self.answers += 1
                self.slowest = max(self.slowest, time.monotonic() - start)
                if failure:
                    self.failures.append(failure)
        client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for_answers(self, count, timeout=30):
        """Waits for so many more."""
        target, ends = self.answers + count, time.monotonic() + timeout
        while self.answers < target:
            expect(time.monotonic() < ends, f"no {count} answers in {timeout} s; failures: {self.failures[:3]}")
            time.sleep(0.005)

    def has_not_failed(self, least):
        expect(not self.failures, f"{len(self.failures)} of {self.answers} failed, first: {self.failures[:3]}")
        expect(self.answers >= least, f"answers = {self.answers}, expected {least} or more")


def publish(checkpoint, model):
    """Puts a copy of a checkpoint into a model directory as `train` does: under its name at once, then the link."""
    checkpoint, model = pathlib.Path(checkpoint), pathlib.Path(model)
    model.mkdir(exist_ok=True)
    temporary = model / (checkpoint.name + ".tmp")
    shutil.copytree(checkpoint, temporary)
    temporary.rename(model / checkpoint.name)
    point_latest_at(model, checkpoint.name)


def point_latest_at(model, name):
    link = pathlib.Path(model) / "latest.tmp"
    os.symlink(name, link)
    os.replace(link, pathlib.Path(model) / "latest")


def within(seconds, what, condition):
    """Waits until `condition()` holds and returns how long that took; it may fail by an OSError meanwhile."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            if condition():
                return time.monotonic() - start
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def sample_of(metrics, name):
    """The value of a sample, with its labels if any: 'alsace_ready', 'alsace_reloads_total{result="done"}'."""
    for line in metrics.splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    return None
