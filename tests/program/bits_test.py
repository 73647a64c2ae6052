#!/usr/bin/env python3
"""The same bits whatever the ranks, the threads and the form of the input, and whether a run was stopped or not.

usage: bits_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import os
import signal

from support import BARE, expect, expect_same, rows_of, run_checks

INTERRUPTED = 6
OBJECTIVES = {
    "ials": ["--objective", "ials", "--unobserved-weight", "0.3", "--regularization", "0.01"],
    "hkv": ["--objective", "hkv", "--alpha", "20", "--value", "raw"],
    "explicit": ["--objective", "explicit"],
}
# The metric falls and rises again before its best, and then does not come back.
OVERFITTING = ["--objective", "hkv", "--factors", "32", "--regularization", "0.1", "--alpha", "5"]


def train_command(place, model, options, source, threads, sweeps):
    source = source or place.data / "split_random/train.csv"
    return ["train", source, "--model", model, "--threads", threads, "--sweeps", sweeps, *options]


def train(place, model, options, source=None, ranks=BARE, threads=1, sweeps=3):
    return place.run(*train_command(place, model, options, source, threads, sweeps), ranks=ranks).ends_with(0)


def trained(place, model, options, **how):
    train(place, model, options, **how)
    return place.state_of(model)


def held_out(place):
    """Enough to measure by; the whole file would take most of the time."""
    return place.write_rows("held-out.csv", rows_of(place.data / "split_random/valid.csv", 1000))


def same_bits_on_any_ranks_and_threads(place, objective):
    options = [*OBJECTIVES[objective], "--factors", "16"]
    measured = [*options, "--valid", held_out(place)]
    expected = trained(place, "reference", measured)
    expect(len(expected["inspect.history"]) == 3 and expected["inspect.history"][2]["metrics"], "no history to compare")
    for ranks, threads in ((1, 2), (2, 1), (3, 2), (4, 1)):
        name = f"{ranks} ranks, {threads} threads"
        expect_same(expected, trained(place, name, measured, ranks=ranks, threads=threads), name)

    place.done("import", place.data / "split_random/train.csv", "--out", "imported", ranks=3)
    place.done("import", held_out(place), "--out", "held-out", ranks=2)
    measured = [*options, "--valid", "held-out"]
    for ranks in (BARE, 2, 4):
        name = f"imported, {ranks} ranks"
        expect_same(expected, trained(place, name, measured, source="imported", ranks=ranks), name)


def ials_has_the_same_bits_on_any_ranks_and_threads(place):
    same_bits_on_any_ranks_and_threads(place, "ials")


def hkv_has_the_same_bits_on_any_ranks_and_threads(place):
    same_bits_on_any_ranks_and_threads(place, "hkv")


def explicit_has_the_same_bits_on_any_ranks_and_threads(place):
    same_bits_on_any_ranks_and_threads(place, "explicit")


def another_seed_gives_other_bits(place):
    """Or the comparisons above would show nothing."""
    first, second = (trained(place, seed, ["--factors", "4", "--seed", seed], sweeps=1) for seed in ("1", "2"))
    for name in ("user_factors.npy", "item_factors.npy", "inspect.history"):
        expect(first[name] != second[name], f"{name} does not depend on the seed")


def more_ranks_than_rows_give_the_same_bits(place):
    place.write_rows("tiny.csv", [("a", "x", 1), ("a", "y", 4), ("b", "y", 2), ("c", "x", 5)], "user,item,value")
    place.write_rows("held-out.csv", [("b", "x", 3)], "user,item,value")
    place.done("import", "tiny.csv", "--out", "imported", ranks=6)
    for objective, options in OBJECTIVES.items():
        options = [*options, "--factors", "2", "--valid", "held-out.csv"]
        expected = trained(place, objective, options, source="tiny.csv")
        for source in ("tiny.csv", "imported"):
            name = f"{objective} of {source} on 6 ranks"
            expect_same(expected, trained(place, name, options, source=source, ranks=6), name)


def the_portable_kernels_give_the_same_bits_on_any_ranks(place):
    options = ["--factors", "16", "--kernels", "portable"]
    expect_same(trained(place, "1", options, threads=2), trained(place, "3", options, ranks=3), "portable kernels")


def stopped_after_sweep_5_on_2_ranks_and_resumed_on_3(place, objective):
    options = [*OBJECTIVES[objective], "--factors", "16", "--valid", held_out(place)]
    expected = trained(place, "undisturbed", options, sweeps=8, ranks=2, threads=2)
    train(place, "stopped", options, sweeps=5, ranks=2)
    expect(place.inspected("stopped")["sweep"] == 5, "not stopped after sweep 5")
    train(place, "stopped", options, sweeps=8, ranks=3).says("goes on after sweep 5")
    expect_same(expected, place.state_of("stopped"), "resumed on 3 ranks")


def ials_resumed_on_other_ranks_has_the_bits_of_an_undisturbed_run(place):
    stopped_after_sweep_5_on_2_ranks_and_resumed_on_3(place, "ials")


def hkv_resumed_on_other_ranks_has_the_bits_of_an_undisturbed_run(place):
    stopped_after_sweep_5_on_2_ranks_and_resumed_on_3(place, "hkv")


def explicit_resumed_on_other_ranks_has_the_bits_of_an_undisturbed_run(place):
    stopped_after_sweep_5_on_2_ranks_and_resumed_on_3(place, "explicit")


def itself(running):
    return running.pid


def one_of_its_ranks(running):
    return next(pid for pid, name in running.processes().items() if name == "alsace")


def interrupt(place, model, options, sweeps, ranks, whom):
    """Trains until the log tells of the second sweep, then sends SIGUSR1 to the process that `whom` names."""
    running = place.start(*train_command(place, model, options, None, 1, sweeps), ranks=ranks)
    expect(running.wait_for_log("sweep +2/"), "ended before the second sweep")
    os.kill(whom(running), signal.SIGUSR1)
    running.wait().ends_with(INTERRUPTED, "SIGUSR1")
    told = place.inspected(model)
    expect(2 <= told["sweep"] < sweeps, f"stopped after sweep {told['sweep']} of {sweeps}")
    expect(told["complete"] is False, "an interrupted run is called complete")


def an_interrupted_run_goes_on_to_the_same_bits(place):
    quick = [*OBJECTIVES["ials"], "--factors", "48", "--checkpoint-every", "50"]
    slow = [*OBJECTIVES["ials"], "--factors", "16", "--checkpoint-every", "50",
            "--valid", place.data / "split_random/valid.csv"]
    undisturbed = {40: trained(place, "40", quick, sweeps=40), 8: trained(place, "8", slow, sweeps=8, ranks=2)}
    for name, options, sweeps, ranks, whom in (("bare, the process", quick, 40, BARE, itself),
                                               ("2 ranks, mpirun", slow, 8, 2, itself),
                                               ("2 ranks, one of them", quick, 40, 2, one_of_its_ranks)):
        interrupt(place, name, options, sweeps, ranks, whom)
        train(place, name, options, sweeps=sweeps, ranks=3)
        expect_same(undisturbed[sweeps], place.state_of(name), "SIGUSR1 to " + name)


def a_run_cut_by_max_hours_goes_on_to_the_same_bits(place):
    options = [*OBJECTIVES["hkv"], "--factors", "16", "--valid", place.data / "split_random/valid.csv"]
    expected = trained(place, "undisturbed", options, sweeps=6)
    seconds, cuts = 0.15, 0
    for attempt in range(30):
        limited = [*options, "--max-hours", seconds / 3600]
        outcome = place.run(*train_command(place, "cut", limited, None, 1, 6), ranks=1 + attempt % 3)
        if outcome.code == 0:
            break
        outcome.ends_with(INTERRUPTED, "the time limit")
        cuts, seconds = cuts + 1, seconds * 1.2  # a slow machine gets somewhere as well
    expect(cuts > 0, "was never cut")
    expect_same(expected, place.state_of("cut"), f"cut {cuts} times")


def early_stopping_decides_alike_when_resumed(place):
    options = [*OVERFITTING, "--valid", held_out(place), "--patience", "3", "--valid-metrics", "ndcg@20,recall@20"]
    expected = trained(place, "undisturbed", options, sweeps=30, ranks=2)
    sweep, best = expected["inspect.sweep"], expected["inspect.early_stopping"]["best_sweep"]
    expect(sweep < 30 and sweep == best + 3, f"should stop 3 sweeps after the best, {best}; stopped after {sweep}")
    expect(expected["inspect.complete"] is True, "stopped early, but not complete")
    expect(expected["link best"] == f"sweep-{best:06}", f"best -> {expected['link best']}, the best sweep is {best}")
    for stop in {best, sweep - 2, sweep - 1}:
        name = f"stopped after {stop}"
        train(place, name, options, sweeps=stop, ranks=2)
        train(place, name, options, sweeps=30, ranks=3)
        expect_same(expected, place.state_of(name), name)


def commands_for_one_process_never_start_mpi(place):
    train(place, "model", ["--factors", "2"], sweeps=1)
    place.done("import", place.data / "split_random/valid.csv", "--out", "imported")
    no_mpi = {"OMPI_MCA_plm": "no_such_component", "OMPI_MCA_plm_rsh_agent": "/no/such/agent"}
    broken = place.run(*train_command(place, "other", ["--factors", "2"], None, 1, 1), env=no_mpi)
    expect(broken.code != 0, "MPI starts in this environment: the check would show nothing")
    for command in (["--help"], ["--version"], ["train", "--help"], ["import", "--help"], ["evaluate", "--help"],
                    ["inspect", "model"], ["inspect", "imported", "--json"], ["verify", "model"],
                    ["verify", "imported"], ["export", "--model", "model", "--out", "npy"],
                    ["export", "--model", "model", "--format", "csv", "--out", "csv"]):
        place.done(*command, env=no_mpi)


run_checks([
    ials_has_the_same_bits_on_any_ranks_and_threads,
    hkv_has_the_same_bits_on_any_ranks_and_threads,
    explicit_has_the_same_bits_on_any_ranks_and_threads,
    another_seed_gives_other_bits,
    more_ranks_than_rows_give_the_same_bits,
    the_portable_kernels_give_the_same_bits_on_any_ranks,
    ials_resumed_on_other_ranks_has_the_bits_of_an_undisturbed_run,
    hkv_resumed_on_other_ranks_has_the_bits_of_an_undisturbed_run,
    explicit_resumed_on_other_ranks_has_the_bits_of_an_undisturbed_run,
    an_interrupted_run_goes_on_to_the_same_bits,
    a_run_cut_by_max_hours_goes_on_to_the_same_bits,
    early_stopping_decides_alike_when_resumed,
    commands_for_one_process_never_start_mpi,
])
