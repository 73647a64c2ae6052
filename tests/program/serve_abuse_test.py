#!/usr/bin/env python3
"""Requests that no client should send, clients that hang up, dawdle or are too many, ranks that do not answer: each
gets its 4xx or 503, and the service lives on without growing.

usage: serve_abuse_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import concurrent.futures
import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from serve_support import IALS, client_of, entries_of, sample_of, trained, within
from service import free_ports, start
from support import Running, Skip, expect, run_checks

MEBI = 1 << 20
GROWTH = 10 * MEBI
SLOW_CLIENTS = 1000
CLIENT_ERRORS = range(400, 500)
PATIENT = ["--deadline-ms", 10_000]  # what fails must not be the test machine's fault


def model(here):
    return trained(here, "model", IALS, 2)


def connect(served, timeout=10):
    return socket.create_connection((served.host, served.port), timeout)


def hang_up_hard(connection):
    """With a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def statuses_of(served, data):
    """Sends bytes and reads until the service closes: the statuses of all answers, and all bytes. A reset ends it too."""
    received = b""
    with connect(served) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass  # refused before all was sent: what matters is the answer
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z][\w -]*\r\n", received)], received


def request(method, path, body=b"", *fields):
    """A request as it goes over the wire, `Connection: close` included."""
    lines = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close", *fields]
    if body and not any(field.lower().startswith(("content-length", "transfer-encoding")) for field in fields):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path, *fields):
    return request("GET", path, b"", *fields)


def post(body, *fields):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request("POST", "/v1/recommendations", text, *fields)


def one_user(**members):
    return {"users": ["1"], **members}


