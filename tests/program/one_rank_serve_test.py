#!/usr/bin/env python3
"""The scoring service on one rank, asked in every way by many clients at once while it reloads and ends: what a
sanitizer should see. Built with ThreadSanitizer it shows that the threads of rank 0 share nothing but by the queue.

usage: one_rank_serve_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import json
import signal
import time

import service
from serve_support import IALS, Load, sample_of, trained, within
from support import expect, run_checks

ITEM = "1411238"
BODIES = [{"users": ["1", "2", "nobody"], "k": 3}, {"events": [{"item": ITEM}], "k": 2, "allow": ["770828", "816711"]},
          {"users": ["7"], "filters": {"genres": ["Comedy", "Drama"]}, "exclude": [ITEM]}]


def any_question(choice):
    kind = choice.randrange(8)
    if kind < 3:
        return "POST", "/v1/recommendations", BODIES[kind], lambda answer: None
    paths = [f"/v1/users/{choice.randrange(5000)}/recommendations?k=5", f"/v1/items/{ITEM}/similar?k=4", "/v1/model",
             "/metrics", "/v1/items?search=the"]
    return "GET", paths[kind - 3], None, lambda answer: None


def clients_reloads_and_the_end_do_not_meet(here):
    model = trained(here, "ials", [*IALS, "--threads", "1"], 2)

    with service.start(here, "--model", model, "--item-info", here.data / "items.csv", "--threads", "1",
                       "--http-threads", "3", "--access-log", "access.log", "--watch", "0.05") as served:
        with Load(served.host, served.port, any_question, threads=6) as load:
            for _ in range(3):
                load.wait_for_answers(60, timeout=60)
                within(30, "a reload", lambda: served.post("/v1/admin/reload")[0] == 200)  # 409: one runs already
                served.send_signal(signal.SIGHUP)
            load.wait_for_answers(60, timeout=60)
            load.over.set()
        load.has_not_failed(200)
        served.post("/v1/recommendations", "{\"users\": [")
        _, metrics, _ = served.get("/metrics")
        outcome = served.stop().ends_with(0)

    expect(sample_of(metrics, 'alsace_reloads_total{result="done"}') >= 3, "fewer reloads than asked for")
    expect("ThreadSanitizer" not in outcome.err, outcome.err[-4000:])
    lines = [json.loads(line) for line in here.path("access.log").read_text().splitlines()]
    expect(len(lines) > 240 and any(line["status"] == 400 for line in lines), f"{len(lines)} lines in the access log")


def an_end_while_requests_come_leaves_nothing_behind(here):
    model = trained(here, "ials", [*IALS, "--threads", "1"], 2)

    with service.start(here, "--model", model, "--threads", "1") as served:
        with Load(served.host, served.port, any_question, threads=4) as load:
            load.wait_for_answers(40, timeout=60)
            start = time.monotonic()
            outcome = served.stop()
            load.over.set()
    outcome.ends_with(0)

    expect("ThreadSanitizer" not in outcome.err, outcome.err[-4000:])
    print(f"        over in {time.monotonic() - start:.2f} s")


if __name__ == "__main__":
    run_checks([clients_reloads_and_the_end_do_not_meet, an_end_while_requests_come_leaves_nothing_behind])
