#!/usr/bin/env python3
"""The resume contract: what may differ between a model and a run that goes on from it, and what is refused.

usage: resume_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import pathlib
import random
import re
import struct

from support import BARE, expect, expect_same, rows_of, run_checks

USAGE, STORAGE, INTERRUPTED = 2, 5, 6

IALS = {"--objective": "ials", "--factors": 4, "--sweeps": 2, "--value": "raw", "--seed": 7}
HKV = {"--objective": "hkv", "--factors": 4, "--sweeps": 2}
EXPLICIT = {"--objective": "explicit", "--factors": 4, "--sweeps": 2, "--regularization": 0.01}
MEASURED = {**IALS, "--valid": "held-out.csv", "--valid-metrics": "ndcg@20,recall@20"}

# base, option, another value, name in `inspect --json`, and what the message shows of the model and of the run
CHANGED_PARAMETERS = [
    (IALS, "--objective", "hkv", "objective", "ials", "hkv"),
    (IALS, "--objective", "explicit", "objective", "ials", "explicit"),
    (IALS, "--factors", 5, "factors", "4", "5"),
    (IALS, "--unobserved-weight", 0.25, "unobserved_weight", "0.1", "0.25"),
    (IALS, "--regularization", 0.004, "regularization", "0.003", "0.004"),
    (IALS, "--regularization-exponent", 0.5, "regularization_exponent", "1.0", "0.5"),
    (IALS, "--value", "binary", "value", "raw", "binary"),
    (IALS, "--negatives", "drop", "negatives", "error", "drop"),
    (IALS, "--solver", "cholesky", "solver", "auto", "cholesky"),
    (IALS, "--precision", "bf16", "precision", "fp32", "bf16"),
    (IALS, "--seed", 8, "seed", "7", "8"),
    (IALS, "--init-std", 0.2, "init_std", "0.1", "0.2"),
    (HKV, "--alpha", 20, "alpha", "10", "20"),
    (HKV, "--regularization", 6, "regularization", "5", "6"),
    (HKV, "--regularization-exponent", 1, "regularization_exponent", "0", "1"),
    (HKV, "--regularization-unobserved", 0.5, "regularization_unobserved", "0", "0.5"),
    (EXPLICIT, "--regularization", 0.02, "regularization", "0.01", "0.02"),
    (EXPLICIT, "--biases", "none", "biases", "full", "none"),
    (EXPLICIT, "--biases", "mean", "biases", "full", "mean"),
    (EXPLICIT, "--bias-regularization", 3, "bias_regularization", "2", "3"),
    (MEASURED, "--patience", 1, "patience", "0", "1"),
    (MEASURED, "--valid-metrics", "recall@20,ndcg@20", "metric", "ndcg@20", "recall@20"),
]
CHECKED_APART = {"sweeps", "init_items"}


def some_rows(place):
    return rows_of(place.data / "ratings.csv", 1500)


def write_inputs(place):
    place.write_rows("data.csv", some_rows(place))
    place.write_rows("held-out.csv", rows_of(place.data / "split_random/valid.csv", 300))


def command(model, options, source="data.csv"):
    given = [word for option, value in options.items() if value is not None for word in (option, value)]
    return ["train", *([source] if isinstance(source, str) else source), "--model", model, *given]


def train(place, model, options, source="data.csv", ranks=BARE):
    return place.run(*command(model, options, source), ranks=ranks).ends_with(0)


def refused(place, model, options, *texts, source="data.csv", ranks=BARE):
    """Exit code 2, all of `texts` in one line, and the model as it was."""
    with place.nothing_changes_in(model):
        return place.run(*command(model, options, source), ranks=ranks).ends_with(USAGE).says(*texts)


def every_changed_parameter_is_refused_with_both_values(place):
    write_inputs(place)
    names, wrong = set(), []
    for number, base in enumerate((IALS, HKV, EXPLICIT, MEASURED)):
        train(place, f"model-{number}", base)
        names |= set(place.inspected(f"model-{number}")["parameters"])
        for case in CHANGED_PARAMETERS:
            if case[0] is not base:
                continue
            _, option, value, name, old, new = case
            try:
                refused(place, f"model-{number}", {**base, option: value, "--sweeps": 3}, name, old, new)
            except AssertionError as failure:
                wrong.append(f"{option} {value}: {failure}")
    untried = names - CHECKED_APART - {case[3] for case in CHANGED_PARAMETERS}
    expect(not untried, f"parameters without a case here: {untried}")
    expect(not wrong, "\n".join(wrong))


def all_changed_parameters_are_named_at_once_on_several_ranks(place):
    write_inputs(place)
    train(place, "model", IALS)
    outcome = refused(place, "model", {**IALS, "--seed": 8, "--factors": 6}, "seed", "7", "8", ranks=3)
    outcome.says("factors", "4", "6")


def parameters_from_the_environment_and_a_file_are_compared_too(place):
    write_inputs(place)
    train(place, "model", IALS)
    words = command("model", {**IALS, "--seed": None})
    place.write("options.toml", "seed = 9\n")
    place.run(*words, env={"ALSACE_SEED": "7"}).ends_with(0, "complete")
    place.run(*words, env={"ALSACE_SEED": "8"}).ends_with(USAGE).says("seed", "7", "8")
    place.run(*words, "--config", "options.toml").ends_with(USAGE).says("seed", "7", "9")


def write_npy(place, name, rows, columns, first):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    head = head.ljust(128 - 10 - 1) + "\n"
    numbers = [first] + [((i * 7919) % 101 - 50) / 500 for i in range(1, rows * columns)]
    place.write(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()
                + struct.pack(f"<{rows * columns}f", *numbers))


def other_initial_items_are_refused_and_the_same_in_another_file_go_on(place):
    write_inputs(place)
    items = len({row[1] for row in some_rows(place)})
    for name, first in (("one.npy", 0.1), ("same.npy", 0.1), ("other.npy", 0.2)):
        write_npy(place, name, items, 4, first)
    train(place, "undisturbed", {**IALS, "--init-items": "one.npy", "--sweeps": 3})
    train(place, "model", {**IALS, "--init-items": "one.npy"})
    digest = place.inspected("model")["parameters"]["init_items"]
    refused(place, "model", {**IALS, "--init-items": "other.npy", "--sweeps": 3}, "init_items", digest)
    refused(place, "model", {**IALS, "--sweeps": 3}, "init_items", digest, '""')
    train(place, "model", {**IALS, "--init-items": "same.npy", "--sweeps": 3})
    expect_same(place.state_of("undisturbed"), place.state_of("model"), "initial items in another file")


def validation_that_is_dropped_added_or_other_is_refused(place):
    write_inputs(place)
    train(place, "with", MEASURED)
    train(place, "without", IALS)
    more = {"--sweeps": 3}
    refused(place, "with", {**IALS, **more}, "valid", "ndcg@20", '""')
    refused(place, "without", {**MEASURED, **more}, "valid", "ndcg@20", '""')
    place.write_rows("other.csv", rows_of(place.data / "split_random/valid.csv", 299))
    theirs = place.inspected("with")["valid"]
    refused(place, "with", {**MEASURED, **more, "--valid": "other.csv"}, "valid", "fingerprint", theirs)


def metrics_that_are_added_or_left_out_are_refused(place):
    """Or the history would not be that of an undisturbed run."""
    write_inputs(place)
    train(place, "model", MEASURED)
    longer = {**MEASURED, "--sweeps": 3}
    refused(place, "model", {**longer, "--valid-metrics": "ndcg@20"}, "metric", "recall@20")
    refused(place, "model", {**longer, "--valid-metrics": "ndcg@20,recall@20,auc"}, "metric", "recall@20", "auc")


def other_data_are_refused_with_both_fingerprints(place):
    write_inputs(place)
    rows = some_rows(place)
    (user, item, value, when), rest = rows[0], rows[1:]
    changed = {"a value": [(user, item, int(value) + 1, when), *rest],
               "a row more": [*rows, (user, "999999999", 5, when)],
               "a row of known ids more": [*rows, (user, rows[-1][1], 5, when)],
               "a row less": rest,
               "another user id": [(row[0] + "0" if row[0] == user else row[0], *row[1:]) for row in rows],
               "another item id": [(row[0], row[1] + "0" if row[1] == item else row[1], *row[2:]) for row in rows],
               "a row twice": [rows[0], *rows]}
    for base in (IALS, HKV, EXPLICIT):
        model = base["--objective"]
        train(place, model, base)
        ours = place.inspected(model)["data"]
        for name, content in changed.items():
            if name == "a row twice" and base is EXPLICIT:
                continue  # the last counts: the same content
            place.write_rows("changed.csv", content)
            outcome = refused(place, model, {**base, "--sweeps": 3}, "fingerprint", ours, source="changed.csv")
            line = next(line for line in outcome.err.splitlines() if ours in line)
            expect(len(set(re.findall("[0-9a-f]{32}", line))) == 2, f"{name}: not both fingerprints: {line}")


def the_same_content_in_any_form_goes_on(place):
    write_inputs(place)
    rows = some_rows(place)
    mixed = random.Random(1).sample(rows, len(rows))
    place.write_rows("mixed.csv", mixed)
    place.write_rows("mixed.tsv.gz", mixed, separator="\t")
    place.write_rows("no-times.csv", [row[:3] for row in mixed], "user,item,value")
    place.write_rows("columns.csv", [(row[2], row[0], row[1]) for row in rows], "rating,userId,movieId")
    parts = [place.write_rows(f"part-{i}.csv", mixed[i::3]) for i in range(3)]
    for ranks in (1, 3):
        place.done("import", "mixed.csv", "--out", f"imported-{ranks}", ranks=ranks)
        place.done("import", "held-out.csv", "--out", f"held-out-{ranks}", ranks=ranks)
    longer = {**MEASURED, "--sweeps": 3}
    train(place, "undisturbed", longer)
    expected = place.state_of("undisturbed")
    for name, source, valid, ranks in (("other order", "mixed.csv", "held-out.csv", BARE),
                                       ("compressed", "mixed.tsv.gz", "held-out.csv", BARE),
                                       ("without times", "no-times.csv", "held-out.csv", BARE),
                                       ("other columns", "columns.csv", "held-out.csv", BARE),
                                       ("three files", parts, "held-out.csv", 2),
                                       ("imported on 1", "imported-1", "held-out-3", BARE),
                                       ("imported on 3", "imported-3", "held-out-1", 2)):
        train(place, name, MEASURED)
        train(place, name, {**longer, "--valid": valid}, source=source, ranks=ranks).says("goes on after sweep 2")
        expect_same(expected, place.state_of(name), name)


def sweeps_may_grow_but_not_shrink(place):
    write_inputs(place)
    train(place, "model", {**IALS, "--sweeps": 4})
    refused(place, "model", {**IALS, "--sweeps": 3}, "sweeps", "4", "3")
    train(place, "model", {**IALS, "--sweeps": 5}).says("goes on after sweep 4")
    told = place.inspected("model")
    expect(told["sweep"] == 5 and told["parameters"]["sweeps"] == 5 and told["complete"], f"after growing: {told}")
    expect([record["sweep"] for record in told["history"]] == [1, 2, 3, 4, 5], f"history: {told['history']}")


def a_complete_model_is_left_alone(place):
    write_inputs(place)
    patient = {**EXPLICIT, "--sweeps": 40, "--regularization": 0.001, "--valid": "held-out.csv", "--patience": 2}
    train(place, "all sweeps", IALS)
    train(place, "stopped early", patient)
    expect(place.inspected("stopped early")["sweep"] < 40, "did not stop early")
    for model, options in (("all sweeps", IALS), ("stopped early", patient),
                           ("stopped early", {**patient, "--sweeps": 50}), ("all sweeps", {**IALS, "--keep": 1})):
        for resume in ("auto", "must"):
            with place.nothing_changes_in(model):
                train(place, model, {**options, "--resume": resume}).says("complete")
    with place.nothing_changes_in("all sweeps"):
        train(place, "all sweeps", IALS, ranks=3).says("complete")


def how_a_run_runs_may_change(place):
    write_inputs(place)
    train(place, "undisturbed", {**IALS, "--sweeps": 4})
    expected = place.state_of("undisturbed")
    for number, (option, value) in enumerate([("--threads", 2), ("--keep", 5), ("--checkpoint-every", 1),
                                              ("--max-hours", 1), ("--exchange", "replicate"),
                                              ("--report-json", "report.json"), ("--log-level", "debug")]):
        train(place, f"model-{number}", IALS)
        train(place, f"model-{number}", {**IALS, "--sweeps": 4, option: value}).says("goes on after sweep 2")
        expect_same(expected, place.state_of(f"model-{number}"), option)


def other_kernels_go_on_with_a_warning(place):
    write_inputs(place)
    train(place, "model", IALS)
    level = place.inspected("model")["kernel_level"]
    outcome = train(place, "model", {**IALS, "--sweeps": 3, "--kernels": "portable"})
    if level != "portable":
        outcome.says("warn", level, "portable")
    expect(place.inspected("model")["kernel_level"] == "portable", "the level of the last run is not recorded")


def resume_never_needs_overwrite_and_starts_anew(place):
    write_inputs(place)
    train(place, "model", {**MEASURED, "--sweeps": 6, "--checkpoint-every": 2, "--keep": 3})
    other = {**HKV, "--sweeps": 3, "--resume": "never"}
    refused(place, "model", other, "model", "--overwrite")
    refused(place, "model", {**MEASURED, "--resume": "never"}, "model", "--overwrite")
    with place.nothing_changes_in("model"):
        place.run(*command("model", {**MEASURED, "--sweeps": 7}), "--overwrite").ends_with(USAGE).says("--overwrite")
    place.run(*command("model", other), "--overwrite").ends_with(0)
    train(place, "fresh", other)
    expect_same(place.state_of("fresh"), place.state_of("model"), "overwritten")
    expect(place.checkpoints("model") == ["sweep-000003"], f"left: {place.checkpoints('model')}")


def resume_must_needs_a_model(place):
    write_inputs(place)
    for ranks in (BARE, 2):
        place.run(*command("absent", {**IALS, "--resume": "must"}), ranks=ranks).ends_with(USAGE).says("must", "absent")
    expect(not place.path("absent").exists(), "the refused run made the folder")
    train(place, "model", IALS)
    train(place, "model", {**IALS, "--sweeps": 3, "--resume": "must"}).says("goes on after sweep 2")


def keep_says_how_many_checkpoints_stay(place):
    write_inputs(place)
    every = {**IALS, "--sweeps": 5, "--checkpoint-every": 1}
    for keep, left in ((None, [4, 5]), (1, [5]), (3, [3, 4, 5]), (9, [1, 2, 3, 4, 5])):
        train(place, f"keep-{keep}", {**every, "--keep": keep})
        names = [f"sweep-{sweep:06}" for sweep in left]
        expect(place.checkpoints(f"keep-{keep}") == names, f"--keep {keep}: {place.checkpoints(f'keep-{keep}')}")
    train(place, "keep-9", {**every, "--sweeps": 6, "--keep": 2})
    expect(place.checkpoints("keep-9") == ["sweep-000005", "sweep-000006"], f"{place.checkpoints('keep-9')}")


def checkpoints_written_beside_solving_hold_the_sweep_they_are_named_after(place):
    write_inputs(place)
    options = {**MEASURED, "--factors": 16}
    source = str(place.data / "split_random/train.csv")
    models = {f"ranks-{ranks}": ranks for ranks in (BARE, 3)}
    for model, ranks in models.items():
        train(place, model, {**options, "--sweeps": 5, "--checkpoint-every": 1, "--keep": 9}, source, ranks)
    for sweep in range(1, 6):
        alone = f"alone-{sweep}"
        train(place, alone, {**options, "--sweeps": sweep, "--checkpoint-every": 99}, source)
        factors = place.exported(f"{alone}/latest", f"{alone}-out")
        losses = [record["loss"] for record in place.inspected(alone)["history"]]
        for model in models:
            checkpoint = f"{model}/sweep-{sweep:06}"
            expect(place.exported(checkpoint, f"{model}-{sweep}-out") == factors, f"{checkpoint}: other factors")
            history = [record["loss"] for record in place.inspected(checkpoint)["history"]]
            expect(history == losses and len(losses) == sweep, f"{checkpoint}: losses {history}, alone {losses}")


def the_best_checkpoint_is_kept_and_used(place):
    parts = place.data / "split_random"
    overfitting = {**EXPLICIT, "--regularization": 0.05, "--valid": parts / "valid.csv", "--keep": 1,
                   "--checkpoint-every": 1}
    for sweeps in (4, 6):  # the second run goes on and leaves it there, too
        train(place, "model", {**overfitting, "--sweeps": sweeps}, source=str(parts / "train.csv"))
        history = place.inspected("model")["history"]
        best = min(history, key=lambda record: record["metrics"]["rmse"])["sweep"]
        expect(best < sweeps - 1, f"best sweep = {best} of {sweeps}, expected an older one")
        names = [f"sweep-{best:06}", f"sweep-{sweeps:06}"]
        expect(place.checkpoints("model") == names, f"left {place.checkpoints('model')}, expected {names}")
        expect(place.path("model/best").readlink() == pathlib.Path(names[0]), "best does not point at the best")
        expect(place.path("model/latest").readlink() == pathlib.Path(names[1]), "latest does not point at the latest")
        expect(place.exported("model", "a") == place.exported("model/best", "b"), "export does not take the best")
        expect(place.exported("model", "a") != place.exported("model/latest", "b"), "best and latest are the same")
        default, of_best, of_latest = (place.done("recommend", "--model", name, "--users", "all", "--k", 3)
                                       for name in ("model", "model/best", "model/latest"))
        expect(default == of_best != of_latest, "recommend does not take the best")
        expect(place.inspected("model")["sweep"] == sweeps, "inspect does not take the latest")
        expect(place.done("verify", "model").count("good") == 2, "verify does not check the best and the latest")


def a_damaged_checkpoint_is_not_resumed(place):
    write_inputs(place)
    train(place, "model", IALS, ranks=2)
    shard = place.path("model/latest/shard-00001.h5")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    for ranks in (BARE, 3):
        with place.nothing_changes_in("model"):
            place.run(*command("model", {**IALS, "--sweeps": 3}), ranks=ranks).ends_with(STORAGE).says("shard-00001.h5")


def a_run_stopped_before_its_first_sweep_leaves_nothing_in_the_way(place):
    write_inputs(place)
    for ranks in (BARE, 2):
        place.run(*command("model", {**IALS, "--max-hours": 1e-9}), ranks=ranks).ends_with(INTERRUPTED)
    train(place, "model", {**IALS, "--resume": "never"})


run_checks([
    every_changed_parameter_is_refused_with_both_values,
    all_changed_parameters_are_named_at_once_on_several_ranks,
    parameters_from_the_environment_and_a_file_are_compared_too,
    other_initial_items_are_refused_and_the_same_in_another_file_go_on,
    validation_that_is_dropped_added_or_other_is_refused,
    metrics_that_are_added_or_left_out_are_refused,
    other_data_are_refused_with_both_fingerprints,
    the_same_content_in_any_form_goes_on,
    sweeps_may_grow_but_not_shrink,
    a_complete_model_is_left_alone,
    how_a_run_runs_may_change,
    other_kernels_go_on_with_a_warning,
    resume_never_needs_overwrite_and_starts_anew,
    resume_must_needs_a_model,
    keep_says_how_many_checkpoints_stay,
    checkpoints_written_beside_solving_hold_the_sweep_they_are_named_after,
    the_best_checkpoint_is_kept_and_used,
    a_damaged_checkpoint_is_not_resumed,
    a_run_stopped_before_its_first_sweep_leaves_nothing_in_the_way,
])
