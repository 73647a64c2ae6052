#!/usr/bin/env python3
"""Checks that an include only points to the left: src <- io <- mpi. Usage: layering_test.py SOURCE_DIR BUILD_DIR

First by reading the sources, then by asking the compiler: with the flags of a file in src/, mpi.h must not be found.
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SYSTEM = r"<(mpi|hdf5|H5\w+|spdlog/.*|boost/.*|CLI/.*|nlohmann/.*|chrono|c?time|fstream|iostream|filesystem|thread|c?stdio|cstdlib|unistd|fcntl|sys/.*)(\.h(pp)?)?>"
# room -> what a line of it may not have; a file may be excused by name, with the reason.
FORBIDDEN = {
    "src": [
        r'#include\s+"(io|mpi|tests|bench)/',
        r"#include\s+" + SYSTEM,
        r"\b(getenv|abort|exit|printf|fopen|system_clock|steady_clock)\s*\(",
        r"\bstd::(cout|cerr|clog|abort|exit)\b",
    ],
    "io": [r'#include\s+"(mpi|tests|bench)/', r"#include\s+<mpi\.h>"],
    "mpi": [r'#include\s+"(tests|bench)/'],
}
# arch_prctl asks the kernel for the tile registers.
EXCUSED = {("src/kernels/amx_permission.cpp", header) for header in ("<sys/syscall.h>", "<unistd.h>")}
HIDDEN = {"src": ["mpi.h", "hdf5.h"], "io": ["mpi.h"]}


def findings_in_sources(source):
    for room, patterns in FORBIDDEN.items():
        for path in sorted((source / room).rglob("*.[ch]pp")):
            name = path.relative_to(source).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = line.split("//")[0]
                excused = any(name == file and text in line for file, text in EXCUSED)
                if not excused and any(re.search(pattern, code) for pattern in patterns):
                    yield f"{name}:{number}: {line.strip()}, expected nothing that points right of {room}/"


def compile_flags(build, folder):
    """The command of the first file in the folder, without its source, its output and the precompiled header."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if not entry["file"].startswith(f"{folder}/"):
            continue
        words = shlex.split(entry["command"])
        drop = {"-include", "-o", "-c"}
        kept = [w for i, w in enumerate(words) if w not in drop and words[i - 1] not in drop and w != "-Winvalid-pch"]
        return [w for w in kept if not w.endswith("ccache")]
    sys.exit(f"{build}/compile_commands.json: no file of {folder}")


def compiles(flags, header):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(f"#include <{header}>\n")
        file.flush()
        result = subprocess.run([*flags, "-fsyntax-only", file.name], capture_output=True, text=True)
    if result.returncode != 0 and f"{header}: No such file" not in result.stderr and "not found" not in result.stderr:
        sys.exit(f"compiling <{header}> failed for another reason:\n{result.stderr}")
    return result.returncode == 0


def findings_of_the_compiler(source, build):
    for room, headers in HIDDEN.items():
        flags = compile_flags(build, source / room)
        if not compiles(flags, "vector"):
            yield f"{room}: <vector> does not compile with {shlex.join(flags)}, so that the test shows nothing"
        for header in headers:
            if compiles(flags, header):
                yield f"{room}: a file that includes <{header}> compiles, expected that it is not found"


def main():
    source, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    findings = [*findings_in_sources(source), *findings_of_the_compiler(source, build)]
    print("\n".join(findings) or "every include points to the left, and the compiler sees no further")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
