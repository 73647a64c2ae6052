#!/usr/bin/env python3
"""`alsace import` of a made-up CSV file beside pandas.read_csv of the same file, in turn, each on one core.

An import parses, maps ids to indices, merges duplicates, sorts, and writes a data set that is read back and hashed.
pandas.read_csv only parses; with factorize() of both columns it has indices too. Skips, saying so, without pandas.
"""

import argparse
import pathlib
import sys
import tempfile

from support.scripts import Tables, alsace, mpirun, timed

PANDAS = """
import pandas
table = pandas.read_csv({file!r}, engine="c")
if {factorize}:
    users, user_ids = pandas.factorize(table["user"], sort=True)
    items, item_ids = pandas.factorize(table["item"], sort=True)
print(len(table))
"""


def pandas_version(python):
    outcome = timed([python, "-c", "import pandas; print(pandas.__version__)"], may_fail=True)
    return outcome.text.strip() if outcome.code == 0 else None


def contestants(options, folder, file):
    """{name: command}. Each runs on one core: pandas has one thread, and so has the import."""
    def run_pandas(factorize):
        return [options.python, "-c", PANDAS.format(file=str(file), factorize=factorize)]

    run_import = [alsace(), "import", str(file), "--out", str(folder / "imported"), "--overwrite", "--log-level", "warn"]
    commands = {"alsace import, 1 rank": run_import, "alsace import, 2 ranks": mpirun(2) + run_import}
    if options.pandas is not None:
        commands["pandas.read_csv"] = run_pandas(False)
        commands["pandas.read_csv + factorize"] = run_pandas(True)
    return commands


def measure(options, folder):
    tables = Tables("import", ranks=1)
    file = folder / "interactions.csv"
    timed(mpirun(2) + [alsace(), "synth", "--users", str(options.interactions // 140), "--items",
                       str(max(options.interactions // 700, 1000)), "--interactions", str(options.interactions), "--seed",
                       "1", "--out", str(file), "--log-level", "warn"])
    megabytes = file.stat().st_size / 1e6
    commands = contestants(options, folder, file)
    runs = {name: [] for name in commands}
    for round_ in range(options.rounds):
        for name, command in commands.items():
            outcome = timed(command)
            runs[name].append(outcome)
            print(f"  {round_ + 1} of {options.rounds}  {name:<28} {outcome.seconds:8.2f} s", file=sys.stderr, flush=True)

    tables.section(f"Import of {megabytes:.0f} MB, {options.interactions:,} interactions"
                   + (f"; pandas {options.pandas}" if options.pandas else ""))
    reference = runs.get("pandas.read_csv")
    for name, outcomes in runs.items():
        row = {"what": name, "seconds": [run.seconds for run in outcomes],
               "MB/s": [megabytes / run.seconds for run in outcomes], "CPU s": [run.cpu_seconds for run in outcomes],
               "peak MiB": round(max(run.peak_bytes for run in outcomes) / 2**20)}
        if reference:
            row["times as fast as read_csv"] = [other.seconds / run.seconds
                                                for run, other in zip(outcomes, reference)]
        tables.add(row)
    if not reference:
        tables.note(f"left out: {options.python} has no pandas (Debian: python3-pandas)")
    else:
        rows = {int(run.text) for run in reference}
        tables.verify(rows == {options.interactions}, f"pandas read {rows} rows")
    inspected = timed([alsace(), "inspect", str(folder / "imported"), "--json"]).json()
    tables.verify(inspected["interactions"] == options.interactions,
                  f"the data set has {inspected['interactions']:,} interactions")
    return tables.finish(options.json)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=int, default=65_000_000, help="65,000,000 make a file of 1 GB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", help="where the files go; default: a temporary directory")
    parser.add_argument("--python", default="/usr/bin/python3", help="one that has pandas")
    parser.add_argument("--json", help="file to write all figures to")
    parser.add_argument("--quick", action="store_true", help="100,000 interactions, one round: measures nothing")
    options = parser.parse_args()
    if options.quick:
        options.interactions, options.rounds = 100_000, 1
    options.pandas = pandas_version(options.python)
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        return measure(options, pathlib.Path(folder))


sys.exit(main())
