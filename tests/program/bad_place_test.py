#!/usr/bin/env python3
"""Places that cannot be read or written, full disks among them, and stores of another kind, version or run: refused on
1 and on 3 ranks with the place named and nothing left behind, and what was there is as good as before.

usage: bad_place_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import contextlib
import fcntl
import itertools
import json
import os
import re
import shutil
import signal
import subprocess

from support import BARE, Skip, expect, refused, run_checks, temporaries_in

USAGE, INPUT, STORAGE = 2, 3, 5
SMALL = ["--factors", "1", "--sweeps", "2", "--threads", "1"]
GOOD = "user,item,value,timestamp\na,x,1,10\na,y,2,20\nb,x,3,30\nb,z,1,40\nc,y,5,50\nc,z,1,60\n"
COMMANDS = ["import", "split", "train", "evaluate", "recommend", "similar", "serve", "inspect", "verify", "export",
            "synth", "plan"]
SIZES = ["--users", "9", "--items", "9", "--interactions", "9"]


def directory_or_missing_file_is_named(here):
    os.mkdir(here.path("folder"))
    for command in (["import", "--out", "out"], ["train", "--model", "out", *SMALL]):
        refused(here, INPUT, "folder: is a directory", command=[*command, "folder"])
        refused(here, INPUT, "absent.csv: cannot be read: No such file", command=[*command, "absent.csv"])


def pipe_is_refused_at_once(here):
    os.mkfifo(here.path("pipe"))
    for name in ("pipe", "/dev/null"):
        refused(here, INPUT, f"{name}: is a pipe or a device", command=["import", name, "--out", "out"], ranks=(BARE, 2))


# A process without mpirun starts a daemon of Open MPI's for itself, which as another user on a busy machine has failed.
ALONE = {"OMPI_MCA_ess_singleton_isolated": "1", "HOME": "/tmp"}


def as_nobody(here):
    """Words in front of a command that take root's rights from it; the program is copied to where nobody may run it."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        raise Skip("root may do everything, and there is no setpriv to be someone else")
    # By another process: one that is started meanwhile by another thread would hold the copy open, too busy to be run.
    subprocess.run(["cp", here.program, here.path("alsace")], check=True)
    here.program = here.path("alsace")
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def file_without_permission_is_named(here):
    here.write("secret.csv", GOOD).chmod(0)
    before = as_nobody(here)
    here.folder.chmod(0o777)
    for ranks in (BARE, 3):
        for command in (["import", "secret.csv", "--out", "out"], ["train", "secret.csv", "--model", "out", *SMALL]):
            here.run(*command, ranks=ranks, before=before, env=ALONE, timeout=30).ends_with(
                INPUT, "secret.csv: cannot be read: Permission denied")
            expect(not here.path("out").exists(), "something is left")


def folder_without_permission_is_named(here):
    here.write("good.csv", GOOD)
    before = as_nobody(here)
    here.folder.chmod(0o555)
    for ranks in (BARE, 3):
        for command in (["import", "good.csv", "--out", "out"], ["train", "good.csv", "--model", "out", *SMALL]):
            here.run(*command, ranks=ranks, before=before, env=ALONE, timeout=30).ends_with(
                STORAGE, "out", "Permission denied")
    here.folder.chmod(0o755)


def no_store_is_made_inside_of_another_or_over_one_of_another_kind(here):
    here.write("good.csv", GOOD)
    here.done("import", "good.csv", "--out", "data")
    here.done("train", "data", "--model", "model", *SMALL)
    for model in ("data", "model/latest", "model/sweep-000002", "good.csv"):
        refused(here, USAGE, f"{model}: ", command=["train", "data", *SMALL, "--model", model, "--sweeps", "3"])
    for out in ("model", "model/latest", "model/sweep-000002", "good.csv"):
        refused(here, USAGE, f"{out}: exists", command=["import", "good.csv", "--out", out, "--overwrite"])
    for store in ("data", "model/latest", "model/sweep-000002"):
        for command in (["train", "good.csv", *SMALL, "--model"], ["import", "good.csv", "--out"],
                        ["split", "good.csv", "--out"], ["synth", *SIZES, "--format", "dataset", "--out"]):
            refused(here, USAGE, f"{store}/a/b: lies in", "expected a place outside", command=[*command, f"{store}/a/b"],
                    ranks=(BARE, 3) if store == "data" else (BARE,))
    for store in ("data", "model"):
        refused(here, USAGE, f"{store}: is a model or a data set", command=["split", "good.csv", "--out", store],
                ranks=(BARE,))
    here.done("verify", "data")
    here.done("verify", "model")


