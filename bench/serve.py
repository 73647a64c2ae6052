"""What the scoring service answers a second, and what it costs when nobody asks; see bench/serve.sh."""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import statistics
import tempfile
import time

from serve_bench import ROOT, host, place_in, result_of, wrk

import service  # of tests/program, found by serve_bench
from support import Running

CONNECTIONS = (1, 16, 64, 256)
FACTORS = 64
STAGES = ("parse", "queue", "gather", "score", "merge", "write")
IDLE_SECONDS = 10
PAUSE_SECONDS = 5


class Target:
    """Something that listens: `running`, its address, and how many users it knows."""

    def __init__(self, name, served, users):
        self.name, self.served, self.users = name, served, users


def train_movietweetings(place):
    place.done("train", place.data / "ratings.csv", "--model", "movietweetings", "--factors", FACTORS, "--log-level",
               "warn")
    return "movietweetings", 4333


def train_hundred_thousand(place):
    """100,000 items; what the factors are does not matter to the speed, so one sweep."""
    users = 20_000
    place.done("synth", "--users", users, "--items", 100_000, "--interactions", 2_000_000, "--format", "dataset",
               "--out", "synthetic", "--log-level", "warn", timeout=600)
    place.done("train", "synthetic", "--model", "synthetic-model", "--factors", FACTORS, "--sweeps", 1, "--log-level",
               "warn", timeout=600)
    return "synthetic-model", users


def start_constant(place, http_threads):
    """The same server with an answer that never changes."""
    program = pathlib.Path(os.environ.get("CONSTANT", ROOT / "build/release/bench/constant_service")).resolve()
    if not program.exists():
        raise SystemExit(f"{program} is not there: cmake --build build/release --target constant_service")
    running = Running([str(program), "127.0.0.1:0", str(http_threads)], place.folder, os.environ)
    match = running.wait_for_log(r"listening on (http://(\S+):(\d+))")
    if match is None:
        raise SystemExit(f"{program} does not listen:\n{running.wait().tail()}")
    return service.Service(running, match[1], match[2], int(match[3]))


def measure_load(targets, seconds, repeats):
    """{target: {connections: [result of each repeat]}}; targets take turns, so that ratios are of the same minute."""
    results = {target.name: {connections: [] for connections in CONNECTIONS} for target in targets}
    for target in targets:
        result_of(wrk(target.served.base, "users.lua", 16, 2, USERS=target.users))  # warm-up
    for repeat in range(repeats):
        for connections in CONNECTIONS:
            for target in targets:
                result = result_of(wrk(target.served.base, "users.lua", connections, seconds, USERS=target.users))
                result["requests_per_second"] = result["requests"] / result["seconds"]
                results[target.name][connections].append(result)
                print(f"  {repeat + 1}/{repeats}  {connections:>3} connections  {target.name:<16}"
                      f"{result['requests_per_second']:>10.0f} a second", flush=True)
    return results


def measure_idle(targets):
    """Percent of a core that each rank uses when nobody asks: {target: [of each rank]}."""
    time.sleep(2)
    before = {target.name: target.served.cpu_seconds() for target in targets}
    time.sleep(IDLE_SECONDS)
    return {target.name: [100 * (now - then) / IDLE_SECONDS
                          for then, now in zip(before[target.name], target.served.cpu_seconds())]
            for target in targets}


def measure_first_answer(targets, tries):
    """Milliseconds of one request after a pause, on a connection that was open: {target: [of each try]}."""
    connections = {target.name: http.client.HTTPConnection(target.served.host, target.served.port)
                   for target in targets}
    times = {target.name: [] for target in targets}
    for attempt in range(tries + 1):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        for target in targets:
            connection = connections[target.name]
            begin = time.perf_counter()
            connection.request("GET", f"/v1/users/{attempt + 1}/recommendations?k=10")
            connection.getresponse().read()
            if attempt:  # the first one opens the connection
                times[target.name].append(1000 * (time.perf_counter() - begin))
    return times


def middle(values, digits=0):
    """Median and spread: '1234 (1200-1300)', and a blank behind."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f}) "


def print_load(results, names):
    print(f"\n{'':<16}{'conn.':>6}  {'requests/s':<22}{'p50 ms':<24}{'p99 ms':<24}{'errors':>7}  of constant")
    for connections in CONNECTIONS:
        constant = results["constant"][connections]
        for name in names:
            runs = results[name][connections]
            ratios = [run["requests_per_second"] / other["requests_per_second"] for run, other in zip(runs, constant)]
            print(f"{name:<16}{connections:>6}  {middle([run['requests_per_second'] for run in runs]):<22}"
                  f"{middle([run['p50_ms'] for run in runs], 2):<24}{middle([run['p99_ms'] for run in runs], 2):<24}"
                  f"{sum(run['errors'] for run in runs):>7}  {middle(ratios, 2)}")


def print_metrics(target):
    """Where the time of the answers went, from the service's own histograms."""
    metrics = target.served.get("/metrics")[1]
    sums = dict(re.findall(r'^alsace_stage_duration_seconds_sum\{stage="(\w+)"\} (\S+)$', metrics, flags=re.M))
    counts = dict(re.findall(r'^alsace_stage_duration_seconds_count\{stage="(\w+)"\} (\S+)$', metrics, flags=re.M))
    means = {stage: 1e6 * float(sums[stage]) / max(float(counts[stage]), 1) for stage in sums}
    print(f"{target.name:<16} mean microseconds by stage: " + ", ".join(f"{name} {means[name]:.0f}" for name in STAGES))
    return means


def main():
    parser = argparse.ArgumentParser(prog="bench/serve.sh")
    parser.add_argument("--seconds", type=int, default=4, help="of each run of wrk")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--http-threads", type=int, default=1, help="of each server")
    parser.add_argument("--tries", type=int, default=7, help="of the first answer after a pause")
    parser.add_argument("--json", help="file to write all figures to")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = place_in(folder)
        told = {"host": host(), "options": vars(options)}
        print(f"{told['host']['cpu']}, {told['host']['processors']} processors, shared by wrk and {options.ranks} ranks")
        targets = [Target("constant", stack.enter_context(start_constant(place, options.http_threads)), 4333)]
        for name, train in (("movietweetings", train_movietweetings), ("100,000 items", train_hundred_thousand)):
            model, users = train(place)
            served = service.start(place, "--model", model, "--http-threads", options.http_threads, ranks=options.ranks)
            targets.append(Target(name, stack.enter_context(served), users))
        told["load"] = measure_load(targets, options.seconds, options.repeats)
        print_load(told["load"], [target.name for target in targets])

        print()
        told["mean_stage_microseconds"] = {target.name: print_metrics(target) for target in targets[1:]}
        told["idle_percent"] = measure_idle(targets)
        told["first_answer_ms"] = measure_first_answer(targets, options.tries)
        for target in targets:
            ranks = ", ".join(f"{percent:.1f}" for percent in told["idle_percent"][target.name])
            first = told["first_answer_ms"][target.name]
            print(f"{target.name:<16} idle for {IDLE_SECONDS} s: {ranks} % of a core a process; first answer after "
                  f"{PAUSE_SECONDS} s: median {statistics.median(first):.2f} ms, most {max(first):.2f} ms")
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            print(f"All figures are in {options.json}")


main()
