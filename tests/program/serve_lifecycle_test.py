#!/usr/bin/env python3
"""The service from its start to its end: ready when every rank is, other models while it answers, and an end that
leaves no request unanswered.

usage: serve_lifecycle_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import concurrent.futures
import os
import pathlib
import select
import shutil
import signal
import socket
import time

import serve_support
from serve_support import (IALS, Load, client_of, entries_of, point_latest_at, publish, recommended, sample_of, trained,
                           within)
from service import Service, free_ports, start
from support import BARE, expect, run_checks

MEBI = 1 << 20
K = 10
SWEEPS = 11
PATIENT = ["--deadline-ms", 10_000]  # what fails must not be the test machine's fault
SOME = ",".join(str(user) for user in range(1, 301))  # users that a Load asks about


def checkpoints(here):
    """Paths of the checkpoints of 11 sweeps."""
    model = trained(here, "model", IALS, SWEEPS)
    paths = sorted(model.glob("sweep-*"))
    expect(len(paths) == SWEEPS, f"checkpoints = {paths}")
    return paths


EXPECTED = {}  # (checkpoint, users) -> user -> list


def expected_of(here, path, users=SOME):
    """user -> list, as `recommend` writes it."""
    if (path, users) not in EXPECTED:
        EXPECTED[path, users] = recommended(here, path, K, users=users)
    return EXPECTED[path, users]


def expected_by_name(here, paths):
    return {path.name: expected_of(here, path) for path in paths}


def check_against(expected):
    """A check of answers, single or batches: each must be what the model that it names gives."""
    def check(answer):
        lists = expected[answer["model"]]
        for entry in answer.get("results", [answer]):
            expect(entries_of(entry["items"]) == lists[entry["user"]], f"{answer['model']}, {entry['user']}: other items")
    return check


def questions_about(expected):
    """Questions for a Load: users one by one, and sometimes 20 at once, whose lists must be of one model."""
    users = list(next(iter(expected.values())))
    check = check_against(expected)

    def question(choice):
        if choice.random() < 0.2:
            body = {"users": choice.sample(users, 20), "k": K}
            return "POST", "/v1/recommendations", body, check
        return "GET", f"/v1/users/{choice.choice(users)}/recommendations?k={K}", None, check
    return question


def load_of(served, expected, threads=4):
    return Load(served.host, served.port, questions_about(expected), threads)


def it_is_ready_only_when_every_rank_is(here):
    model, port = checkpoints(here)[0], free_ports(1)[0]
    running = here.start("serve", "--model", model, "--listen", f"127.0.0.1:{port}", ranks=3)
    with Service(running, f"http://127.0.0.1:{port}", "127.0.0.1", port) as served:
        within(30, "three ranks", lambda: len(served.rank_pids()) == 3)
        late = served.rank_pids()[2]
        os.kill(late, signal.SIGSTOP)
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            try:
                expect(served.get("/readyz")[0] == 503, "ready without a rank")
            except OSError:
                pass  # it does not even listen
            time.sleep(0.02)
        os.kill(late, signal.SIGCONT)
        served.wait_until_ready()
        expect(served.get("/v1/users/1/recommendations")[0] == 200, "ready, and no answer")
        served.stop().ends_with(0)


def long_requests(expected, count):
    """Bodies that take the ranks a while, many users each, and the check of their answers."""
    users = list(expected)

    def check(answer):
        for entry in answer["results"]:
            entries = entries_of(entry["items"])
            expect(len(entries) == 60 and entries[:K] == expected[entry["user"]], f"{entry['user']}: another list")
    return [{"users": users[500 * part:500 * part + 500], "k": 60} for part in range(count)], check


def ask_before_the_end(here, served, end):
    """Long requests that are in flight when `end` is called. Returns seconds from there until all processes are gone, how
    many requests were in flight, and the Outcome."""
    bodies, check = long_requests(expected_of(here, checkpoints(here)[0], "all"), 8)
    clients = [client_of(served) for _ in bodies]
    for client in clients:
        client.answer("GET", "/healthz")  # connects
    for client, body in zip(clients, bodies):
        client.send("POST", "/v1/recommendations", body)  # with the kernel of this machine, and so with the service
    answered, _, _ = select.select([client.connection.sock for client in clients], [], [], 0)
    in_flight = len(clients) - len(answered)
    began = time.monotonic()
    end()
    for client in clients:
        status, told = client.receive()
        expect(status == 200, f"what was in flight got {status} {str(told)[:200]}")
        check(told)
    outcome = served.running.wait(20)
    return time.monotonic() - began, in_flight, outcome


def what_is_in_flight_is_answered_at_the_end(here):
    model = checkpoints(here)[0]
    for what, ranks, whom, number in (("TERM to a bare one", BARE, lambda served: served.running.pid, signal.SIGTERM),
                                      ("INT to a bare one", BARE, lambda served: served.running.pid, signal.SIGINT),
                                      ("TERM to rank 0", 3, lambda served: served.rank_pids()[0], signal.SIGTERM),
                                      ("TERM to rank 2", 3, lambda served: served.rank_pids()[2], signal.SIGTERM),
                                      ("INT to rank 0", 2, lambda served: served.rank_pids()[0], signal.SIGINT),
                                      ("USR1 to mpirun", 3, lambda served: served.running.pid, signal.SIGUSR1)):
        for attempt in range(5):  # a busy machine may let all be answered before the end is told
            with start(here, "--model", model, "--queue", 10_000, *PATIENT, ranks=ranks) as served:
                pid = whom(served)
                seconds, in_flight, outcome = ask_before_the_end(here, served, lambda: os.kill(pid, number))
                expect(outcome.code == 0, f"{what}: exit code = {outcome.code}, expected 0\n{outcome.tail()}")
                outcome.ends_with(0)
                expect(seconds < 5, f"{what}: took {seconds:.1f} s")
                print(f"        {what}: {in_flight} in flight, over in {seconds:.2f} s", flush=True)
                if in_flight > 0:
                    break
        else:
            raise AssertionError(f"{what}: nothing was in flight in {attempt + 1} attempts: the check shows nothing")


def term_to_mpirun_ends_the_ranks_in_order(here):
    """It tells them after a second, kills them after another, and ends with 1 whatever they return."""
    with start(here, "--model", checkpoints(here)[0], ranks=2) as served:
        outcome = served.stop(launcher=True)
        expect(outcome.code == 1, f"exit code = {outcome.code}, expected 1\n{outcome.tail()}")
        outcome.says("ending after SIGTERM")
        expect("Killed" not in outcome.err and not outcome.messages(), f"not in order\n{outcome.tail()}")


def an_end_under_load_breaks_no_answer_off(here):
    """A request that was sent is answered, or its connection was closed before a byte of an answer; never half of one,
    nor anything but 200 and 503."""
    model = checkpoints(here)[0]
    with start(here, "--model", model, ranks=2) as served:
        with load_of(served, expected_by_name(here, [model])) as load:
            load.wait_for_answers(100)
            outcome = served.stop()
    outcome.ends_with(0)
    kinds = ("RemoteDisconnected", "ConnectionResetError", "ConnectionRefusedError", "BrokenPipeError")
    bad = [failure for failure in load.failures if not failure.startswith(kinds) and ": 503 " not in failure]
    expect(not bad, f"{len(bad)} of {load.answers}: {bad[:3]}")


def a_stop_of_any_rank_is_heard_under_load(here):
    """Ranks that never come to rest pass it on all the same."""
    model = checkpoints(here)[0]
    with start(here, "--model", model, ranks=3) as served:
        with load_of(served, expected_by_name(here, [model])) as load:
            load.wait_for_answers(200)
            os.kill(served.rank_pids()[2], signal.SIGTERM)
            told = time.monotonic()
            outcome = served.running.wait(20)
            print(f"        over in {time.monotonic() - told:.2f} s", flush=True)
    outcome.ends_with(0)


def a_port_in_use_is_said_at_once(here):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for ranks in (BARE, 3):
            here.run("serve", "--model", checkpoints(here)[0], "--listen", address, ranks=ranks).ends_with(2, address)


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def a_model_that_is_missing_or_broken_ends_the_start_with_5(here):
    good = checkpoints(here)[0]
    publish(good, here.path("flipped"))
    flip_a_bit(here.path("flipped") / good.name / "shard-00000.h5")
    publish(good, here.path("gone"))
    (here.path("gone") / good.name / "shard-00000.h5").unlink()
    here.path("empty").mkdir()
    for ranks in (BARE, 3):
        for name, text in (("absent", "absent"), ("empty", "empty"), ("flipped", "shard-00000.h5"),
                           ("gone", "shard-00000.h5")):
            here.run("serve", "--model", name, "--listen", "127.0.0.1:0", ranks=ranks).ends_with(5, text)


def name_served(served):
    return served.get("/v1/model")[1]["model"]


def by_post(served):
    status, told, _ = served.post("/v1/admin/reload")
    expect(status == 200, f"reload: {status} {told}")


def by_signal(number, whom):
    return lambda served: os.kill(whom(served), number)


RELOADS = {
    "POST": by_post,
    "HUP to rank 0": by_signal(signal.SIGHUP, lambda served: served.rank_pids()[0]),
    "USR2 to rank 0": by_signal(signal.SIGUSR2, lambda served: served.rank_pids()[0]),
    "USR2 to mpirun": by_signal(signal.SIGUSR2, lambda served: served.running.pid),
}


def every_reload_swaps_models_and_fails_no_request(here):
    """Ten reloads of all kinds while four clients ask; memory comes back to where it was after the second."""
    paths = checkpoints(here)
    expected = expected_by_name(here, paths)
    publish(paths[0], here.path("served"))
    with start(here, "--model", "served", *PATIENT, ranks=3) as served, load_of(served, expected) as load:
        ways, sizes = list(RELOADS.items()), []
        for number, path in enumerate(paths[1:]):
            load.wait_for_answers(100)
            publish(path, here.path("served"))
            how, reload = ways[number % len(ways)]
            reload(served)
            within(10, f"{path.name} serves, by {how}", lambda: name_served(served) == path.name)
            load.wait_for_answers(100)
            sizes.append(served.rss())
        load.has_not_failed(2000)
        done = sample_of(served.get("/metrics")[1], 'alsace_reloads_total{result="done"}')
        expect(done == 10, f"reloads counted = {done}")
        growth = [(last - second) / MEBI for last, second in zip(sizes[-1], sizes[1])]
        print(f"        {load.answers} answers, slowest {1000 * load.slowest:.0f} ms, grown by "
              f"{', '.join(f'{mebi:.1f}' for mebi in growth)} MiB from the second to the tenth reload", flush=True)
        expect(len(growth) == 3 and max(growth) <= 10, f"resident bytes after each reload: {sizes}")
        load.has_not_failed(2000)
        load.over.set()
        for thread in load.threads:
            thread.join()
        served.stop().ends_with(0)


def a_watched_model_is_swapped_by_itself(here):
    paths = checkpoints(here)
    expected = expected_by_name(here, paths[:3])
    publish(paths[0], here.path("served"))
    with start(here, "--model", "served", "--watch", 1, *PATIENT, ranks=2) as served, load_of(served, expected) as load:
        for path in paths[1:3]:
            publish(path, here.path("served"))
            within(10, f"{path.name} serves", lambda: name_served(served) == path.name)
            load.wait_for_answers(200)
        flip_to_broken(here, paths[3])
        time.sleep(2.5)
        expect(name_served(served) == paths[2].name, f"{name_served(served)} serves")
        load.wait_for_answers(100)
        load.has_not_failed(500)


def flip_to_broken(here, path, damage=lambda folder: flip_a_bit(folder / "shard-00000.h5")):
    """Publishes a checkpoint that is damaged."""
    broken = here.path("broken") / path.name
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(path, broken)
    damage(broken)
    publish(broken, here.path("served"))


def a_broken_checkpoint_is_refused_and_the_old_one_serves_on(here):
    first, second, third = checkpoints(here)[:3]
    expected = expected_by_name(here, [first, second])
    publish(first, here.path("served"))

    def refused(served):
        return sample_of(served.get("/metrics")[1], 'alsace_reloads_total{result="refused"}') or 0

    with start(here, "--model", "served", *PATIENT, ranks=3) as served, load_of(served, expected, threads=2) as load:
        damages = {
            "a flipped bit": (lambda folder: flip_a_bit(folder / "shard-00000.h5"), "shard-00000.h5"),
            "a shard that is gone": (lambda folder: (folder / "shard-00000.h5").unlink(), "shard-00000.h5"),
            "a manifest that breaks off": (lambda folder: os.truncate(folder / "MANIFEST.json", 200), "MANIFEST.json"),
        }
        for number, (what, (damage, named)) in enumerate(damages.items()):
            flip_to_broken(here, second, damage)
            status, told, _ = served.post("/v1/admin/reload")
            expect(status == 500 and named in told["detail"], f"{what}: {status} {told}")
            os.kill(served.rank_pids()[0], signal.SIGHUP)
            within(10, f"{what}: refused after a signal as well", lambda: refused(served) == 2 * number + 2)
            load.wait_for_answers(50)
            expect(name_served(served) == first.name, f"{what}: {name_served(served)} serves")
            expect(served.get("/readyz")[0] == 200, f"{what}: not ready")
            point_latest_at(here.path("served"), first.name)
            shutil.rmtree(here.path("served") / second.name)
        publish(second, here.path("served"))
        by_post(served)
        expect(name_served(served) == second.name, f"{name_served(served)} serves after a good reload")
        load.wait_for_answers(100)
        load.has_not_failed(200)
        expect(refused(served) == 6, f"refused = {refused(served)}")


def of_many_reloads_at_once_one_runs(here):
    paths = checkpoints(here)
    publish(paths[0], here.path("served"))
    with start(here, "--model", "served", ranks=3) as served:
        seen = set()
        for path in paths[1:6]:
            publish(path, here.path("served"))
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: served.post("/v1/admin/reload"), range(8)))
            statuses = [status for status, _, _ in answers]
            expect(200 in statuses and set(statuses) <= {200, 409}, f"statuses = {answers}")
            expect(name_served(served) == path.name, f"{name_served(served)} serves, not {path.name}")
            seen.update(statuses)
        expect(409 in seen, "never two at once: the check shows nothing")


def another_catalogue_takes_over(here):
    """A new model of other users and items, with titles for some."""
    old = checkpoints(here)[0]
    place = serve_support.common_place(here)
    source = place.write("other.csv", "user,item,value\n" + "".join(
        f"u{user},i{(user * step) % 37},1\n" for user in range(1, 60) for step in (1, 2, 3, 5)))
    new = sorted(trained(here, "other", [*IALS, "--factors", 4], 3, source).glob("sweep-*"))[-1]
    expected = {old.name: expected_of(here, old), new.name: expected_of(here, new, "all")}
    info = here.write("info.csv", "item,title,kind\ni1,The first,odd\ni2,The second,even\n1411238,A film,odd\n")
    publish(old, here.path("served"))
    with start(here, "--model", "served", "--item-info", info, ranks=3) as served:
        expect(served.get("/v1/users/u1/recommendations")[1].get("fallback") == "popular", "u1 is known too soon")
        publish(new, here.path("served"))
        by_post(served)
        client, check = client_of(served), check_against(expected)
        for user in expected[new.name]:
            check(client.answer("GET", f"/v1/users/{user}/recommendations?k={K}"))
        answer = client.answer("GET", f"/v1/users/1/recommendations?k={K}")
        expect(answer["model"] == new.name and answer["fallback"] == "popular", f"user 1 of the old model: {answer}")
        odd = client.answer("GET", "/v1/users/u2/recommendations?exclude_seen=false&filter=kind:odd")["items"]
        expect([(entry["item"], entry["title"]) for entry in odd] == [("i1", "The first")], f"odd items: {odd}")
        expect(client.ask("GET", "/v1/items/1411238/similar")[0] == 404, "an item of the old model is known")
        told = served.get("/v1/model")[1]
        expect(told["users"] == 59 and told["items"] == 37, f"{told}")


def a_folder_of_checkpoints_and_one_checkpoint_both_serve(here):
    """MODEL may be a model's folder, its `latest`, or a checkpoint."""
    first, second = checkpoints(here)[:2]
    publish(first, here.path("served"))
    publish(second, here.path("served"))
    for name, right in (("served", second), ("served/latest", second), (f"served/{first.name}", first)):
        with start(here, "--model", pathlib.Path(name)) as served:
            expect(name_served(served) == right.name, f"{name}: {name_served(served)} serves")


run_checks([
    it_is_ready_only_when_every_rank_is,
    what_is_in_flight_is_answered_at_the_end,
    term_to_mpirun_ends_the_ranks_in_order,
    an_end_under_load_breaks_no_answer_off,
    a_stop_of_any_rank_is_heard_under_load,
    a_port_in_use_is_said_at_once,
    a_model_that_is_missing_or_broken_ends_the_start_with_5,
    every_reload_swaps_models_and_fails_no_request,
    a_watched_model_is_swapped_by_itself,
    a_broken_checkpoint_is_refused_and_the_old_one_serves_on,
    of_many_reloads_at_once_one_runs,
    another_catalogue_takes_over,
    a_folder_of_checkpoints_and_one_checkpoint_both_serve,
])