def nothing_is_exported_into_a_store(here):
    here.write("good.csv", GOOD)
    here.done("import", "good.csv", "--out", "data")
    here.done("train", "data", "--model", "model", *SMALL)
    for out in ("data", "model", "model/", "model/latest", "model/sweep-000002"):
        refused(here, USAGE, "is a model or a data set", ranks=(BARE,),
                command=["export", "--model", "model", "--out", out])
    for out in ("data/factors", "model/latest/factors", "model/sweep-000002/factors/of/model"):
        refused(here, USAGE, f"{out}: lies in", "expected a place outside", ranks=(BARE,),
                command=["export", "--model", "model", "--out", out])
    here.done("export", "--model", "model", "--out", "factors")
    here.done("export", "--model", "model", "--out", "factors")


def no_file_is_written_into_a_store(here):
    here.write("good.csv", GOOD)
    here.done("import", "good.csv", "--out", "data")
    here.done("train", "data", "--model", "model", *SMALL)
    here.path("link.csv").symlink_to("model/latest/MANIFEST.json")
    files = ("model/latest/MANIFEST.json", "model/sweep-000002/new.csv", "data/shard-00000.h5", "link.csv")
    commands = {"--out": (["recommend", "--model", "model"], ["synth", *SIZES, "--overwrite"],
                          ["plan", "--calibrate"]),
                "--attributes": (["synth", *SIZES, "--out", "s.csv", "--overwrite"],),
                "--report-json": (["train", "good.csv", *SMALL, "--model", "other"],),
                "--access-log": (["serve", "--model", "model"],),
                "--reject-file": (["import", "good.csv", "--out", "other", "--on-bad-row", "skip"],
                                  ["evaluate", "--model", "model", "--test", "good.csv", "--on-bad-row", "skip"])}
    with here.nothing_changes_in("model"), here.nothing_changes_in("data"):
        for option, several in commands.items():
            for command, file in itertools.product(several, files):
                refused(here, USAGE, f"{file}: lies in", "expected a place outside", command=[*command, option, file],
                        ranks=(BARE, 3) if file == "link.csv" else (BARE,))
    for option, file in [("--out", "data"), ("--out", "model/latest")]:
        refused(here, USAGE, f"{file}: is a model or a data set", command=["recommend", "--model", "model", option, file])
    here.done("recommend", "--model", "model", "--out", "model/top.csv")
    train = ["train", "good.csv", *SMALL, "--model", "fresh", "--report-json"]
    for file in ("fresh/latest/report.json", "fresh/sweep-000002/MANIFEST.json", "fresh/best/report.json"):
        refused(here, USAGE, file, "expected a place outside", command=[*train, file], ranks=(BARE,))
    here.done(*train, "fresh/report.json")


def no_result_replaces_an_input(here):
    here.write("good.csv", GOOD)
    here.write("items.csv", "item,title\nx,an x\n")
    here.done("train", "good.csv", "--model", "model", *SMALL)
    commands = [["train", "good.csv", "--model", "other", *SMALL, "--report-json", "./good.csv"],
                ["train", "good.csv", "--valid", "items.csv", "--model", "other", "--report-json", "items.csv"],
                ["recommend", "--model", "model", "--item-info", "items.csv", "--out", "./items.csv"],
                ["serve", "--model", "model", "--item-info", "items.csv", "--access-log", "./items.csv"],
                ["synth", *SIZES, "--out", "s.csv", "--overwrite", "--attributes", "./s.csv"]]
    for command in commands:
        refused(here, USAGE, f"{command[-2]} = {command[-1]}, expected", command=command, ranks=(BARE,))
    expect(here.path("good.csv").read_text() == GOOD, "good.csv has changed")


def what_is_no_store_is_said(here):
    here.write("good.csv", GOOD)
    here.done("train", "good.csv", "--model", "model", *SMALL)
    for model in ("model", "model/latest"):
        for command in (["train", model, "--model", "m2"], ["split", model, "--out", "m2"],
                        ["evaluate", "--model", "model", "--test", model]):
            refused(here, INPUT, f"{model}: is a directory and no data set", command=command, ranks=(BARE,))
    refused(here, STORAGE, "good.csv: is a file, expected a model", command=["verify", "good.csv"], ranks=(BARE,))


def second_import_needs_overwrite(here):
    here.write("good.csv", GOOD)
    here.done("import", "good.csv", "--out", "data")
    inode = here.path("data/MANIFEST.json").stat().st_ino
    refused(here, USAGE, "data", "--overwrite", command=["import", "good.csv", "--out", "data"])
    expect(inode == here.path("data/MANIFEST.json").stat().st_ino, "the data set was replaced")
    for ranks in (BARE, 3):
        here.done("import", "good.csv", "--out", "data", "--overwrite", ranks=ranks)
        here.done("verify", "data")
    os.mkdir(here.path("photos"))
    here.write("photos/cat.jpg", "cat")
    refused(here, USAGE, "photos", command=["import", "good.csv", "--out", "photos", "--overwrite"])


