"""A minute of wrk across reloads; see bench/reload.sh."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time

from serve_bench import host, place_in, result_of, wrk

import serve_support  # of tests/program, found by serve_bench
import service

MEBI = 1 << 20
LIMIT = 10  # MiB


def train(place, checkpoints):
    """Checkpoints of as many sweeps, and the file of what each of them answers."""
    place.done("train", place.data / "ratings.csv", "--model", "trained", "--sweeps", checkpoints,
               "--checkpoint-every", 1, "--keep", checkpoints, "--log-level", "warn")
    paths = sorted(place.path("trained").glob("sweep-*"))
    with open(place.path("expected"), "w", encoding="utf-8") as out:
        for path in paths:
            lists = {}
            text = place.done("recommend", "--model", path, "--k", 10, "--format", "csv", "--log-level", "warn")
            for line in text.splitlines()[1:]:
                user, item, *_ = line.split(",")
                lists.setdefault(user, []).append(item)
            for user, items in lists.items():
                out.write(f"{path.name} {user} {','.join(items)}\n")
    return paths


def ask_for_reload(served, number):
    """By POST, HUP and USR2 in turn; returns the way."""
    if number % 3 == 0:
        status, told, _ = served.post("/v1/admin/reload", timeout=60)
        if status != 200:
            sys.exit(f"reload: {status} {told}")
        return "POST"
    if number % 3 == 1:
        os.kill(served.rank_pids()[0], signal.SIGHUP)
        return "HUP"
    os.kill(served.running.pid, signal.SIGUSR2)
    return "USR2"


def main():
    parser = argparse.ArgumentParser(prog="bench/reload.sh")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        place = place_in(folder)
        paths = train(place, options.reloads + 1)
        print(f"{host()['cpu']}, {options.ranks} ranks, {options.connections} connections")
        serve_support.publish(paths[0], place.path("served"))
        with service.start(place, "--model", "served", ranks=options.ranks) as served:
            running = wrk(served.base, "check_models.lua", options.connections, options.seconds,
                          EXPECTED=place.path("expected"))
            sizes, began = [], time.monotonic()
            for number, path in enumerate(paths[1:]):
                time.sleep(max(0.0, began + (number + 0.5) * options.seconds / options.reloads - time.monotonic()))
                serve_support.publish(path, place.path("served"))
                asked = time.monotonic()
                way = ask_for_reload(served, number)
                serve_support.within(60, f"{path.name} serves",
                                     lambda: served.get("/v1/model")[1]["model"] == path.name)
                took = time.monotonic() - asked
                time.sleep(0.5)
                sizes.append(served.rss())
                shutil.rmtree(place.path("served") / paths[number].name)  # as `train --keep` would
                print(f"  {way:<4} {path.name} serves after {took:.2f} s; MiB of each rank: "
                      f"{', '.join(f'{size / MEBI:.1f}' for size in sizes[-1])}", flush=True)
            result = result_of(running)
    models = dict(pair.split("=") for pair in result["models"].split())
    failed = result["refused"] + result["broken"] + result["timeouts"]
    print(f"{result['requests']} requests in {options.seconds} s across {len(sizes)} reloads: {failed} failed, "
          f"{result['wrong']} not the list of the model they name")
    print(f"p50 {result['p50_ms']:.2f} ms, p99 {result['p99_ms']:.2f} ms, most {result['most_ms']:.1f} ms")
    growth = [(last - second) / MEBI for second, last in zip(sizes[min(1, len(sizes) - 1)], sizes[-1])]
    print(f"MiB grown from the second to the last reload: {', '.join(f'{mebi:.1f}' for mebi in growth)}")
    if failed or result["wrong"] or max(growth) > LIMIT:
        sys.exit("expected none of either, and at most 10 MiB")


main()
