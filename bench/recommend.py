"""Recommendations for all users beside the search alone; see bench/recommend.sh."""

import argparse
import filecmp
import os
import pathlib
import re
import sys
import tempfile

from support.scripts import Tables, alsace, mpirun, timed

USERS, ITEMS, SEEN, FACTORS, LENGTH = 1_000_000, 100_000, 30, 64, 20
QUICK_DIVISOR = 100
MEBIBYTE = 2**20


def make_model(folder, users, items):
    """Two sweeps on made-up interactions, 30 a user: factors and seen lists as training leaves them."""
    model = folder / f"model-{users}"
    if model.exists():
        return model
    data = folder / f"data-{users}"
    timed([alsace(), "synth", "--users", str(users), "--items", str(items), "--interactions", str(SEEN * users),
           "--format", "dataset", "--out", str(data), "--log-level", "warn"])
    timed([alsace(), "train", str(data), "--model", str(model), "--factors", str(FACTORS), "--sweeps", "2",
           "--log-level", "warn"])
    timed(["rm", "-r", str(data)])
    return model


class Contestant:
    """One way to make the lists of all users. Without a form it is the search alone."""

    def __init__(self, name, prefix, threads=1, ranks=1, form=None):
        self.name, self.prefix, self.threads, self.ranks, self.form = name, prefix, threads, ranks, form
        self.rates, self.wall, self.cpu, self.peaks, self.entries = [], [], [], [], None

    def run(self, model, out):
        if self.form is None:
            search = pathlib.Path(alsace()).parent / "bench/search_alone"
            outcome = timed(self.prefix + [search, "--model", model, "--k", LENGTH, "--threads", self.threads])
            told = outcome.json()
            self.entries = told["entries"]
            users, seconds, cpu = told["users"], told["seconds"], told["cpu_seconds"]
        else:
            outcome = timed(self.prefix + [alsace(), "recommend", "--model", model, "--users", "all", "--k", LENGTH,
                                           "--threads", self.threads, "--out", out, "--resume", "never"])
            told = re.search(r"wrote recommendations for (\d+) users in ([0-9.]+) s", outcome.log)
            users, seconds, cpu = int(told[1]), float(told[2]), outcome.cpu_seconds
        self.rates.append(users / seconds)
        self.wall.append(outcome.seconds)
        self.cpu.append(cpu)
        self.peaks.append(outcome.peak_bytes / MEBIBYTE)


def entries_of(csv):
    """Lines but the head, and whether users come in ascending blocks, each once: ids are numbers, in order of value."""
    count, last, ascending = 0, 0, True
    with open(csv, encoding="utf-8") as file:
        next(file)
        for line in file:
            user = int(line[:line.index(",")])
            ascending = ascending and user >= last
            last = user
            count += 1
    return count, ascending


def measure(options, folder):
    users, items = (USERS // QUICK_DIVISOR, ITEMS // QUICK_DIVISOR) if options.quick else (USERS, ITEMS)
    rounds = 1 if options.quick else options.rounds
    models = pathlib.Path(options.models) if options.models else folder
    model, half = make_model(models, users, items), make_model(models, users // 2, items)
    tables = Tables("recommend", ranks=2)
    core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    contestants = [
        Contestant("search alone, one core", core),
        Contestant("csv, one core", core, form="csv"),
        Contestant("hdf5, one core", core, form="h5"),
        Contestant("csv, 1 thread", [], form="csv"),
        Contestant("hdf5, 1 thread", [], form="h5"),
        Contestant("search alone, 2 threads", [], threads=2),
        Contestant("csv, 2 threads", [], threads=2, form="csv"),
        Contestant("csv, 2 ranks", mpirun(2), ranks=2, form="csv"),
        Contestant("hdf5, 2 ranks", mpirun(2), ranks=2, form="h5"),
    ]
    reference, same = None, True
    for _ in range(rounds):  # no round to warm up: a run is long, and the first reads the model into the page cache
        for contestant in contestants:
            out = folder / f"{contestant.name.replace(' ', '-')}.{contestant.form}"
            contestant.run(model, out)
            print(f"  {contestant.name}: {contestant.rates[-1]:.0f} users/s, {contestant.cpu[-1]:.1f} CPU s",
                  file=sys.stderr, flush=True)
            if contestant.form == "csv":
                reference = reference or out
                same = same and filecmp.cmp(reference, out, shallow=False)
            if out != reference:
                out.unlink(missing_ok=True)

    alone = {contestant.ranks * contestant.threads: contestant for contestant in contestants if contestant.form is None}
    tables.section(f"The {LENGTH} best of {items:,} items for each of {users:,} users, {FACTORS} factors")
    for contestant in contestants:
        yardstick = alone[contestant.ranks * contestant.threads]
        tables.add({"what": contestant.name, "users/s": contestant.rates,
                    "of the search alone": [a / b for a, b in zip(contestant.rates, yardstick.rates)],
                    "CPU s": contestant.cpu, "search's CPU": [a / b for a, b in zip(yardstick.cpu, contestant.cpu)],
                    "whole run s": contestant.wall,
                    "peak MiB of a rank": round(max(contestant.peaks))})
    tables.note("users/s: without start, reading and indexing of the items, which the whole run and its CPU have; a "
                "rank that waits uses CPU too.")
    tables.note("search's CPU: the share that the search alone takes of it: on one core of one's own, that of users/s.")

    count, ascending = entries_of(reference)
    tables.verify(count == alone[1].entries and ascending, f"{count} lines, users in order: every list is there once")
    tables.verify(same, "one rank, two threads and two ranks write the same bytes")
    tables.section("Peak MiB of one rank")
    for form in ("csv", "h5"):
        peaks = []
        for each in (half, model):
            contestant = Contestant("", [], form=form)
            out = folder / f"half.{form}"
            contestant.run(each, out)
            out.unlink()
            peaks += contestant.peaks
        tables.add({"format": form, f"{users // 2:,} users": round(peaks[0]), f"{users:,} users": round(peaks[1])})
    return tables.finish(options.json)


def main():
    parser = argparse.ArgumentParser(prog="bench/recommend.sh", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", help="where the files go; default: a temporary directory")
    parser.add_argument("--models", help="where models are kept from run to run")
    parser.add_argument("--json", help="file to write all figures to")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything: measures nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        return measure(options, pathlib.Path(folder))


sys.exit(main())
