#!/usr/bin/env python3
"""Published figures of quality on the bundled MovieTweetings splits.

usage: quality_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import json

from support import expect, run_checks

RANKS = 2


def expect_within(found, expected, tolerance, what):
    print(f"        {what}: {found:.5f}")
    expect(abs(found - expected) <= tolerance, f"{what} = {found:.5f}, expected {expected} ± {tolerance}")


def train(place, inputs, *options):
    place.run("train", *inputs, "--model", "model", *options, ranks=RANKS).ends_with(0)


def evaluate(place, test, *options):
    return json.loads(place.done("evaluate", "--model", "model", "--test", test, "--json", *options, ranks=RANKS))


def ials_ranks_as_published_and_better_than_popularity(place):
    split = place.data / "split_random"
    train(place, [split / "train_valid.csv"], "--objective", "ials", "--factors", 64, "--unobserved-weight", 0.3,
          "--regularization", 0.01, "--regularization-exponent", 1, "--sweeps", 15)
    metrics = evaluate(place, split / "test.csv")
    expect_within(metrics["ndcg@100"], 0.240, 0.003, "ndcg@100 of ials")
    expect_within(metrics["baseline"]["ndcg@100"], 0.200, 0.001, "ndcg@100 of popularity")


def explicit_with_defaults_beats_the_bias_model(place):
    split = place.data / "split_rating"
    train(place, [split / "train.csv", split / "valid.csv"], "--objective", "explicit")
    metrics = evaluate(place, split / "test.csv")
    expect_within(metrics["baseline"]["rmse"], 1.385, 0.003, "rmse of the bias model")
    print(f"        rmse of explicit: {metrics['rmse']:.5f}")
    limit = min(1.385, metrics["baseline"]["rmse"])
    expect(metrics["rmse"] < limit, f"rmse of explicit = {metrics['rmse']:.5f}, expected below {limit:.5f}")


run_checks([
    ials_ranks_as_published_and_better_than_popularity,
    explicit_with_defaults_beats_the_bias_model,
])
