#!/usr/bin/env python3
"""`plan` is honest: what it says of a rank's peak memory is what training takes, on 1 and on 2 ranks."""

import json

from support import expect, run_checks

# Of the peak of a rank. A shape in which what the transpose sends at once is the most, and one in which factors are.
TOLERANCE = 0.10
MANY_INTERACTIONS = {"users": 200000, "items": 50000, "interactions": 8000000}
MANY_FACTORS = {"users": 600000, "items": 150000, "interactions": 5000000}


def peak_is_what_training_takes(here, sizes, factors):
    here.done("synth", "--out", "data", "--format", "dataset",
              *(word for name, size in sizes.items() for word in (f"--{name}", size)))
    for ranks in (1, 2):
        plan = json.loads(here.done("plan", "data", "--factors", factors, "--ranks", ranks, "--ranks-per-host", ranks,
                                    "--json"))["memory"]
        here.done("train", "data", "--model", f"model-{ranks}", "--factors", factors, "--sweeps", 2, "--threads", 1,
                  "--report-json", f"report-{ranks}.json", ranks=ranks)
        report = json.loads(here.path(f"report-{ranks}.json").read_text())
        measured, planned = report["peak_memory_bytes"]["max"], plan["training_peak_bytes"]
        told = (f"{ranks} rank(s): peak = {measured / 2**20:.0f} MiB, planned {planned / 2**20:.0f} MiB "
                f"({plan['training_peak_stage']})")
        print(f"        {told}", flush=True)
        expect(abs(measured / planned - 1) <= TOLERANCE, told)


def peak_of_many_interactions_is_planned(here):
    peak_is_what_training_takes(here, MANY_INTERACTIONS, 16)


def peak_of_many_factors_is_planned(here):
    peak_is_what_training_takes(here, MANY_FACTORS, 32)


run_checks([peak_of_many_interactions_is_planned, peak_of_many_factors_is_planned])
