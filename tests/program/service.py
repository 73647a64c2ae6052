"""The scoring service, started by a check of tests/program, and asked over HTTP.

    with service.start(here, "--model", "model", ranks=2) as served:
        status, answer, headers = served.get("/v1/users/42/recommendations?k=5")
        served.stop().ends_with(0)

Nothing of it survives the block, whichever way that ends.
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import time

from support import BARE, expect

READY_SECONDS = 60
EPHEMERAL_PORTS = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count):
    """Ports of 127.0.0.1 that a program can be told to listen on. None is one that the system hands out by itself, unless
    it hands out all: between this call and the program's start, mpirun or a client would be given it."""
    low, high = map(int, EPHEMERAL_PORTS.read_text().split()) if EPHEMERAL_PORTS.exists() else (32768, 60999)
    ports = range(1024, 65536)
    candidates = [port for port in ports if not low <= port <= high] or list(ports)
    random.shuffle(candidates)
    with contextlib.ExitStack() as stack:
        free = []
        while len(free) < count:
            probe = stack.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):  # somebody listens there
                probe.bind(("127.0.0.1", candidates.pop()))
                free.append(probe.getsockname()[1])
        return free


def start(here, *arguments, ranks=BARE, env=None, listen="127.0.0.1:0", ready=True):
    """Runs `alsace serve ARGUMENTS` in `here` and returns a Service when it answers: when /readyz says 200, or, without
    `ready`, when it listens. Fails with the end of its log when it does not come to that."""
    running = here.start("serve", *arguments, "--listen", listen, ranks=ranks, env=env)
    try:
        match = running.wait_for_log(r"listening on (http://(\S+):(\d+))", READY_SECONDS)
        if match is None:
            outcome = running.wait()
            raise AssertionError(f"{outcome.command}\n  ended with {outcome.code} before it listened\n{outcome.tail()}")
        service = Service(running, match[1], match[2].strip("[]"), int(match[3]))
        if ready:
            service.wait_until_ready()
        return service
    except BaseException:
        running.kill_all()
        raise


class Service:
    """A service that listens, at `base` (http://127.0.0.1:PORT). `token`, when set, goes with every request."""

    def __init__(self, running, base, host, port):
        self.running = running
        self.base = base
        self.host = host
        self.port = port
        self.token = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running.kill_all()
        self.running.process.wait()

    def request(self, method, path, body=None, headers=None, timeout=30):
        """One request on a connection of its own: (status, JSON or text, headers)."""
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **(headers or {})}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8")
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, json.loads(text) if is_json else text, response.headers
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=b"", **options):
        """`body`: bytes or a text as they are, anything else as JSON."""
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        return self.request("POST", path, body=body.encode() if isinstance(body, str) else body, **options)

    def wait_until_ready(self, timeout=READY_SECONDS):
        ends = time.monotonic() + timeout
        said = "nothing"
        while time.monotonic() < ends and self.running.process.poll() is None:
            try:
                status, said, _ = self.get("/readyz")
                if status == 200:
                    return
            except OSError as error:
                said = error
            time.sleep(0.02)
        raise AssertionError(f"{' '.join(self.running.command)}\n  not ready in {timeout} s: {said}\n{self.log()}")

    def rank_pids(self):
        """Ids of the processes that are ranks, in the order of the ranks."""
        if "mpirun" not in self.running.command:
            return [self.running.pid]
        ranks = {}
        for pid in self.running.processes():
            try:
                variables = pathlib.Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            for variable in variables:
                if variable.startswith(b"OMPI_COMM_WORLD_RANK="):
                    ranks[int(variable.split(b"=")[1])] = pid
        return [ranks[rank] for rank in sorted(ranks)]

    def rss(self):
        """Resident bytes of each rank."""
        page = os.sysconf("SC_PAGE_SIZE")
        return [int(pathlib.Path("/proc", str(pid), "statm").read_text().split()[1]) * page for pid in self.rank_pids()]

    def cpu_seconds(self):
        """Processor time that each rank has used so far, user and system, all threads."""
        ticks = os.sysconf("SC_CLK_TCK")
        used = []
        for pid in self.rank_pids():
            stat = pathlib.Path("/proc", str(pid), "stat").read_text(errors="replace")
            fields = stat[stat.rindex(")") + 2:].split()
            used.append((int(fields[11]) + int(fields[12])) / ticks)
        return used

    def log(self):
        return self.running.log()

    def send_signal(self, number):
        """To every rank at once, as a scheduler does."""
        pids = self.rank_pids()
        expect(pids, f"{' '.join(self.running.command)}\n  has no ranks any more\n{self.log()}")
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self, number=signal.SIGTERM, timeout=20, launcher=False):
        """Signals the ranks (or the launcher alone, which passes TERM on after a second and then ends with 1 itself),
        waits until all is gone, and returns the Outcome."""
        if launcher:
            os.kill(self.running.pid, number)
        else:
            self.send_signal(number)
        return self.running.wait(timeout)
