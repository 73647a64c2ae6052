#!/usr/bin/env python3
"""`plan`: what it prints and what it refuses. That its memory is what training takes: plan_memory_test.py."""

import json
import os

from support import BARE, expect, refused, run_checks

USAGE, INPUT = 2, 3
SIZES = ("--users", "1000000", "--items", "200000", "--interactions", "100000000")


def planned(here, *arguments, **options):
    return json.loads(here.done("plan", *arguments, "--json", **options))


def part(plan, name):
    return next(part["bytes"] for part in plan["memory"]["parts"] if part["name"] == name)


def memory_is_interactions_twice_and_factors(here):
    told = planned(here, *SIZES)
    expect(part(told, "interactions by user")["train"] == 8 * 100000000 + 8 * 1000000, told["memory"])
    expect(part(told, "interactions by item")["train"] == 8 * 100000000 + 8 * 200000, told["memory"])
    expect(part(told, "factors")["train"] == 4 * 64 * 1200000, told["memory"])
    expect(part(told, "rows as parsed")["load"] == 0, told["memory"])


def data_set_and_its_sizes_give_the_same_plan(here):
    here.done("synth", "--users", 300, "--items", 200, "--interactions", 5000, "--out", "data", "--format", "dataset")
    by_data = here.done("plan", "data", "--factors", 8, "--ranks", 4)
    by_sizes = here.done("plan", "--users", 300, "--items", 200, "--interactions", 5000, "--factors", 8, "--ranks", 4)
    expect(by_data == by_sizes, f"{by_data}\n{by_sizes}")


def text_has_every_table(here):
    told = here.done("plan", *SIZES, "--ranks", 8, "--memory-per-host", 64)
    for words in ("Memory of a rank", "Exchange a sweep", "lower bound", "Time of a sweep", "limited by",
                  "What breaks first", "memory of a host", "peak while training"):
        expect(words in told, f"no '{words}' in\n{told}")


def mpi_is_never_started(here):
    # With a launcher's environment that leads nowhere MPI_Init would fail, and a broken runtime would be asked.
    broken = {"PMIX_RANK": "0", "PMIX_NAMESPACE": "none", "PMIX_SERVER_URI3": "tcp://127.0.0.1:1",
              "OMPI_MCA_btl": "none", "OMPI_MCA_pml": "none"}
    here.run("plan", *SIZES, env=broken).ends_with(0)


def network_moves_times_but_no_bytes(here):
    slow = planned(here, *SIZES, "--ranks", 16, "--bandwidth", 1, "--latency", 50)
    fast = planned(here, *SIZES, "--ranks", 16, "--bandwidth", 10, "--latency", 5)
    expect(slow["exchange"]["replicate"]["bytes"] == fast["exchange"]["replicate"]["bytes"], "bytes differ")
    ratio = slow["exchange"]["replicate"]["seconds"] / fast["exchange"]["replicate"]["seconds"]
    expect(9.99 < ratio < 10.01, f"times = {ratio}, expected 10")
    expect(slow["seconds"]["form"] == fast["seconds"]["form"], "the solves depend on the network")


def too_little_memory_is_a_warning_and_the_first_limit(here):
    told = planned(here, *SIZES, "--memory-per-host", 1)
    expect(told["limits"][0]["name"] == "memory of a host" and told["limits"][0]["used"] > 1, told["limits"])
    expect(any("memory of a host" in warning for warning in told["warnings"]), told["warnings"])


