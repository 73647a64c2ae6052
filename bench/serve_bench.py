"""What bench/serve.py and bench/reload.py share: wrk, and where the program and the data are."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/program"))

from support import Place  # noqa: E402  (found through the line above)

WRK_THREADS = 2


def place_in(folder):
    """The program run from `folder`, as the tests run it."""
    program = pathlib.Path(os.environ.get("ALSACE", ROOT / "build/release/alsace")).resolve()
    if not program.exists():
        sys.exit(f"{program} is not there: cmake --preset release && cmake --build build/release")
    return Place(program, ROOT / "tests/data", folder)


def wrk(base, script, connections, seconds, **variables):
    """Starts wrk; `result_of` waits for it."""
    threads = min(WRK_THREADS, connections)
    return subprocess.Popen(["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s",
                             str(ROOT / "bench" / script), base], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, **{name: str(value) for name, value in variables.items()}})


def result_of(process):
    """The JSON that the script of a wrk run printed; shows everything else that it has to say for itself."""
    text, _ = process.communicate()
    lines = [line for line in text.splitlines() if line.startswith("result ")]
    if process.returncode or not lines:
        sys.exit(f"wrk failed with {process.returncode}:\n{text}")
    for line in text.splitlines():
        if line.startswith("example "):
            print(line)
    return json.loads(lines[-1].removeprefix("result "))


def host():
    """What figures depend on."""
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ", 1)[1] for line in info if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    cache = ROOT / "build/release/CMakeCache.txt"
    names = ("CMAKE_BUILD_TYPE:", "CMAKE_CXX_FLAGS:", "CMAKE_CXX_FLAGS_RELEASE:")
    flags = [line for line in cache.read_text().splitlines() if line.startswith(names)] if cache.exists() else []
    return {"cpu": model, "processors": len(os.sched_getaffinity(0)), "commit": commit.stdout.strip(), "flags": flags}