def abuses():
    """(what it is, the bytes, the statuses that are right)"""
    garbage = random.Random(1)
    user = "/v1/users/1/recommendations"
    huge = "1" + "2" * 22
    for k in ("0", "-1", "1000000000", huge, "1.5", "ten", "", "1e3", "0x10", "%31%30%00"):
        yield f"k={k} in a GET", get(f"{user}?k={k}"), [400]
        yield f"k={k} of similar items", get(f"/v1/items/1411238/similar?k={k}"), [400]
    for k in ("0", "-1", "1000000000", huge, "1.5", '"10"', "null", "[]", "1e400", "true"):
        yield f'"k": {k}', post(b'{"users": ["1"], "k": %s}' % k.encode()), [400]
    yield "an unknown item", get("/v1/items/no-such-item/similar"), [404]
    yield "an unknown user", get("/v1/users/nobody/recommendations"), [200]
    yield "an unknown user in a batch", post({"users": ["nobody", "1"]}), [200]
    yield "an unknown parameter", get(f"{user}?kk=5"), [400]
    yield "an unknown member", post(one_user(kk=5)), [400]
    yield "an unknown attribute", get(f"{user}?filter=no-such:x"), [400]
    yield "a member twice", post(b'{"users": ["1"], "users": ["2"]}'), [400]
    yield "users and events", post(one_user(events=[{"item": "1"}])), [400]
    yield "neither users nor events", post({"k": 5}), [400]
    yield "users that are no list", post({"users": "1"}), [400]
    yield "users of other types", post({"users": [None, {}, [1], 1.5]}), [400]
    yield "an id of 513 bytes", post({"users": ["x" * 513]}), [400]
    yield "an id with a NUL", post(b'{"users": ["a\\u0000b"]}'), [400]
    yield "an empty id", post({"users": [""]}), [400]
    yield "100,000 users", post({"users": ["1"] * 100_000}), [400]
    yield "100,000 events", post({"events": [{"item": "1"}] * 30_000}), [400]
    yield "an event's value beyond a float", post(b'{"events": [{"item": "1411238", "value": 1e39}]}'), [400]
    yield "too much at once", post({"users": ["1"] * 1000, "k": 1000}), [400]
    yield "no JSON", post(b"users=1"), [400]
    yield "JSON that breaks off", post(b'{"users": ["1"'), [400]
    yield "JSON and more", post(b'{"users": ["1"]} {}'), [400]
    yield "bytes that are not UTF-8", post(b'{"users": ["\xff\xfe"]}'), [400]
    yield "a lone surrogate", post(b'{"users": ["\\ud800"]}'), [400]
    yield "an empty body", request("POST", "/v1/recommendations", b"", "Content-Length: 0"), [400]
    yield "100,000 brackets", post(b"[" * 100_000), [400]
    yield "100,000 nested objects", post(b'{"a":' * 100_000), [400]
    yield "deep JSON that ends", post(b'{"users": ' + b"[" * 5000 + b"]" * 5000 + b"}"), [400]
    yield "a body over the limit", post(b" " * (2 * MEBI)), [413]
    yield "a length over the limit", post(b"{}", "Content-Length: 3000000"), [413]
    yield "a length of 30 digits", post(b"{}", f"Content-Length: {'9' * 30}"), [400, 413]
    yield "chunks over the limit", post((b"10000\r\n" + b" " * 65536 + b"\r\n") * 20 + b"0\r\n\r\n",
                                        "Transfer-Encoding: chunked"), [413]
    yield "a chunk of no size", post(b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), [400]
    yield "two lengths", post(b"{}", "Content-Length: 2", "Content-Length: 5"), [400]
    yield "a negative length", post(b"{}", "Content-Length: -2"), [400]
    yield "a length that is a word", post(b"{}", "Content-Length: two"), [400]
    yield "a length and chunks", post(b"2\r\n{}\r\n0\r\n\r\n", "Content-Length: 2", "Transfer-Encoding: chunked"), [400]
    yield "an unknown coding", post(b"{}", "Transfer-Encoding: rot13"), [400, 501]
    yield "20,000 fields", get("/healthz", *["X-Field: 1"] * 20_000), [431, 400]
    yield "200 short fields", get("/healthz", *["X: 1"] * 200), [431]
    yield "a field of 100,000 bytes", get("/healthz", "X-Field: " + "x" * 100_000), [431]
    yield "a target of 100,000 bytes", get("/" + "x" * 100_000), [414, 431]
    yield "a field name with a space", get("/healthz", "X Field: 1"), [400]
    yield "DELETE of a known path", request("DELETE", "/v1/model"), [405]
    yield "POST to a user's list", request("POST", user, b"{}"), [405]
    yield "GET of the batch", get("/v1/recommendations"), [405]
    yield "GET of the reload", get("/v1/admin/reload"), [405]
    yield "a method that there is not", request("BREW", "/v1/model"), [405]
    yield "TRACE", request("TRACE", "/healthz"), [405]
    yield "CONNECT", request("CONNECT", "example.org:443"), CLIENT_ERRORS
    yield "an unknown path", get("/v2/users"), [404]
    yield "a path that climbs", get("/../../etc/passwd"), [404]
    yield "a broken escape", get("/v1/users/%zz/recommendations"), [400, 404]
    yield "an escaped NUL", get("/v1/users/%00/recommendations"), [400, 404]
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]
    yield "HTTP/0.9", b"GET /\r\n\r\n", CLIENT_ERRORS
    yield "a TLS hello", bytes.fromhex("1603010200010001fc0303") + garbage.randbytes(508), CLIENT_ERRORS
    yield "binary garbage", garbage.randbytes(5000) + b"\r\n\r\n", CLIENT_ERRORS
    yield "NULs", b"\0" * 20_000 + b"\r\n\r\n", CLIENT_ERRORS
    yield "empty lines", b"\r\n" * 20_000, CLIENT_ERRORS


def expect_it_lives(served):
    status, answer, _ = served.get("/v1/users/1/recommendations?k=3")
    expect(status == 200 and len(answer["items"]) == 3, f"afterwards: {status} {answer}")


def what_no_client_should_send_is_refused(here):
    with start(here, "--model", model(here), "--item-info", here.data / "items.csv", *PATIENT,
               ranks=2) as served:
        wrong = []
        for what, data, right in abuses():
            statuses, received = statuses_of(served, data)
            if len(statuses) != 1 or statuses[0] not in right:
                wrong.append(f"{what}: {statuses}, expected {right}: {received[:200]}")
            elif statuses[0] >= 400 and b"\r\nContent-Type: application/problem+json" not in received:
                wrong.append(f"{what}: no problem+json: {received[:300]}")
            elif statuses[0] == 405 and b"\r\nAllow: " not in received:
                wrong.append(f"{what}: 405 without Allow: {received[:300]}")
            expect_it_lives(served)
        expect(not wrong, "\n  ".join(["", *wrong]))
        expect("fallback" in served.get("/v1/users/nobody/recommendations")[1], "no fallback for an unknown user")
        served.stop().ends_with(0)


