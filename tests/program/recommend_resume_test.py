#!/usr/bin/env python3
"""`recommend --users all` that is killed or stopped goes on where it was, on as many ranks or others: every user is in
the file once, and the file is that of a run that nobody disturbed. And its memory does not grow with the users.
RECOMMEND_KILLS: how often a run is killed at least (8).

usage: recommend_resume_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import json
import os
import random
import signal
import time

from support import BARE, expect, run_checks, with_module

with_module("h5py", "python3-h5py")
import h5py  # noqa: E402

INTERRUPTED = 6
KILLS = int(os.environ.get("RECOMMEND_KILLS", "8"))
USERS, ITEMS, K = 150_000, 1_500, 10
ALL = ["--users", "all", "--k", K, "--threads", "1", "--save-every", "0.02"]


def model_of(here, users=USERS, name="model"):
    here.done("synth", "--users", users, "--items", ITEMS, "--interactions", 4 * users, "--seed", "5", "--out",
              f"{name}.csv")
    here.done("train", f"{name}.csv", "--model", name, "--factors", "32", "--sweeps", "1", "--threads", "2")
    return name


def leftovers(here):
    return [name for name in here.names() if "alsace-" in name]


def progress_of(here, out):
    return here.path(f"{out}.lists.alsace-progress" if out.endswith(".h5") else f"{out}.alsace-progress")


def killed_again_and_again(here, out, chance):
    """Starts the same command until it has been killed KILLS times in its work; then lets it end. Returns how often a
    run went on with what was there."""
    command = ["recommend", "--model", "model", *ALL, "--out", out]
    kills = resumed = 0
    while kills < KILLS:
        run = here.start(*command, ranks=chance.choice([BARE, 2, 3]))
        run.wait_for_log("items scored for")
        while kills % 4 != 3 and not progress_of(here, out).exists() and run.process.poll() is None:
            time.sleep(0.002)  # every fourth kill may come before anything is saved
        time.sleep(chance.uniform(0, 0.2))
        over = run.process.poll() is not None
        run.kill_all()
        outcome = run.wait()
        resumed += "goes on after" in outcome.err
        if over:
            expect(outcome.code == 0, outcome.tail())
            here.path(out).unlink()
        kills += not over
    last = here.run(*command, ranks=2).ends_with(0)
    return resumed + ("goes on after" in last.err)


def a_killed_run_goes_on_to_the_same_file(here):
    model_of(here)
    for number, out in enumerate(["top.csv", "top.jsonl", "top.h5"]):
        here.done("recommend", "--model", "model", *ALL, "--out", f"undisturbed-{out}")
        resumed = killed_again_and_again(here, out, random.Random(number))
        print(f"        {out}: {resumed} of {KILLS + 1} runs went on with what was there", flush=True)
        expect(resumed >= KILLS // 2, f"{resumed} runs went on")
        expect(here.path(out).read_bytes() == here.path(f"undisturbed-{out}").read_bytes(), f"{out} is another file")
        expect(not leftovers(here), f"left behind: {leftovers(here)}")


def hdf5_and_jsonl_say_what_csv_says(here):
    model_of(here, users=500)
    for out in ("top.csv", "top.jsonl", "top.h5"):
        here.done("recommend", "--model", "model", *ALL, "--out", out)
    lines = [line.split(",") for line in here.path("top.csv").read_text().splitlines()[1:]]
    entries = [(user, item, int(rank), float(score)) for user, item, rank, score in lines]

    objects = [json.loads(line) for line in here.path("top.jsonl").read_text().splitlines()]
    expect([(each["user"], each["item"], each["rank"], each["score"]) for each in objects] == entries, "top.jsonl")

    with h5py.File(here.path("top.h5")) as file:
        users, items = file["users/ids"][:], file["items/ids"][:]
        begins, columns, scores = (file[f"lists/{name}"][:] for name in ("indptr", "items", "scores"))
    stored = [(users[user].decode(), items[columns[at]].decode(), at - begins[user] + 1, scores[at])
              for user in range(len(users)) for at in range(begins[user], begins[user + 1])]
    expect(len(users) == 500 and len(stored) == len(entries) == 500 * K, f"{len(users)} users, {len(stored)} entries")
    # A decimal that reads back as the same fp32 need not be the nearest double.
    expect(all(a[:3] == b[:3] and abs(a[3] - b[3]) <= 1e-7 * abs(b[3]) for a, b in zip(stored, entries)), "top.h5")


def int_stops_it_in_order_and_the_next_run_goes_on(here):
    model_of(here)
    command = ["recommend", "--model", "model", *ALL, "--out", "top.csv"]
    run = here.start(*command)
    run.wait_for_log("items scored for")
    time.sleep(0.05)
    os.kill(run.pid, signal.SIGINT)
    run.wait().ends_with(INTERRUPTED, "the same command goes on from there")
    expect(not here.path("top.csv").exists(), "the file has its name already")

    other = here.run(*command, "--include-seen").ends_with(0)
    expect("goes on after" not in other.err, "went on with lists of another command")
    here.run(*command).ends_with(0)


def memory_does_not_grow_with_the_users(here):
    peaks = []
    for users in (140_000, 280_000):
        model_of(here, users, f"of-{users}")
        run = here.run("recommend", "--model", f"of-{users}", "--users", "all", "--k", "5", "--threads", "1", "--out",
                       "top.csv", before=["/usr/bin/env", "python3", "-c", PEAK]).ends_with(0)
        peaks.append(int(run.err.rsplit("peak ", 1)[1]))
    print(f"        peaks: {[peak >> 10 for peak in peaks]} MiB for 140,000 and 280,000 users", flush=True)
    expect(peaks[1] <= 1.1 * peaks[0], f"peaks in KiB: {peaks}")


# Runs a command and says its peak.
PEAK = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""

run_checks([a_killed_run_goes_on_to_the_same_file, hdf5_and_jsonl_say_what_csv_says,
            int_stops_it_in_order_and_the_next_run_goes_on, memory_does_not_grow_with_the_users])
