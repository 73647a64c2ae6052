"""What the scripts of tests/program share: the program bare and under mpirun, a folder a check, and a list of checks.

A check is a function whose name says what holds. It gets a Place, a fresh folder in which it runs the program, and
fails by an AssertionError (`expect`) or is left out by `Skip(reason)`.
"""

import concurrent.futures
import contextlib
import gzip
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

MPI_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "OMP_WAIT_POLICY": "passive",
}
DISTRIBUTION_PYTHON = "/usr/bin/python3"
BARE = 0  # a rank count: without mpirun

# What no user should ever see, whatever the input.
SIGNS_OF_A_CRASH = ["check failed", "terminate called", "Segmentation", "Signal:", "exited on signal", "Sanitizer",
                    "runtime error:", "MPI_ABORT was invoked", "HDF5-DIAG"]


def with_module(name, package):
    """Sees that `name` can be imported: by this Python, or by the distribution's, with which the script then starts over.
    Ends the script as skipped where neither has it."""
    if importlib.util.find_spec(name) is not None:
        return
    if pathlib.Path(sys.executable).resolve() != pathlib.Path(DISTRIBUTION_PYTHON).resolve():
        os.execv(DISTRIBUTION_PYTHON, [DISTRIBUTION_PYTHON, *sys.argv])
    print(f"skipped: {DISTRIBUTION_PYTHON} has no {name} (Debian and Ubuntu: {package})")
    sys.exit(77)


class Skip(Exception):
    """This check cannot run here; says why."""


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


class Outcome:
    """A run that has ended. `code` is negative when a signal ended it."""

    def __init__(self, command, code, out, err):
        self.command = " ".join(command)
        self.code = code
        self.out = out
        self.err = err

    def messages(self):
        """What the program said on ending, all lines of it; without the log before and mpirun's own text behind."""
        text = re.sub(r"^-{60,}\n.*?^-{60,}\n", "", self.err, flags=re.M | re.S)
        return re.findall(r"^alsace: .*?(?=^alsace: |\Z)", text, flags=re.M | re.S)

    def ends_with(self, code, *texts):
        """Expects the exit code, and for a failure one message alone that has all of `texts` and no sign of a crash."""
        expect(self.code == code, f"{self.command}\n  exit code = {self.code}, expected {code}\n{self.tail()}")
        for sign in SIGNS_OF_A_CRASH:
            expect(sign not in self.err + self.out, f"{self.command}\n  says '{sign}'\n{self.tail()}")
        if code in (0, 6):
            expect(not self.messages(), f"{self.command}\n  complains\n{self.tail()}")
            missing = [text for text in texts if text not in self.err + self.out]
        else:
            said = self.messages()
            expect(len(said) == 1, f"{self.command}\n  messages = {said}, expected one\n{self.tail()}")
            missing = [text for text in texts if text not in self.messages()[0]]
        expect(not missing, f"{self.command}\n  does not say {missing}\n{self.tail()}")
        return self

    def says(self, *texts):
        """Expects one line of what it said to have all of `texts`."""
        lines = (self.out + self.err).splitlines()
        expect(any(all(text in line for text in texts) for line in lines),
               f"{self.command}\n  no line with {' and '.join(map(repr, texts))}\n{self.tail()}")
        return self

    def tail(self):
        return "\n".join("    | " + line for line in (self.out + self.err).splitlines()[-12:])


