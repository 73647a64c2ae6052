#!/usr/bin/env python3
"""The program bare, without mpirun: the road from raw rows to recommendations, and INT, TERM and USR1 while it trains.

usage: one_rank_signals_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import ast
import csv
import io
import json
import os
import re
import signal
import struct

from support import expect, run_checks, temporaries_in

INTERRUPTED = 6
ITEMS, USERS, ROWS = 150, 300, 6000
LONG = ["--factors", "64", "--threads", "1", "--sweeps", "100000", "--checkpoint-every", "100000"]


def synthetic(here, name="raw.csv", seed=1):
    here.done("synth", "--users", USERS, "--items", ITEMS, "--interactions", ROWS, "--seed", seed, "--out", name)
    return name


def shape_and_numbers(npy):
    """A .npy file of float32, read by its specification."""
    expect(npy[:6] == b"\x93NUMPY", "no .npy file")
    length = struct.unpack("<H", npy[8:10])[0]
    header = ast.literal_eval(npy[10:10 + length].decode())
    expect(header["descr"] == "<f4" and not header["fortran_order"], f"header = {header}")
    rows, columns = header["shape"]
    return header["shape"], struct.unpack(f"<{rows * columns}f", npy[10 + length:])


def road_from_raw_rows_to_recommendations(here):
    synthetic(here)
    here.done("synth", "--users", USERS, "--items", ITEMS, "--interactions", ROWS, "--ratings", "--format", "dataset",
              "--out", "ratings")
    here.done("verify", "ratings")
    report = dict(re.findall(r"^(\w+(?: \w+)?) {2,}(\S+)", here.done("import", "raw.csv", "--out", "data"), re.M))
    found = [int(report[name]) for name in ("rows read", "users", "interactions")]
    expect(found == [ROWS, USERS, ROWS], str(report))
    here.done("split", "data", "--out", "parts", "--test", "0.2", "--valid", "0.1")
    parts = [json.loads(here.done("inspect", f"parts/{part}", "--json"))["interactions"]
             for part in ("train", "valid", "test")]
    expect(sum(parts) == ROWS and min(parts) > ROWS // 20, f"parts = {parts}")
    here.done("train", "parts/train", "--valid", "parts/valid", "--model", "model", "--factors", "8", "--sweeps", "4",
              "--threads", "2")
    expect(" good: " in here.done("verify", "model"), "verify does not say good")
    inspect_tells_what_the_contract_names(here)
    evaluate_tells_numbers(here)
    lists_are_csv_and_json_lines(here)
    exports_agree(here)


def inspect_tells_what_the_contract_names(here):
    told = json.loads(here.done("inspect", "model", "--json"))
    wanted = {"users": USERS, "factors": 8, "sweep": 4, "complete": True}
    found = {name: told.get(name) for name in wanted}
    expect(found == wanted, f"inspect --json has {found}, expected {wanted}")
    expect(told["parameters"]["objective"] == "ials", str(told["parameters"]))
    expect(told["interactions"] > ROWS / 2 and 0 < told["items"] <= ITEMS, str(told))
    expect([record["sweep"] for record in told["history"]] == [1, 2, 3, 4], str(told["history"]))
    for record in told["history"]:
        expect(record["loss"] > 0 and record["seconds"] >= 0 and 0 <= record["metrics"]["ndcg@100"] <= 1, str(record))
    expect("sweep 4: loss" in here.done("inspect", "model"), "inspect as text")


def evaluate_tells_numbers(here):
    metrics = json.loads(here.done("evaluate", "--model", "model", "--test", "parts/test", "--json"))
    for name in ("ndcg@100", "recall@20", "auc"):
        expect(0 < metrics[name] <= 1 and 0 < metrics["baseline"][name] <= 1, f"{name}: {metrics}")
    expect("ndcg@100" in here.done("evaluate", "--model", "model", "--test", "parts/test"), "evaluate as a table")
    here.done("train", "ratings", "--objective", "explicit", "--model", "rated", "--factors", "4", "--sweeps", "3")
    metrics = json.loads(here.done("evaluate", "--model", "rated", "--test", "ratings", "--json"))
    expect(0 < metrics["rmse"] < 3 and 0 < metrics["mae"] <= metrics["rmse"], str(metrics))


def lists_are_csv_and_json_lines(here):
    here.done("recommend", "--model", "model", "--k", "3", "--out", "top.csv")
    rows = list(csv.DictReader(io.StringIO(here.path("top.csv").read_text())))
    expect(len(rows) == 3 * USERS, f"{len(rows)} rows")
    expect(list(rows[0]) == ["user", "item", "rank", "score"], str(rows[0]))
    here.done("recommend", "--model", "model", "--k", "3", "--out", "top.jsonl")
    lines = [json.loads(line) for line in here.path("top.jsonl").read_text().splitlines()]
    same = [(line["user"], line["item"], line["rank"]) for line in lines] == [
        (row["user"], row["item"], int(row["rank"])) for row in rows]
    expect(same, "CSV and JSON lines differ")
    near = json.loads(here.done("similar", "--model", "model", "--item", rows[0]["item"], "--k", "5", "--json"))
    expect(near["item"] == rows[0]["item"] and len(near["items"]) == 5, str(near))


def exports_agree(here):
    binary, told = here.exported("model", "npy"), json.loads(here.done("inspect", "model", "--json"))
    here.done("export", "--model", "model", "--format", "csv", "--out", "csv")
    for side, count in (("user", told["users"]), ("item", told["items"])):
        shape, numbers = shape_and_numbers(binary[f"{side}_factors.npy"])
        ids = binary[f"{side}s.txt"].decode().splitlines()
        expect(shape == (count, 8) and len(ids) == count, f"{side}: shape = {shape}, {len(ids)} ids")
        rows = list(csv.reader(io.StringIO(here.path(f"csv/{side}_factors.csv").read_text())))[1:]
        expect([row[0] for row in rows] == ids, f"{side}: ids differ")
        written = [float(number) for row in rows for number in row[1:9]]
        closest = [struct.unpack("<f", struct.pack("<f", number))[0] for number in written]
        expect(closest == list(numbers), f"{side}: numbers differ")


def started(here, *more):
    """A long training run that has done three sweeps; nothing is committed yet."""
    run = here.start("train", synthetic(here), "--model", "model", *LONG, *more)
    run.wait_for_log(r"sweep +3/")
    return run


def signal_ends_with_6_and_a_checkpoint(here, number):
    run = started(here)
    os.kill(run.pid, number)
    name = signal.Signals(number).name
    outcome = run.wait(60).ends_with(INTERRUPTED, f"stopped by {name} after sweep", "the same command goes on")
    told = json.loads(here.done("inspect", "model", "--json"))
    last = max(map(int, re.findall(r"sweep +(\d+)/", outcome.err)))
    expect(told["sweep"] == last >= 3, f"sweep = {told['sweep']}, expected {last}")
    expect(told["complete"] is False, "complete is not false")
    expect(f"after sweep {last} of" in outcome.err, outcome.tail())
    here.done("verify", "model")
    expect(not temporaries_in(here.folder), f"left: {temporaries_in(here.folder)}")


def int_ends_with_6_and_a_checkpoint(here):
    signal_ends_with_6_and_a_checkpoint(here, signal.SIGINT)


def term_ends_with_6_and_a_checkpoint(here):
    signal_ends_with_6_and_a_checkpoint(here, signal.SIGTERM)


def usr1_ends_with_6_and_a_checkpoint(here):
    signal_ends_with_6_and_a_checkpoint(here, signal.SIGUSR1)


def stopped_run_goes_on_to_the_bits_of_an_undisturbed_one(here):
    run = started(here)
    os.kill(run.pid, signal.SIGTERM)
    run.wait(60).ends_with(INTERRUPTED)
    told = json.loads(here.done("inspect", "model", "--json"))
    # The same parameters but for the sweeps, which may only grow, in a run that ends with the one that was stopped.
    here.done("train", "raw.csv", "--model", "other", *LONG, "--max-hours", "1", "--sweeps", told["sweep"] + 2)
    again = here.start("train", "raw.csv", "--model", "model", *LONG, "--checkpoint-every", "1", "--keep", "1000")
    again.wait_for_log(rf"committed model/sweep-{told['sweep'] + 2:06}")
    os.kill(again.pid, signal.SIGINT)
    again.wait(60).ends_with(INTERRUPTED)
    resumed = here.exported(f"model/sweep-{told['sweep'] + 2:06}", "resumed")
    expect(resumed == here.exported("other", "undisturbed"), "the bits differ")


def second_signal_ends_it_at_once(here):
    run = started(here)
    os.kill(run.pid, signal.SIGUSR1)
    os.kill(run.pid, signal.SIGTERM)
    outcome = run.wait(10)
    expect(outcome.code == -signal.SIGTERM, f"exit code = {outcome.code}, expected SIGTERM\n{outcome.tail()}")
    if here.path("model/latest").is_symlink():
        here.done("verify", "model")
    here.done("train", "raw.csv", "--model", "model", *LONG, "--sweeps", "2", "--resume", "never", "--overwrite")
    expect(not temporaries_in(here.folder), f"left: {temporaries_in(here.folder)}")


def time_limit_ends_with_6(here):
    run = here.start("train", synthetic(here), "--model", "model", *LONG, "--max-hours", "0.0003")
    run.wait(60).ends_with(INTERRUPTED, "stopped by the time limit after sweep")
    here.done("verify", "model")
    run = here.start("train", "raw.csv", "--model", "none", *LONG, "--max-hours", "1e-9")
    run.wait(60).ends_with(INTERRUPTED, "stopped by the time limit before the first sweep was complete")
    expect(not here.path("none/latest").exists(), "there is a checkpoint")


run_checks([road_from_raw_rows_to_recommendations, int_ends_with_6_and_a_checkpoint, term_ends_with_6_and_a_checkpoint,
            usr1_ends_with_6_and_a_checkpoint, stopped_run_goes_on_to_the_bits_of_an_undisturbed_one,
            second_signal_ends_it_at_once, time_limit_ends_with_6])