def requests_in_one_piece_are_answered_in_order(here):
    with start(here, "--model", model(here), ranks=2) as served:
        users = [str(number) for number in range(1, 51)]
        pieces = [f"GET /v1/users/{user}/recommendations?k=2 HTTP/1.1\r\nHost: test\r\n\r\n" for user in users]
        pieces[-1] = pieces[-1].replace("Host", "Connection: close\r\nHost")
        statuses, received = statuses_of(served, "".join(pieces).encode())
        expect(statuses == [200] * len(users), f"statuses = {statuses}")
        told = re.findall(rb'"user": ?"(\d+)"', received)
        expect(told == [user.encode() for user in users], f"users = {told}")

        statuses, _ = statuses_of(served, b"POST /v1/recommendations HTTP/1.1\r\nHost: test\r\nContent-Length: 17\r\n\r\n"
                                  b'{"users": ["1"]} garbage that is no request\r\n\r\n')
        expect(statuses == [200, 400], f"a request, then garbage: {statuses}")
        expect_it_lives(served)


def hang_up_midway(served, choice):
    """Ends connections in the middle of everything, in order and hard."""
    whole = post({"users": ["1"] * 200, "k": 50})
    head = whole.index(b"\r\n\r\n") + 4
    for data in (b"", whole[:choice.randrange(1, head)], whole[:choice.randrange(head, len(whole))], whole):
        for end in (socket.socket.close, hang_up_hard):
            connection = connect(served)
            with contextlib.suppress(OSError):
                connection.sendall(data)
            end(connection)


def abuse_does_not_let_it_grow(here):
    """The whole list some hundred times over."""
    choice = random.Random(2)
    hostile = [data for _, data, _ in abuses()]
    with start(here, "--model", model(here), "--item-info", here.data / "items.csv", *PATIENT,
               ranks=3) as served:
        def rounds(count):
            def one(_):
                for data in choice.sample(hostile, 20):
                    statuses_of(served, data)
                hang_up_midway(served, choice)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(one, range(count)))
            expect_it_lives(served)

        rounds(100)
        before = served.rss()
        rounds(300)
        after = served.rss()
        growth = [(now - then) / MEBI for then, now in zip(before, after)]
        print(f"        grown by {', '.join(f'{mebi:.1f}' for mebi in growth)} MiB", flush=True)
        expect(len(after) == 3 and max(growth) * MEBI <= GROWTH, f"MiB before {before}, after {after}")
        metrics = client_of(served).answer("GET", "/metrics")
        open_connections = sample_of(metrics, "alsace_open_connections")
        expect(open_connections is not None and open_connections <= 2, f"connections still open: {open_connections}")
        served.stop().ends_with(0)


@contextlib.contextmanager
def slow_clients(served, count):
    """So many connections that have begun a header and send a byte of it a second each."""
    connections, over = [], threading.Event()

    def dawdle():
        while not over.wait(1.0):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    thread = threading.Thread(target=dawdle)
    try:
        for _ in range(count):
            connections.append(connect(served))
            connections[-1].sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        thread.start()
        yield connections
    finally:
        over.set()
        if thread.ident:
            thread.join()
        for connection in connections:
            connection.close()


