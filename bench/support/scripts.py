"""What the benches in Python share: running programs with their time and memory, and tables like bench/support/report."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def alsace():
    program = pathlib.Path(os.environ.get("ALSACE", ROOT / "build/release/alsace")).resolve()
    if not program.exists():
        sys.exit(f"{program} is not there: cmake --preset release && cmake --build build/release")
    return str(program)


def mpirun(ranks):
    return ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", str(ranks)]


def mpi_environment():
    """As cluster/packages.sh has it: one host, a container, root."""
    told = dict(os.environ, OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1",
                OMPI_MCA_btl_vader_single_copy_mechanism="none")
    if os.getuid() == 0:
        told.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return told


class Outcome:
    """A command that has ended: exit code, stdout, stderr, wall and CPU seconds, and the largest process' memory."""

    def __init__(self, code, text, log, seconds, usage):
        self.code, self.text, self.log, self.seconds = code, text, log, seconds
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_bytes = usage.ru_maxrss * 1024

    def json(self):
        return json.loads(self.text)


def timed(command, may_fail=False):
    """Runs a command to its end; what it and its children used is in the outcome."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begin = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, env=mpi_environment())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = code = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        log = err.read()
        if code and not may_fail:
            sys.exit(f"{' '.join(map(str, command))} ended with {code}:\n{log}")
        return Outcome(code, out.read(), log, seconds, usage)


def host(ranks):
    """What figures depend on."""
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(": ", 1)[1] for line in info if line.startswith("model name")), platform.processor())
    commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True,
                            check=False)
    return {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit.stdout.strip(), "cpu": model,
            "processors": len(os.sched_getaffinity(0)), "ranks": ranks, "python": platform.python_version()}


def middle(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


class Tables:
    """Tables for people on stdout, and the same as one JSON file. A cell that is a list is shown by median and spread."""

    def __init__(self, bench, ranks):
        self._json = {"bench": bench, "host": host(ranks), "sections": [], "verified": []}
        told = self._json["host"]
        print(f"{bench}: {told['cpu']}, {told['processors']} processor(s), {ranks} rank(s); commit {told['commit']}")
        self._failed = False

    def section(self, title):
        self._json["sections"].append({"title": title, "rows": [], "notes": []})

    def add(self, row):
        self._json["sections"][-1]["rows"].append(row)

    def note(self, sentence):
        self._json["sections"][-1]["notes"].append(sentence)

    def verify(self, holds, what):
        self._json["verified"].append({"what": what, "holds": bool(holds)})
        self.note(f"{'verified' if holds else 'NOT VERIFIED'}: {what}")
        self._failed = self._failed or not holds

    def finish(self, json_file):
        """Prints everything; returns the exit code."""
        for section in self._json["sections"]:
            print_section(section)
            for row in section["rows"]:
                for name, value in list(row.items()):
                    if isinstance(value, list):
                        row[name] = {**middle(value), "rounds": value}
        if json_file:
            pathlib.Path(json_file).write_text(json.dumps(self._json, indent=1) + "\n", encoding="utf-8")
        return 1 if self._failed else 0


def cell_text(value):
    if isinstance(value, list):
        spread = middle(value)
        digits = 0 if spread["median"] >= 100 else 2
        return f"{spread['median']:.{digits}f} ({spread['least']:.{digits}f}-{spread['most']:.{digits}f})"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def print_section(section):
    columns = list(dict.fromkeys(name for row in section["rows"] for name in row))
    cells = [[cell_text(row[name]) if name in row else "" for name in columns] for row in section["rows"]]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(columns)]
    print(f"\n{section['title']}")
    for line in [columns] + cells:
        print("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)).rstrip())
    for sentence in section["notes"]:
        print(f"  {sentence}")
    sys.stdout.flush()