def impossible_sizes_are_refused_with_their_ranges(here):
    refused(here, USAGE, "--users = 5000000000, expected 1 to 4294967295", "--items = 0, expected 1",
            command=["plan", "--users", 5000000000, "--items", 0, "--interactions", 1], ranks=(BARE,))
    refused(here, USAGE, "--interactions = 13, expected 1 to 12",
            command=["plan", "--users", 3, "--items", 4, "--interactions", 13], ranks=(BARE,))
    here.write("few.csv", "user,item\na,x\nb,x\nb,y\nc,x\n")
    told = "--factors = 3, expected 1 to 2, the smaller of users and items"
    refused(here, USAGE, told, command=["train", "few.csv", "--model", "out", "--factors", 3], ranks=(BARE,))
    refused(here, USAGE, told, ranks=(BARE,),
            command=["plan", "--users", 3, "--items", 2, "--interactions", 4, "--factors", 3])
    refused(here, USAGE, "--ranks = 0, expected 1 to", command=["plan", *SIZES, "--ranks", 0], ranks=(BARE,))
    refused(here, USAGE, "sizes = incomplete", command=["plan", "--users", 3], ranks=(BARE,))
    refused(here, USAGE, "sizes = given twice", command=["plan", "data", *SIZES], ranks=(BARE,))


def calibration_is_measured_and_plans_are_scaled_by_it(here):
    # Not at 8: of so short rows it makes up a million, which takes most of a minute under sanitizers.
    told = here.done("plan", "--calibrate", "--out", "here.json", "--at-factors", "32,64", "--kernels", "portable")
    expect(told.startswith("here.json: rates of "), told)
    expect(here.names() == ["here.json"], f"left: {here.names()}")
    rates = json.loads(here.path("here.json").read_text())
    expect([at["factors"] for at in rates["kernels"]] == [32, 64] and rates["kernel_level"] == "portable", rates)
    plan = planned(here, *SIZES, "--factors", 64, "--calibration", "here.json")
    forming = 2 * 100000000 * rates["kernels"][1]["form_ns"] * 1e-9
    # Scaled: the lengths of rows are taken together, which is right to 2 per mille of the interactions.
    expect(abs(plan["seconds"]["form"] / forming - 1) < 0.005, f"{plan['seconds']}, expected {forming} s to form")
    expect(plan["rates"]["kernel_level"] == "portable", plan["rates"])


def calibration_begins_anew_after_one_that_was_killed(here):
    calibrate = ["plan", "--calibrate", "--out", "here.json", "--at-factors", "16", "--kernels", "portable"]
    os.makedirs(here.path(".alsace-calibration/data.tmp"))
    here.write(".alsace-calibration/data.tmp/shard-00000.h5", "the beginning of one")
    here.done(*calibrate)
    expect(here.names() == ["here.json"], f"left: {here.names()}")
    os.mkdir(here.path(".alsace-calibration"))
    here.write(".alsace-calibration/letter.txt", "somebody's")
    here.run(*calibrate).ends_with(USAGE, ".alsace-calibration: exists")
    expect(here.path(".alsace-calibration/letter.txt").exists(), "somebody's file is gone")


def bad_calibrations_are_refused(here):
    here.write("broken.json", "{}")
    refused(here, INPUT, "broken.json", "expected what plan --calibrate writes",
            command=["plan", *SIZES, "--calibration", "broken.json"], ranks=(BARE,))
    refused(here, INPUT, "none.json: cannot be read", command=["plan", *SIZES, "--calibration", "none.json"],
            ranks=(BARE,))
    refused(here, USAGE, "--out = nothing", command=["plan", "--calibrate"], ranks=(BARE,))
    refused(here, USAGE, "--at-factors = 16,8", ranks=(BARE,),
            command=["plan", "--calibrate", "--out", "here.json", "--at-factors", "16,8"])


def help_teaches(here):
    told = here.done("plan", "--help")
    for words in ("--ranks-per-host", "--bandwidth", "GB/s", "--calibration", "worst case", "Examples"):
        expect(words in told, f"no '{words}' in\n{told}")


run_checks([memory_is_interactions_twice_and_factors, data_set_and_its_sizes_give_the_same_plan, text_has_every_table,
            mpi_is_never_started, network_moves_times_but_no_bytes, too_little_memory_is_a_warning_and_the_first_limit,
            impossible_sizes_are_refused_with_their_ranges,
            calibration_is_measured_and_plans_are_scaled_by_it, calibration_begins_anew_after_one_that_was_killed,
            bad_calibrations_are_refused, help_teaches])