def a_thousand_slow_clients_do_not_slow_the_others(here):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * SLOW_CLIENTS:
        raise Skip(f"a process may have {hard} open files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * SLOW_CLIENTS), hard))  # the service's as well
    with start(here, "--model", model(here), "--header-timeout-ms", 6000, *PATIENT, ranks=2) as served:
        opened = time.monotonic()
        with slow_clients(served, SLOW_CLIENTS) as connections:
            others, milliseconds = client_of(served), []
            until = time.monotonic() + 3
            while time.monotonic() < until:
                asked = time.monotonic()
                others.answer("GET", f"/v1/users/{len(milliseconds) % 4000 + 1}/recommendations")
                milliseconds.append(1000 * (time.monotonic() - asked))
            still = sample_of(others.answer("GET", "/metrics"), "alsace_open_connections")
            expect(still >= SLOW_CLIENTS, f"only {still} connections were open")
            milliseconds.sort()
            p99 = milliseconds[int(0.99 * len(milliseconds))]
            print(f"        {len(milliseconds)} requests beside {SLOW_CLIENTS} slow clients: p50 "
                  f"{milliseconds[len(milliseconds) // 2]:.2f} ms, p99 {p99:.2f} ms, most {milliseconds[-1]:.2f} ms")
            expect(p99 < 500, f"p99 = {p99:.1f} ms")
            answers = []
            for connection in connections:
                connection.settimeout(max(0.1, opened + 15 - time.monotonic()))
                with contextlib.suppress(ConnectionResetError):
                    answers.append(connection.recv(200)[:12])
            expect(set(answers) <= {b"HTTP/1.1 408", b""}, f"slow clients got {set(answers)}")
            expect(answers.count(b"HTTP/1.1 408") > SLOW_CLIENTS / 2, f"{answers.count(b'HTTP/1.1 408')} were told 408")
        expect_it_lives(served)


def one_connection_too_many_is_told_503(here):
    with start(here, "--model", model(here), "--max-connections", 20) as served:
        with slow_clients(served, 20):
            statuses, _ = statuses_of(served, get("/healthz"))
            expect(statuses == [503], f"statuses = {statuses}")
        within(5, "connections that are gone make room", lambda: served.get("/healthz")[0] == 200)
        expect_it_lives(served)


def a_token_guards_all_or_the_reload(here):
    first, second = "correct-horse-battery-staple", "another-token-0123456789"
    file = here.write("tokens", f"{first}\n{second}\n")
    file.chmod(0o600)
    recommendations, reload = ("GET", "/v1/users/1/recommendations"), ("POST", "/v1/admin/reload")
    routes = [recommendations, ("GET", "/v1/model"), ("GET", "/metrics"), ("GET", "/v1/items/1411238/similar"), reload]
    wrong = ["Bearer " + first[:-1], "Bearer " + first + "x", "Bearer ", "Basic " + first, first, "Bearer\t" + first,
             f"Bearer {first} {second}"]
    for guard, guarded in (("service", routes), ("admin", [reload])):
        with start(here, "--model", model(here), "--token-file", file, "--auth", guard) as served:
            for method, path in [*routes, ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/")]:
                right = 401 if (method, path) in guarded else 200
                for headers in [{}, *({"Authorization": text} for text in wrong)]:
                    status, told, answered = served.request(method, path, headers=headers)
                    expect(status == right, f"--auth {guard}: {method} {path} with {headers}: {status} {told}")
                    expect(status != 401 or answered["WWW-Authenticate"].startswith("Bearer"), f"{answered}")
                for token in (first, second):
                    served.token = token
                    status, told, _ = served.request(method, path)
                    served.token = None
                    expect(status == 200, f"--auth {guard}: {method} {path} with its token: {status} {told}")
            log = served.stop().ends_with(0)
            expect(first not in log.err + log.out and second not in log.err + log.out, "a token is in the log")


def a_bad_token_file_is_refused_at_the_start(here):
    for name, content in (("short", "short\n"), ("characters", "sixteen bytes and blanks\n"), ("empty", "\n")):
        here.write(name, content).chmod(0o600)
        here.run("serve", "--model", model(here), "--listen", "127.0.0.1:0", "--token-file", name).ends_with(3, name)
    absent = here.run("serve", "--model", model(here), "--listen", "127.0.0.1:0", "--token-file", "absent")
    absent.ends_with(3, "absent")


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ask_many(served, count):
    """The statuses and headers of as many requests at once."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda user: served.get(f"/v1/users/{user + 1}/recommendations"), range(count)))


def a_full_queue_is_told_429(here):
    with start(here, "--model", model(here), "--queue", 1, "--batch-size", 1, ranks=2) as served:
        with stopped(served.rank_pids()[1]):
            answers = ask_many(served, 20)
        statuses = sorted(status for status, _, _ in answers)
        full = [headers for status, _, headers in answers if status == 429]
        expect(full and set(statuses) <= {429, 503, 504}, f"statuses = {statuses}")
        expect(all(int(headers["Retry-After"]) >= 1 for headers in full), "429 without Retry-After")
        within(10, "answers again", lambda: served.get("/v1/users/1/recommendations")[0] == 200)
        # Those that asked whether it answers again are counted as well.
        rejected = sample_of(served.get("/metrics")[1], 'alsace_rejected_requests_total{reason="queue_full"}')
        expect(rejected >= len(full), f"counted {rejected} of {len(full)}")
        served.stop().ends_with(0)


def a_rank_that_does_not_answer_makes_the_service_unready_until_it_does(here):
    with start(here, "--model", model(here), "--deadline-ms", 400, ranks=3) as served:
        def answers():
            client = client_of(served)
            return [entries_of(client.answer("GET", f"/v1/users/{user}/recommendations")["items"]) for user in range(1, 9)]

        expected = answers()
        for rank in (2, 1):
            with stopped(served.rank_pids()[rank]):
                asked = time.monotonic()
                statuses = {status for status, _, _ in ask_many(served, 8)}
                waited = time.monotonic() - asked
                expect(statuses <= {503, 504}, f"statuses = {statuses}")
                expect(waited < 5, f"the deadline's answer came after {waited:.1f} s")
                unready = within(10, "/readyz says 503", lambda: served.get("/readyz")[0] == 503)
                expect(served.get("/healthz")[0] == 200, "a process that lives does not say so")
                asked = time.monotonic()
                expect(served.get("/v1/users/1/recommendations")[0] in (503, 504), "answered without a rank")
            again = within(10, "/readyz says 200", lambda: served.get("/readyz")[0] == 200)
            print(f"        rank {rank} stopped: told after {waited:.2f} s, unready {unready:.2f} s later, ready "
                  f"{again:.2f} s after it goes on", flush=True)
            expect(answers() == expected, "other answers than before")
        served.stop().ends_with(0)


SCORED = 5  # of the requests of some_of_everything


def some_of_everything(served):
    """So that every metric has something to tell."""
    for path in ("/", "/v1/model", "/v1/users/1/recommendations", "/v1/users/nobody/recommendations", "/nowhere",
                 "/v1/items/1411238/similar", "/v1/users/1/recommendations?k=0"):
        served.get(path)
    served.post("/v1/recommendations", {"users": ["1", "2"]})
    served.post("/v1/recommendations", {"events": [{"item": "1411238"}]})
    served.post("/v1/admin/reload")


def metrics_pass_promtool(here):
    if not shutil.which("promtool"):
        raise Skip("promtool is missing; it is in the package prometheus")
    with start(here, "--model", model(here), ranks=2) as served:
        some_of_everything(served)
        metrics = served.get("/metrics")[1]
        checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True, capture_output=True,
                                 timeout=30, check=False)
        expect(checked.returncode == 0, f"promtool: {checked.returncode}: {checked.stdout}{checked.stderr}")
        stages = set(re.findall(r'^alsace_stage_duration_seconds_count\{stage="(\w+)"\}', metrics, flags=re.M))
        expect(stages == {"parse", "queue", "gather", "score", "merge", "write"}, f"stages = {stages}")
        for stage in stages - {"write"}:
            count = sample_of(metrics, f'alsace_stage_duration_seconds_count{{stage="{stage}"}}')
            expect(count == SCORED, f"{stage} of {count} requests, expected {SCORED}")
        expect(sample_of(metrics, "alsace_fallbacks_total") == 1, "fallbacks are not counted")
        for name in ("alsace_request_duration_seconds_count", "alsace_batch_size_count", "alsace_scored_items_total",
                     "alsace_model_info", "alsace_fallbacks_total", "alsace_queued_lists", "alsace_open_connections",
                     "alsace_ready 1", "alsace_model_loaded_timestamp_seconds", "process_resident_memory_bytes"):
            expect(f"\n{name}" in metrics, f"no {name} in\n{metrics}")


def a_real_prometheus_scrapes_it(here):
    if not shutil.which("prometheus"):
        raise Skip("prometheus is missing; it is in the package of that name")
    with start(here, "--model", model(here), ranks=2) as served:
        some_of_everything(served)
        here.write("prometheus.yml", "global: {scrape_interval: 500ms}\nscrape_configs:\n  - job_name: alsace\n"
                   f"    static_configs: [{{targets: ['{served.host}:{served.port}']}}]\n")
        [port] = free_ports(1)
        prometheus = Running(["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                              f"--web.listen-address=127.0.0.1:{port}"], here.folder, os.environ)

        def samples(query):
            address = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)["data"]["result"]

        try:
            within(40, "Prometheus has scraped", lambda: samples("alsace_model_info"))
            told = samples("alsace_model_info")[0]
            expect(told["metric"]["model"] == "sweep-000002" and told["value"][1] == "1", f"{told}")
            expect(samples("up")[0]["value"][1] == "1", f"up = {samples('up')}")
            expect(samples("histogram_quantile(0.99, alsace_request_duration_seconds_bucket)"), "no quantiles")
        finally:
            prometheus.kill_all()
            prometheus.wait()


run_checks([
    what_no_client_should_send_is_refused,
    requests_in_one_piece_are_answered_in_order,
    abuse_does_not_let_it_grow,
    a_thousand_slow_clients_do_not_slow_the_others,
    one_connection_too_many_is_told_503,
    a_token_guards_all_or_the_reload,
    a_bad_token_file_is_refused_at_the_start,
    a_full_queue_is_told_429,
    a_rank_that_does_not_answer_makes_the_service_unready_until_it_does,
    metrics_pass_promtool,
    a_real_prometheus_scrapes_it,
])