def store_of_a_newer_schema_is_refused(here):
    here.write("good.csv", GOOD)
    here.done("import", "good.csv", "--out", "data", ranks=2)
    here.done("train", "data", "--model", "model", *SMALL, ranks=2)
    for store in ("data", "model/latest"):
        manifest = here.path(f"{store}/MANIFEST.json")
        text, edits = re.subn(r'"schema_version": \d+', '"schema_version": 999', manifest.read_text())
        expect(edits == 1, f"{store}: no schema_version")
        manifest.write_text(text)
    newer = ["MANIFEST.json: schema_version = 999, expected", "newer version of Alsace"]
    refused(here, STORAGE, "data/", *newer, command=["train", "data", "--model", "other"])
    refused(here, STORAGE, "model/", *newer, command=["train", "good.csv", "--model", "model", *SMALL])
    refused(here, STORAGE, *newer, command=["recommend", "--model", "model", "--out", "top.csv"])
    refused(here, STORAGE, *newer, command=["evaluate", "--model", "model", "--test", "good.csv"])
    for command in (["inspect"], ["verify"], ["export", "--out", "e", "--model"]):
        refused(here, STORAGE, *newer, command=[*command, "model"], ranks=(BARE,))


def model_is_found_by_any_of_its_names(here):
    here.write("good.csv", GOOD)
    here.done("train", "good.csv", "--model", "model/", *SMALL, "--checkpoint-every", "1", ranks=2)
    lists = set()
    for model in ("model", "model/", "model/latest", "model/latest/", "model/sweep-000002", here.path("model")):
        lists.add(here.done("recommend", "--model", model))
        sweep = json.loads(here.done("inspect", model, "--json"))["sweep"]
        expect(sweep == 2, f"{model}: sweep = {sweep}")
        here.done("verify", model)
    expect(len(lists) == 1, f"lists differ: {lists}")
    expect(json.loads(here.done("inspect", "model/sweep-000001", "--json"))["sweep"] == 1, "sweep-000001")


def leftovers_of_a_killed_run_go_at_the_next_start(here):
    here.write("good.csv", GOOD)
    os.makedirs(here.path("data.tmp"))
    here.write("data.tmp/shard-00000.h5", "the beginning of one")
    here.done("import", "good.csv", "--out", "data", ranks=2)
    here.done("train", "data", "--model", "model", *SMALL, ranks=2)
    expect(not temporaries_in(here.folder), f"left: {temporaries_in(here.folder)}")
    for more in (["--sweeps", "3"], ["--sweeps", "3"]):  # goes on; is already complete
        os.makedirs(here.path("model/sweep-000001.tmp"))
        os.symlink("sweep-000001", here.path("model/latest.tmp"))
        here.done("train", "data", "--model", "model", *SMALL, *more, ranks=2)
        expect(not temporaries_in(here.folder), f"left after {more}: {temporaries_in(here.folder)}")


def model_that_another_run_writes_is_refused(here):
    here.write("good.csv", GOOD)
    train = ["train", "good.csv", "--model", "model", *SMALL]
    here.path("model").mkdir()
    with open_directory(here.path("model")) as directory:
        fcntl.flock(directory, fcntl.LOCK_EX)
        refused(here, STORAGE, "model: another run is writing to this model", command=train)
    expect(not list(here.path("model").iterdir()), "something is left")
    here.done(*train)
    long = ["train", "good.csv", "--model", "model", "--factors", "1", "--threads", "1", "--sweeps", "100000",
            "--checkpoint-every", "100000", "--resume", "never", "--overwrite"]
    run = here.start(*long, ranks=2)
    run.wait_for_log(r"sweep +1/")
    refused(here, STORAGE, "model: another run is writing to this model", command=train)
    os.kill(run.pid, signal.SIGKILL)
    run.wait(30)
    here.done(*train)