class Running:
    """A run in a session of its own, so that every process of it can be found, and none survives the test."""

    def __init__(self, command, cwd, env):
        self.command = command
        self.out = tempfile.TemporaryFile("w+", errors="replace")
        self.err_path = tempfile.NamedTemporaryFile("r", suffix=".err", errors="replace")
        with open(self.err_path.name, "w") as err:
            self.process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=self.out,
                                            stderr=err, start_new_session=True)
        self.pid = self.process.pid

    def log(self):
        with open(self.err_path.name, errors="replace") as err:
            return err.read()

    def processes(self):
        """All live processes of the session, as a dict from id to command name."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text(errors="replace")
            except OSError:
                continue  # it has just ended
            name, fields = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            if int(fields[3]) == self.pid and fields[0] not in "ZX":
                found[int(entry)] = name
        return found

    def wait_for_log(self, pattern, timeout=60):
        """The first match in the log; None when the run ended without it."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            over = self.process.poll() is not None
            if match := re.search(pattern, self.log()):
                return match
            if over:
                return None
            time.sleep(0.002)
        self.kill_all()
        raise AssertionError(f"{' '.join(self.command)}\n  no '{pattern}' in {timeout} s")

    def kill_all(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def wait(self, timeout=120):
        """Waits until every process of the session is gone; ends what is left and fails when that takes too long."""
        ends = time.monotonic() + timeout
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        while time.monotonic() < ends and self.processes():
            time.sleep(0.01)
        survivors = self.processes()
        self.kill_all()
        self.process.wait()
        self.out.seek(0)
        outcome = Outcome(self.command, self.process.returncode, self.out.read(), self.log())
        self.out.close()
        self.err_path.close()
        expect(not survivors, f"{outcome.command}\n  still runs after {timeout} s: {survivors}\n{outcome.tail()}")
        return outcome


SESSIONS = tempfile.TemporaryDirectory(prefix="alsace-mpi-")
os.chmod(SESSIONS.name, 0o777)


def own_session():
    """A folder of its own for what Open MPI keeps of a run, which any user may write to. In a common one, a run that ends
    removes what another has just found there."""
    folder = tempfile.mkdtemp(dir=SESSIONS.name)
    os.chmod(folder, 0o777)
    return {"OMPI_MCA_orte_tmpdir_base": folder}


class Place:
    """The folder of one check, and the program run from there."""

    def __init__(self, program, data, folder):
        self.program = program
        self.data = pathlib.Path(data) / "movietweetings"
        self.folder = pathlib.Path(folder)

    def path(self, name):
        return self.folder / name

    def write(self, name, content):
        path = self.path(name)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def start(self, *arguments, ranks=BARE, env=None, before=()):
        """Starts `alsace ARGUMENTS`; `before`: words in front of it all (setpriv ...)."""
        launcher = [] if ranks == BARE else ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", str(ranks)]
        command = [str(word) for word in (*before, *launcher, self.program, *arguments)]
        return Running(command, self.folder, {**os.environ, **MPI_ENVIRONMENT, **own_session(), **(env or {})})

    def run(self, *arguments, ranks=BARE, env=None, before=(), timeout=120):
        return self.start(*arguments, ranks=ranks, env=env, before=before).wait(timeout)

    def done(self, *arguments, **options):
        """Runs to a good end; returns stdout."""
        return self.run(*arguments, **options).ends_with(0).out

    def names(self):
        """Every file, folder and link below the folder."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def exported(self, model, out):
        """The model's factors and ids, as a dict from file name to bytes."""
        self.done("export", "--model", model, "--out", out)
        return {path.name: path.read_bytes() for path in sorted(self.path(out).iterdir())}

    def inspected(self, store):
        return json.loads(self.done("inspect", store, "--json"))

    def checkpoints(self, model):
        return sorted(path.name for path in self.path(model).glob("sweep-*"))

    def write_rows(self, name, rows, header="user,item,value,timestamp", separator=","):
        """Writes rows (tuples) as delimited text, compressed when the name ends in .gz."""
        lines = [header.replace(",", separator)] + [separator.join(map(str, row)) for row in rows]
        data = "".join(line + "\n" for line in lines).encode()
        return self.write(name, gzip.compress(data) if name.endswith(".gz") else data)

    def state_of(self, model):
        """All that two runs which promise the same bits must agree on: what `inspect` tells, less where the model is
        and how long it took; what `export` writes; and what the links point at."""
        told = self.inspected(model)
        for name in ("checkpoint", "bytes"):
            told.pop(name)
        for record in told["history"]:
            record.pop("seconds")
        state = {f"inspect.{name}": value for name, value in told.items()}
        with tempfile.TemporaryDirectory() as out:
            state.update(self.exported(f"{model}/latest", out))
        for link in ("latest", "best"):
            path = self.path(model) / link
            state[f"link {link}"] = os.readlink(path) if path.is_symlink() else None
        return state

    @contextlib.contextmanager
    def nothing_changes_in(self, folder):
        """Expects the same files with the same times, sizes and targets after the block."""
        before = tree_of(self.path(folder))
        yield
        expect_same(before, tree_of(self.path(folder)), f"{folder} was touched")


def expect_same(expected, found, what):
    """Compares two dicts and names the first member that differs."""
    for name in sorted({*expected, *found}):
        one, other = expected.get(name), found.get(name)
        expect(one == other, f"{what}: {name} differs: {str(one)[:300]} and {str(other)[:300]}")


def tree_of(folder):
    """Time of change, size and link target of everything below a folder, by name."""
    tree = {}
    for path in pathlib.Path(folder).rglob("*"):
        status = path.lstat()
        target = os.readlink(path) if path.is_symlink() else None
        tree[str(path.relative_to(folder))] = (status.st_mtime_ns, status.st_size, target)
    return tree


def rows_of(path, count=None):
    """Rows of a delimited file with a header, as tuples of texts."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()[1:]
    return [tuple(line.split(",")) for line in lines[:count]]


def refused(here, code, *texts, command, ranks=(BARE, 3), same=True):
    """Expects `here.run(command)` to be refused at each rank count, by the `same` message, and to leave nothing."""
    before = here.names()
    messages = set()
    for count in ranks:
        outcome = here.run(*command, ranks=count).ends_with(code, *texts)
        messages.update(outcome.messages())
        new = [name for name in here.names() if name not in before]
        expect(not new, f"{outcome.command}\n  leaves {new}")
    if same:
        expect(len(messages) == 1, f"{command}: messages differ by rank count: {messages}")


def temporaries_in(folder):
    return sorted(str(path) for path in pathlib.Path(folder).rglob("*.tmp*"))


def run_check(check, program, data):
    """True when it holds; prints what is checked, and how it failed."""
    name = getattr(check, "__name__", str(check)).replace("_", " ")
    start = time.monotonic()
    folder = tempfile.mkdtemp(prefix="alsace-test-")
    os.chmod(folder, 0o755)
    try:
        check(Place(program, data, folder))
        print(f"ok      {name}  ({time.monotonic() - start:.1f} s)", flush=True)
        return True
    except Skip as reason:
        print(f"skipped {name}: {reason}", flush=True)
        return True
    except AssertionError as failure:
        print(f"FAILED  {name}: {failure}", flush=True)
    except Exception:
        print(f"FAILED  {name}: {traceback.format_exc()}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return False


def run_checks(checks, workers=1):
    """Runs them all, those whose name contains the third argument if there is one, and exits 0 or 1."""
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]")
    program, data = map(os.path.abspath, sys.argv[1:3])
    chosen = [check for check in checks if len(sys.argv) < 4 or sys.argv[3] in check.__name__]
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        good = list(pool.map(lambda check: run_check(check, program, data), chosen))
    print(f"{sum(good)} of {len(good)} checks hold")
    sys.exit(0 if good and all(good) else 1)
