#!/usr/bin/env python3
"""Training that is killed, by kill -9 of a rank, of mpirun or of all, most of the time while a checkpoint is written.

Whatever the instant: no process survives, the model verifies, at most one interval is lost, and a run on another number
of ranks goes on to the bits of one that nobody disturbed. KILL_INSTANTS: how many instants (6); tests/kill.sh runs 90.
usage: kill_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import functools
import json
import os
import random
import re
import signal
import tempfile
import time

from support import Place, expect, run_checks, temporaries_in

INTERRUPTED, STORAGE = 6, 5
INSTANTS = int(os.environ.get("KILL_INSTANTS", "6"))
SWEEPS = 24
VICTIMS = ["a rank", "mpirun", "all"]
RANKS = [(2, 3), (3, 1), (2, 1), (3, 2)]  # of the run that is killed, and of the one that goes on


def train_command(here, model, interval=1, sweeps=SWEEPS):
    return ["train", here.data / "split_random/train.csv", "--model", model, "--factors", "16", "--threads", "1",
            "--sweeps", sweeps, "--checkpoint-every", interval]


def result_of(here, model, out):
    """All that has to be the same: the factors, and the history but for its times."""
    history = json.loads(here.done("inspect", model, "--json"))["history"]
    return here.exported(model, out), [(record["sweep"], record["loss"]) for record in history]


def sweeps_logged(log):
    return max([0, *map(int, re.findall(r"sweep +(\d+)/", log))])


def commits_logged(log):
    return max([0, *map(int, re.findall(r"committed \S+/sweep-(\d+)", log))])


def wait_for_staging(run, model, sweep):
    """Returns when a checkpoint of this sweep or a later one is being written; looks every half millisecond."""
    while run.process.poll() is None:
        names = os.listdir(model) if model.exists() else []
        if any(int(number) >= sweep for name in names for number in re.findall(r"^sweep-(\d+)\.tmp$", name)):
            return
        time.sleep(0.0005)


def kill(run, victim, program, chance):
    processes = run.processes()
    ranks = [pid for pid, name in processes.items() if name == os.path.basename(program)[:15]]
    chosen = {"a rank": [chance.choice(ranks)] if ranks else [], "mpirun": [run.pid], "all": list(processes)}[victim]
    for pid in chosen:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it had ended


def expect_good_model(here, model, outcome, interval):
    """What is committed verifies, and is at most one interval behind; returns its sweep, 0 without a checkpoint."""
    folder = here.path(model)
    committed = [name for name in (os.listdir(folder) if folder.exists() else []) if re.fullmatch(r"sweep-\d{6}", name)]
    done, said = sweeps_logged(outcome.err), commits_logged(outcome.err)
    if committed:
        here.done("verify", model)
        for name in committed:
            here.done("verify", f"{model}/{name}")
        sweep = json.loads(here.done("inspect", model, "--json"))["sweep"]
    else:
        here.run("verify", model).ends_with(STORAGE, model)
        sweep = 0
    expect(sweep >= said, f"committed is sweep {sweep}, but the log says {said}\n{outcome.tail()}")
    expect(sweep >= done - interval, f"committed is sweep {sweep}, done {done}, interval {interval}\n{outcome.tail()}")
    return sweep


def expect_good_resume(here, model, expected, interval, ranks, sweeps=SWEEPS):
    here.run(*train_command(here, model, interval, sweeps), ranks=ranks).ends_with(0)
    expect(not temporaries_in(here.path(model)), f"left: {temporaries_in(here.path(model))}")
    here.done("verify", model)
    expect(result_of(here, model, f"{model}-out") == expected, "differs from the undisturbed run")


@functools.cache
def undisturbed(program, data):
    """The result of a run that nobody disturbs, and how long a sweep takes: as long as a checkpoint is being written."""
    with tempfile.TemporaryDirectory() as folder:
        here = Place(program, data, folder)
        here.done(*train_command(here, "undisturbed"), "--report-json", "report.json", ranks=2)
        phases = json.loads(here.path("report.json").read_text())["phases"]
        seconds = sum(phase["seconds"]["mean"] for name, phase in phases.items() if name not in ("load", "prepare"))
        return result_of(here, "undisturbed", "undisturbed-out"), seconds / SWEEPS


def killed_at_any_instant_the_model_is_good_and_goes_on_to_the_same_bits(here):
    expected, sweep_seconds = undisturbed(here.program, here.data.parent)
    for instant in range(INSTANTS):
        chance = random.Random(instant)
        victim, (ranks, resumed_ranks) = VICTIMS[instant % 3], RANKS[instant % 4]
        interval = 1 if instant % 5 else 3
        model = f"model{instant}"
        first = chance.randrange(1, SWEEPS - 3)
        run = here.start(*train_command(here, model, interval), ranks=ranks)
        wait_for_staging(run, here.path(model), first)
        time.sleep(chance.uniform(0, 1.1 * sweep_seconds))
        kill(run, victim, here.program, chance)
        outcome = run.wait(30)  # fails when a process is still there
        sweep = expect_good_model(here, model, outcome, interval)
        left = [f"{path.name}: {len(os.listdir(path))} files" for path in here.path(model).glob("sweep-*.tmp")]
        print(f"        instant {instant}: kill -9 of {victim} of {ranks} ranks; left {left}; sweep "
              f"{sweeps_logged(outcome.err)} was done, {sweep} is committed; goes on with {resumed_ranks}", flush=True)
        expect(outcome.code != 0, "the run was over before it was killed")
        expect_good_resume(here, model, expected, interval, resumed_ranks)


def killed_while_it_reads_the_data_there_is_no_model(here):
    run = here.start(*train_command(here, "model"), ranks=2)
    run.wait_for_log("effective configuration")
    kill(run, "all", here.program, random.Random(1))
    outcome = run.wait(30)
    expect_good_model(here, "model", outcome, 1)


def killed_import_leaves_the_old_data_set_and_its_leftovers_go(here):
    ratings = here.data / "ratings.csv"
    here.done("import", ratings, "--out", "data")
    fingerprint = json.loads(here.done("inspect", "data", "--json"))["fingerprint"]
    for instant in range(3):
        run = here.start("import", ratings, "--out", "data", "--overwrite", ranks=3)
        while run.process.poll() is None and not here.path("data.tmp").exists():
            time.sleep(0.0005)
        time.sleep(0.05 * instant)
        kill(run, "all", here.program, random.Random(instant))
        run.wait(30)
        here.done("verify", "data")
    expect(fingerprint == json.loads(here.done("inspect", "data", "--json"))["fingerprint"], "another data set")
    here.done("import", ratings, "--out", "data", "--overwrite", ranks=2)
    expect(not temporaries_in(here.folder), f"left: {temporaries_in(here.folder)}")


def usr1_to_mpirun_ends_with_6_and_a_checkpoint_of_the_last_sweep(here):
    sweeps = 200  # without checkpoints they are fast
    here.done(*train_command(here, "undisturbed", 1000, sweeps), ranks=2)
    expected = result_of(here, "undisturbed", "undisturbed-out")
    run = here.start(*train_command(here, "model", 1000, sweeps), ranks=3)
    run.wait_for_log(r"sweep +3/")
    os.kill(run.pid, signal.SIGUSR1)
    outcome = run.wait(30).ends_with(INTERRUPTED, "stopped by SIGUSR1 after sweep", "the same command goes on")
    sweep = expect_good_model(here, "model", outcome, interval=1)
    expect(sweep == sweeps_logged(outcome.err), f"committed is sweep {sweep} of {sweeps_logged(outcome.err)}")
    expect(json.loads(here.done("inspect", "model", "--json"))["complete"] is False, "complete is not false")
    expect(not temporaries_in(here.path("model")), f"left: {temporaries_in(here.path('model'))}")
    expect_good_resume(here, "model", expected, 1000, ranks=2, sweeps=sweeps)


def term_to_mpirun_leaves_a_model_that_goes_on(here):
    expected, _ = undisturbed(here.program, here.data.parent)
    run = here.start(*train_command(here, "model"), ranks=2)
    run.wait_for_log(r"committed \S+/sweep-000002")
    os.kill(run.pid, signal.SIGTERM)
    outcome = run.wait(30)
    expect(outcome.code not in (0, STORAGE), f"exit code = {outcome.code}")
    expect_good_model(here, "model", outcome, interval=1)
    expect_good_resume(here, "model", expected, 1, ranks=3)


run_checks([killed_at_any_instant_the_model_is_good_and_goes_on_to_the_same_bits,
            killed_while_it_reads_the_data_there_is_no_model,
            killed_import_leaves_the_old_data_set_and_its_leftovers_go,
            usr1_to_mpirun_ends_with_6_and_a_checkpoint_of_the_last_sweep, term_to_mpirun_leaves_a_model_that_goes_on])
