#!/usr/bin/env python3
"""Two groups behind cluster/haproxy.cfg: one is killed under load, and no client notices.

usage: serve_groups_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

from serve_support import IALS, Client, Load, entries_of, recommended, trained, within
from service import free_ports, start
from support import MPI_ENVIRONMENT, Running, Skip, expect, run_checks

CLUSTER = pathlib.Path(__file__).resolve().parents[2] / "cluster"
K = 10


def command_of(process):
    """The words of a process's command, each with a zero behind it; none when it has ended."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def need_haproxy():
    if not shutil.which("haproxy"):
        raise Skip("haproxy is missing; it is in the package of that name")


def addresses():
    """The environment of cluster/haproxy.cfg with ports that are free."""
    names = ("PROXY_LISTEN", "PROXY_STATS", "GROUP_1", "GROUP_2")
    return {name: f"127.0.0.1:{port}" for name, port in zip(names, free_ports(4))}


def text_of(address, path):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()


def groups_up(env):
    """Names of the groups that the proxy takes for ready."""
    metrics = text_of(env["PROXY_STATS"], "/metrics")
    line = r'^haproxy_server_status\{proxy="groups",server="(\w+)",state="UP"\} 1$'
    return set(re.findall(line, metrics, flags=re.M))


def questions_about(expected):
    users = list(expected)

    def check(answer):
        for entry in answer.get("results", [answer]):
            expect(entries_of(entry["items"]) == expected[entry["user"]], f"{entry['user']}: another list")

    def question(choice):
        if choice.random() < 0.3:
            return "POST", "/v1/recommendations", {"users": choice.sample(users, 30), "k": K}, check
        return "GET", f"/v1/users/{choice.choice(users)}/recommendations?k={K}", None, check
    return question


def a_group_that_is_killed_fails_no_request(here):
    """Rank 1, then rank 0 of a group, then mpirun, killed with -9 while six clients ask through the proxy."""
    need_haproxy()
    model = trained(here, "model", IALS, 2)
    env = addresses()

    def group(number):
        return start(here, "--model", model, ranks=2, listen=env[f"GROUP_{number}"])

    proxy = None
    groups = {}
    try:
        groups = {number: group(number) for number in (1, 2)}
        proxy = Running(["haproxy", "-db", "-f", str(CLUSTER / "haproxy.cfg")], here.folder, {**os.environ, **env})
        within(10, "both groups are up", lambda: groups_up(env) == {"group_1", "group_2"})
        host, port = env["PROXY_LISTEN"].split(":")
        with Load(host, int(port), questions_about(recommended(here, model, K)), threads=6) as load:
            for victim, number in (("rank 1", 1), ("rank 0", 2), ("mpirun", 1)):
                load.wait_for_answers(300)
                served = groups[number]
                pid = served.running.pid if victim == "mpirun" else served.rank_pids()[int(victim[-1])]
                os.kill(pid, signal.SIGKILL)
                load.wait_for_answers(300)
                out = within(15, "the proxy notices", lambda: f"group_{number}" not in groups_up(env))
                load.wait_for_answers(300)
                served.running.kill_all()
                served.running.wait()
                groups[number] = group(number)
                back = within(15, "the group is back", lambda: f"group_{number}" in groups_up(env))
                load.wait_for_answers(300)
                expect(not load.failures, f"{victim}: {len(load.failures)} of {load.answers}: {load.failures[:3]}")
                print(f"        {victim} of group {number} killed: out after {out:.2f} s, back {back:.2f} s after it "
                      f"is ready; slowest answer so far {load.slowest:.2f} s of {load.answers}", flush=True)
        load.has_not_failed(3000)
        for served in groups.values():
            served.stop().ends_with(0)
    finally:
        if proxy:
            proxy.kill_all()
            proxy.wait()
        for served in groups.values():
            served.running.kill_all()


def the_proxy_keeps_to_itself_what_is_of_one_group(here):
    need_haproxy()
    env = addresses()
    proxy = Running(["haproxy", "-db", "-f", str(CLUSTER / "haproxy.cfg")], here.folder, {**os.environ, **env})
    try:
        within(10, "the proxy answers", lambda: "haproxy" in text_of(env["PROXY_STATS"], "/metrics"))
        host, port = env["PROXY_LISTEN"].split(":")
        for method, path in (("POST", "/v1/admin/reload"), ("POST", "/v1/%61dmin/reload"), ("GET", "/metrics")):
            client = Client(host, int(port))
            status, told = client.ask(method, path)
            client.close()
            expect(status == 403 and told["status"] == "403", f"{method} {path}: {status} {told}")
        client = Client(host, int(port))
        expect(client.ask("GET", "/v1/model")[0] == 503, "no group, and another answer than 503")
        client.close()
    finally:
        proxy.kill_all()
        proxy.wait()


@contextlib.contextmanager
def served_locally(here):
    """cluster/serve-local.sh when it says that it is ready, and the addresses: (process, environment)."""
    need_haproxy()
    model = trained(here, "model", IALS, 2)
    env = addresses()
    process = subprocess.Popen([CLUSTER / "serve-local.sh", model, here.data / "items.csv"], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True,
                               env={**os.environ, **MPI_ENVIRONMENT, **env, "ALSACE": here.program,
                                    "LOGS": str(here.path("logs"))})
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C ends all" in line:
                break
        else:
            raise AssertionError(f"serve-local.sh ended before it was ready:\n{''.join(said)}")
        yield process, env
    finally:
        if process.poll() is None:
            process.terminate()  # it ends the groups
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        process.kill()
        process.wait()


def ends_all(process, env):
    """Ends the script by TERM: nothing of it may listen any more."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = process.wait(20)
    print(f"        ended in {time.monotonic() - began:.2f} s", flush=True)
    expect(code == 0, f"exit code = {code}: {process.stdout.read()}")
    for name, address in env.items():
        with socket.socket() as probe:
            host, port = address.split(":")
            expect(probe.connect_ex((host, int(port))) != 0, f"{name} still listens on {address}")


def serve_local_starts_two_groups_and_ends_them(here):
    with served_locally(here) as (process, env):
        answer = json.loads(text_of(env["PROXY_LISTEN"], "/v1/users/42/recommendations?k=3"))
        expect(len(answer["items"]) == 3 and all(entry["title"] for entry in answer["items"]), f"{answer}")
        within(5, "both groups are up", lambda: groups_up(env) == {"group_1", "group_2"})
        ends_all(process, env)


def serve_local_ends_a_group_that_hangs(here):
    with served_locally(here) as (process, env):
        listener = f"--listen {env['GROUP_2']}".replace(" ", "\0").encode()
        ranks = [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()
                 and listener in command_of(entry) and not command_of(entry).startswith(b"mpirun")]
        expect(len(ranks) == 2, f"ranks = {ranks}, expected two")
        os.kill(ranks[0], signal.SIGSTOP)
        ends_all(process, env)


run_checks([
    a_group_that_is_killed_fails_no_request,
    the_proxy_keeps_to_itself_what_is_of_one_group,
    serve_local_starts_two_groups_and_ends_them,
    serve_local_ends_a_group_that_hangs,
])