@contextlib.contextmanager
def open_directory(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def small_disk(here, size):
    """A tmpfs of this size at disk/."""
    here.path("disk").mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", here.path("disk")],
                                           stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("mounting a small tmpfs needs root")
    try:
        yield here.path("disk")
    finally:
        subprocess.run(["umount", "-l", here.path("disk")], check=True)


def full_disk_is_a_storage_error_that_leaves_nothing(here):
    ratings = here.data / "ratings.csv"
    here.done("train", ratings, "--model", "model", "--factors", "16", "--sweeps", "1")  # 430 kB
    synth = ["synth", "--users", "20000", "--items", "100", "--interactions", "90000", "--out"]
    commands = {"disk/data": ["import", ratings, "--out"], "disk/top.csv": ["recommend", "--model", "model", "--out"],
                "disk/s.csv": synth, "disk/parts": ["split", ratings, "--out"]}
    with small_disk(here, "200k"):
        for out, command in commands.items():
            # What is full first depends on the rank count.
            refused(here, STORAGE, out, "No space left", command=[*command, out], same=False)
        for ranks in (BARE, 3):
            outcome = here.run("train", ratings, "--model", "disk/model", "--sweeps", "1", ranks=ranks)
            outcome.ends_with(STORAGE, "disk/model/sweep-", "No space left")
            expect(not list(here.folder.glob("disk/model/*")), f"left: {here.names()}")
        here.path("disk/model").rmdir()
        outcome = here.run("export", "--model", "model", "--out", "disk/factors")
        outcome.ends_with(STORAGE, "disk/factors", "No space left")


def messages_about_a_full_disk_are_one_line(here):
    with small_disk(here, "200k"):
        for command in (["import", here.data / "ratings.csv", "--out", "disk/data"],
                        ["train", here.data / "ratings.csv", "--model", "disk/model", "--sweeps", "1"]):
            message = here.run(*command).ends_with(STORAGE).messages()[0]
            expect(message.count("\n") == 1 and message.endswith("No space left on device\n"), message)


def output_that_cannot_be_printed_is_a_storage_error(here):
    here.write("good.csv", GOOD)
    here.done("train", "good.csv", "--model", "model", *SMALL)
    commands = [["--help"], ["-h"], ["help"], ["--version"], ["inspect", "model"], ["inspect", "model", "--json"],
                ["verify", "model"], ["plan", *SIZES, "--factors", "1"], ["recommend", "--model", "model"],
                ["similar", "--model", "model", "--item", "x"], ["evaluate", "--model", "model", "--test", "good.csv"],
                ["export", "--model", "model", "--out", "factors"], ["import", "good.csv", "--out", "data"],
                *([command, "--help"] for command in COMMANDS)]
    for command in commands:
        outcome = here.run(*command, before=["sh", "-c", 'exec "$0" "$@" >/dev/full'])
        outcome.ends_with(STORAGE, "alsace: stdout: cannot be written: No space left on device")
    here.run("--help").ends_with(0).says("alsace COMMAND --help")
    here.run("--version").ends_with(0).says("alsace")


def disk_that_fills_up_keeps_the_last_checkpoint(here):
    train = ["train", here.data / "split_random/valid.csv", "--factors", "16", "--threads", "1", "--sweeps", "40",
             "--checkpoint-every", "1", "--keep", "100", "--model"]
    here.done(*train, "undisturbed")
    for ranks in (BARE, 3):
        if here.path("disk").exists():
            here.path("disk").rmdir()
        with small_disk(here, "4m"):
            here.run(*train, "disk/m", ranks=ranks).ends_with(STORAGE, "disk/m/sweep-", "No space left")
            expect(not temporaries_in(here.path("disk")), f"left: {temporaries_in(here.path('disk'))}")
            here.done("verify", "disk/m")
            sweep = json.loads(here.done("inspect", "disk/m", "--json"))["sweep"]
            expect(1 <= sweep < 40, f"sweep = {sweep}: the disk did not fill up after some sweeps")
            subprocess.run(["mount", "-o", "remount,size=100m", here.path("disk")], check=True)
            here.done(*train, "disk/m", ranks=2)
            same = here.exported("undisturbed", f"u{ranks}") == here.exported("disk/m", f"r{ranks}")
            expect(same, "resumed with more space, the bits differ")


run_checks([directory_or_missing_file_is_named, pipe_is_refused_at_once, file_without_permission_is_named,
            folder_without_permission_is_named,
            no_store_is_made_inside_of_another_or_over_one_of_another_kind, second_import_needs_overwrite,
            nothing_is_exported_into_a_store, no_file_is_written_into_a_store, no_result_replaces_an_input, what_is_no_store_is_said,
            store_of_a_newer_schema_is_refused, model_is_found_by_any_of_its_names,
            leftovers_of_a_killed_run_go_at_the_next_start, model_that_another_run_writes_is_refused, full_disk_is_a_storage_error_that_leaves_nothing,
            messages_about_a_full_disk_are_one_line, output_that_cannot_be_printed_is_a_storage_error, disk_that_fills_up_keeps_the_last_checkpoint], workers=4)
