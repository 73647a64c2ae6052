#!/usr/bin/env python3
"""clang-tidy over many sources, several of them at a time as one translation unit: reading Eigen or fmt, and looking
for findings in them, takes far longer than our own lines do.

usage: clang_tidy.py BUILD_DIR JOBS FILE.cpp...   from the folder that has .clang-tidy; exits 0 without findings, else 1

Sources that are compiled alike go together when no name is defined in two of them. Where they do not compile together
for all that, they are parted until they do. Two checks look at the main file of a translation unit alone: sources that
they could find something in are given to them one by one.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

TOGETHER = 12
MAIN_FILE_CHECKS = "misc-unused-using-decls,misc-unused-alias-decls"
NOT_A_DEFINITION = re.compile(r"[#\s}/)]|namespace\b|$")
DEFINITIONS = [re.compile(r"(?:template\b.*>\s*)?(?:struct|class|enum(?: class)?|union)\s+(\w+)\b(?!.*;\s*$)"),
               re.compile(r"using\s+(\w+)\s*="),
               re.compile(r"using\s+[\w:]+::(\w+);"),
               re.compile(r"[\w:<>,*&\s\[\]]+?[\s*&](\w+)\s*[({=\[]")]
FOR_MAIN_FILE_CHECKS = re.compile(r"^\s*(?:using\s+[\w:]+::\w+\s*;|namespace\s+\w+\s*=)", re.MULTILINE)


def names_defined_in(file):
    """Names at the left edge of the text, those of unnamed namespaces among them; some that are no definitions, too.
    The loops of kernels are the same wherever they are included: ".inc" stands for what they define."""
    text = pathlib.Path(file).read_text()
    names = {".inc"} if '.inc"' in text else set()
    for line in text.splitlines():
        if not NOT_A_DEFINITION.match(line):
            names.update(match[1] for match in (pattern.match(line) for pattern in DEFINITIONS) if match)
    return names


def command_for_clang(entry):
    """Folder and words of a compile command, without the file, what it writes, and the precompiled header of g++."""
    words, kept = iter(shlex.split(entry["command"])), []
    for word in words:
        if word == "-o":
            next(words)
        elif word == "-include":
            header = next(words)
            kept += [] if header.endswith("cmake_pch.hxx") else [word, header]
        elif word not in ("-c", "-Winvalid-pch", entry["file"]):
            kept.append(word)
    return entry["directory"], tuple(kept)


def batches_of(files, commands):
    """[(command, files)], every file in one of them."""
    batches = []  # command, files, names
    for file in files:
        command, names = commands[os.path.abspath(file)], names_defined_in(file)
        for other, together, taken in batches:
            if other == command and len(together) < TOGETHER and not taken & names:
                together.append(file)
                taken |= names
                break
        else:
            batches.append((command, [file], set(names)))
    return [(command, together) for command, together, _ in batches]


def parted(files, said):
    """Those that the compiler complained of and the others; two halves where that tells nothing."""
    blamed = [file for file in files
              if re.search(rf"^{re.escape(os.path.abspath(file))}:.*clang-diagnostic-error", said, flags=re.M)]
    if 0 < len(blamed) < len(files):
        return [file for file in files if file not in blamed], blamed
    return files[:len(files) // 2], files[len(files) // 2:]


class Linter:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.units = 0

    def run(self, command, files, *options):
        """(exit code, what clang-tidy says) of these files as one."""
        directory, words = command
        if len(files) == 1:
            unit = os.path.abspath(files[0])
        else:
            self.units += 1
            path = self.folder / f"together-{self.units}-{id(files)}.cpp"
            path.write_text("".join(f'#include "{os.path.abspath(file)}"  // NOLINT\n' for file in files))
            unit = str(path)
        config = os.path.abspath(".clang-tidy")
        done = subprocess.run(["clang-tidy", "--quiet", f"--config-file={config}", *options, unit, "--", *words[1:],
                               "-working-directory", directory], capture_output=True, text=True)
        return done.returncode, done.stdout + re.sub(r"^\d+ (?:warnings?|errors?) .*\n", "", done.stderr, flags=re.M)

    def good(self, command, files, *options):
        """True without findings; prints those there are."""
        start = time.monotonic()
        code, said = self.run(command, files, *options)
        if code != 0 and len(files) > 1 and "clang-diagnostic-error" in said:
            print(f"  {len(files)} files do not compile together: {' '.join(files)}", flush=True)
            return all([self.good(command, part, *options) for part in parted(files, said)])
        print(f"  {time.monotonic() - start:5.1f} s  {' '.join(files)}{'  ' if options else ''}{' '.join(options)}\n"
              f"{said if code else ''}", end="", flush=True)
        return code == 0


def main():
    build, jobs, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    entries = json.loads(pathlib.Path(build, "compile_commands.json").read_text())
    commands = collections.defaultdict(lambda: (build, ("c++", "-std=c++20", f"-I{os.getcwd()}")))
    commands.update((entry["file"], command_for_clang(entry)) for entry in entries)
    work = sorted(batches_of(files, commands), key=lambda batch: -len(batch[1]))
    apart = [file for _, together in work if len(together) > 1 for file in together
             if FOR_MAIN_FILE_CHECKS.search(pathlib.Path(file).read_text())]
    print(f"clang-tidy: {len(files)} files in {len(work)} runs, {len(apart)} of them once more, {jobs} at a time",
          flush=True)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        linter = Linter(folder)
        runs = [pool.submit(linter.good, command, together) for command, together in work]
        runs += [pool.submit(linter.good, commands[os.path.abspath(file)], [file], f"--checks=-*,{MAIN_FILE_CHECKS}")
                 for file in apart]
        sys.exit(0 if all([run.result() for run in runs]) else 1)


main()
