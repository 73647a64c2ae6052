"""Training of a hundred million interactions from an imported data set; see bench/large.sh."""

import argparse
import json
import pathlib
import sys
import tempfile

from support.scripts import Tables, alsace, mpirun, timed

USERS, ITEMS, INTERACTIONS = 1_000_000, 200_000, 100_000_000
QUICK_DIVISOR = 100
MEBIBYTE = 2**20
PHASES_OF_A_SWEEP = ("solve", "wait", "exchange", "gramian")


def bare_bytes(users, items, interactions, factors):
    """A 4-byte index and value of each interaction, once a side, and the factors: the data without the program."""
    return 16 * interactions + 4 * factors * (users + items)


class Training:
    """One run of `alsace train`, and what `alsace plan` had said of it."""

    def __init__(self, options, folder, ranks, exchange):
        self.ranks, self.exchange, self.sweeps = ranks, exchange, options.sweeps
        common = [str(folder / "data"), "--factors", str(options.factors), "--exchange", exchange]
        self.plan = timed([alsace(), "plan", *common, "--ranks", str(ranks), "--ranks-per-host", str(ranks),
                           "--json"]).json()["memory"]
        report = folder / f"report-{ranks}.json"
        model = folder / f"model-{ranks}"
        timed(mpirun(ranks) + [alsace(), "train", *common, "--model", str(model), "--sweeps", str(options.sweeps),
                               "--threads", "1", "--report-json", str(report), "--log-level", "warn"])
        self.report = json.loads(report.read_text(encoding="utf-8"))
        self.history = timed([alsace(), "inspect", str(model), "--json"]).json()["history"]

    def seconds(self, *phases):
        """Of a sweep, on the slowest rank of each phase."""
        return sum(self.report["phases"].get(phase, {"seconds": {"max": 0}})["seconds"]["max"]
                   for phase in phases) / self.sweeps

    @property
    def peak(self):
        return self.report["peak_memory_bytes"]["max"]


def measure(options, folder):
    sizes = (USERS, ITEMS, INTERACTIONS)
    if options.quick:
        sizes = tuple(size // QUICK_DIVISOR for size in sizes)
    users, items, interactions = sizes
    tables = Tables("large", ranks=2)
    file = folder / "interactions.csv"
    synth = timed(mpirun(2) + [alsace(), "synth", "--users", str(users), "--items", str(items), "--interactions",
                               str(interactions), "--seed", "100", "--out", str(file), "--log-level", "warn"])
    imported = timed(mpirun(2) + [alsace(), "import", str(file), "--out", str(folder / "data"), "--log-level", "warn"])
    megabytes = file.stat().st_size / 1e6
    file.unlink()
    tables.section(f"Getting {users:,} x {items:,} x {interactions:,} interactions there, on 2 ranks")
    for what, outcome in (("synth", synth), ("import", imported)):
        tables.add({"what": what, "seconds": round(outcome.seconds, 1), "MB": round(megabytes),
                    "MB/s": round(megabytes / outcome.seconds)})

    runs = [Training(options, folder, ranks, exchange) for ranks, exchange in ((1, "auto"), (2, "needed"))]
    bare = bare_bytes(users, items, interactions, options.factors)
    tables.section(f"Training, K = {options.factors}, one thread a rank, {options.sweeps} sweeps")
    for run in runs:
        planned = run.plan["training_peak_bytes"]
        tables.add({"ranks": run.ranks, "exchange": run.exchange,
                    "seconds a sweep": round(run.seconds(*PHASES_OF_A_SWEEP), 2),
                    "and its loss": round(run.seconds("loss"), 2), "load s": round(run.seconds("load") * run.sweeps, 1),
                    "peak MiB of a rank": round(run.peak / MEBIBYTE), "planned MiB": round(planned / MEBIBYTE),
                    "of the plan": round(run.peak / planned, 3), "of data and factors": round(run.peak / bare, 3),
                    "of 1 rank": round(run.peak / runs[0].peak, 3)})
    tables.note(f"data (4-byte index and value, once a side) and factors: {bare / MEBIBYTE:.0f} MiB")
    losses = [[record["loss"] for record in run.history] for run in runs]
    tables.verify(losses[0] == losses[1], "1 and 2 ranks have the same losses, to the bit")
    tables.verify(all(later < before for before, later in zip(losses[0], losses[0][1:])), "every sweep lowers the loss")
    return tables.finish(options.json)


def main():
    parser = argparse.ArgumentParser(prog="bench/large.sh", description=__doc__)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--sweeps", type=int, default=3)
    parser.add_argument("--directory", help="where the files go; default: a temporary directory")
    parser.add_argument("--json", help="file to write all figures to")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything: measures nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        return measure(options, pathlib.Path(folder))


sys.exit(main())
