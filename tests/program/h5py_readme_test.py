#!/usr/bin/env python3
"""A model through h5py alone, as the README shows it, and what the view and the program do when a shard is not there.

usage: h5py_readme_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

from support import BARE, Skip, expect, rows_of, run_checks, with_module

with_module("h5py", "python3-h5py")
import h5py  # noqa: E402, F401  (the snippet needs it)
import numpy as np  # noqa: E402

STORAGE = 5
OPTIONS = ["--objective", "hkv", "--factors", 8, "--sweeps", 2, "--threads", 1]


def readme_snippet(place):
    """The first python block of the README that opens model.h5."""
    readme = place.data.parents[2] / "README.md"
    for block in re.findall(r"^```python\n(.*?)^```", readme.read_text(encoding="utf-8"), flags=re.M | re.S):
        if "model.h5" in block:
            return block
    raise AssertionError("README.md has no python block that opens model.h5")


def run_python(place, code, cwd=None, env=None, open_files=None, before=()):
    """Runs code in a Python of its own. Returns its exit code, stderr and the arrays X, users, Y and items."""
    saved = place.path("view.npz")
    saved.write_bytes(b"")
    saved.chmod(0o666)  # for whoever `before` makes of us
    code += f"\nnp.savez({str(saved)!r}, X=X, Y=Y, users=users.astype('U'), items=items.astype('U'))\n"
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))) if open_files else None
    done = subprocess.run([*before, sys.executable, "-c", code], cwd=cwd or place.folder, capture_output=True, text=True,
                          env={**os.environ, **(env or {})}, preexec_fn=limit)
    arrays = dict(np.load(saved)) if saved.stat().st_size > 0 else None
    return done.returncode, done.stderr, arrays


def view(place, **how):
    """What h5py shows of the model, whole or not."""
    code = readme_snippet(place).replace("model/latest", str(place.path("model/latest")))
    code = "\n".join(line for line in code.splitlines() if not line.startswith("assert"))
    exit_code, errors, arrays = run_python(place, code, **how)
    expect(exit_code == 0, f"the view cannot be read: {errors}")
    return arrays


def exported(place, model="model"):
    """The same arrays from the files that export writes, which go by the manifest alone."""
    with tempfile.TemporaryDirectory() as out:
        place.done("export", "--model", f"{model}/latest", "--out", out)
        folder = pathlib.Path(out)
        ids = [np.array((folder / f"{side}.txt").read_text(encoding="utf-8").split("\n")[:-1])
               for side in ("users", "items")]
        return {"X": np.load(folder / "user_factors.npy"), "Y": np.load(folder / "item_factors.npy"),
                "users": ids[0], "items": ids[1]}


def expect_same_bits(expected, found):
    for name in ("X", "Y"):
        one, other = expected[name], found[name]
        expect(one.dtype == other.dtype and one.shape == other.shape, f"{name}: {one.dtype}{one.shape} and "
               f"{other.dtype}{other.shape}")
        expect(one.tobytes() == other.tobytes(), f"{name} differs")
    for name in ("users", "items"):
        expect(expected[name].tolist() == found[name].tolist(), f"ids of {name} differ")


def train(place, model="model", source="data.csv", ranks=4, options=()):
    place.run("train", source, "--model", model, *OPTIONS, *options, ranks=ranks).ends_with(0)


def write_small_data(place):
    place.write_rows("data.csv", rows_of(place.data / "ratings.csv", 1500))


def the_readme_snippet_gives_what_export_gives(place):
    rows = rows_of(place.data / "ratings.csv", 5000)
    rows += [("Zoë", rows[0][1], 5, 1), ("日本", rows[1][1], 4, 1), ("x" * 300, "naïve café", 3, 1),
             ("a b", "'q'", 3, 1)]
    place.write_rows("data.csv", rows)
    train(place, ranks=2, options=["--factors", 16])
    code, errors, found = run_python(place, readme_snippet(place))
    expect(code == 0, f"the snippet fails: {errors}")
    expected = exported(place)
    expect(expected["X"].shape[1] == 16 and len(expected["X"]) > 64, f"shape {expected['X'].shape}")
    expect("日本" in expected["users"] and "naïve café" in expected["items"], "ids are not as they were written")
    expect_same_bits(expected, found)


def ranges_of_shard(place, name):
    """The rows of a shard by the manifest, as slices of users and items."""
    manifest = json.loads(place.path("model/latest/MANIFEST.json").read_text())
    file = next(file for file in manifest["files"] if file["name"] == name)
    return slice(*file["users"]), slice(*file["items"])


def expect_hole(whole, found, users, items):
    """NaN and '' exactly in the rows of one shard, and the model's bits elsewhere."""
    expect(users.stop > users.start and items.stop > items.start, "the shard has no rows to lose")
    for name, rows in (("X", users), ("Y", items)):
        expect(np.isnan(found[name][rows]).all(), f"{name} of the lost shard shows {found[name][rows][:2]}")
        for part in (slice(0, rows.start), slice(rows.stop, None)):
            expect(whole[name][part].tobytes() == found[name][part].tobytes(), f"{name} differs beside the lost shard")
    for name, rows in (("users", users), ("items", items)):
        expect(set(found[name][rows]) == {""}, f"ids of the lost shard's {name} show {found[name][rows][:2]}")


def expect_refused(place, shard, **how):
    """Every command that reads factors ends with a storage error that names the shard, and writes nothing."""
    model = place.path("model")
    for command in (["verify", model], ["export", "--model", model, "--out", "lost"],
                    ["recommend", "--model", model, "--users", "all", "--out", "lost"],
                    ["evaluate", "--model", model, "--test", place.path("data.csv")],
                    ["similar", "--model", model, "--item", "111161"],
                    ["train", place.path("data.csv"), "--model", model, *OPTIONS, "--sweeps", 3]):
        several = command[0] in ("recommend", "evaluate", "train")
        for ranks in (BARE, 3) if several else (BARE,):
            place.run(*command, ranks=ranks, **how).ends_with(STORAGE, shard)
    expect(not place.path("lost").exists(), "a refused command wrote its output")


def damages(other_model):
    """Name and deed: what may happen to a shard."""
    def truncate(bytes_lost):
        return lambda shard: os.truncate(shard, shard.stat().st_size - bytes_lost)

    def make_directory(shard):
        shard.unlink()
        shard.mkdir()

    def replace_by(other):
        return lambda shard: shutil.copyfile(other, shard)

    return {
        "missing": lambda shard: shard.unlink(),
        "cut by a byte": truncate(1),
        "cut in half": lambda shard: os.truncate(shard, shard.stat().st_size // 2),
        "empty": lambda shard: os.truncate(shard, 0),
        "a directory": make_directory,
        "of another seed": replace_by(other_model / "shard-00001.h5"),
        "another shard": lambda shard: shutil.copyfile(shard.parent / "shard-00002.h5", shard),
    }


def a_lost_shard_is_refused_by_name_and_shows_as_nan(place):
    write_small_data(place)
    train(place)
    train(place, "other", options=["--seed", 2])
    whole = exported(place)
    expect_same_bits(whole, view(place))
    users, items = ranges_of_shard(place, "shard-00001.h5")
    place.path("model").rename(place.path("good"))
    for number, (name, damage) in enumerate(damages(place.path("other/latest")).items()):
        shutil.copytree(place.path("good"), place.path("model"), symlinks=True)
        damage(place.path("model/latest/shard-00001.h5"))
        try:
            if number == 0:
                expect_refused(place, "shard-00001.h5")
                code, errors, _ = run_python(place, readme_snippet(place))
                expect(code != 0 and "AssertionError" in errors, f"the snippet takes NaN for a model: {errors}")
            else:
                for command, ranks in ((["verify", "model"], BARE), (["recommend", "--model", "model"], 2)):
                    place.run(*command, ranks=ranks).ends_with(STORAGE, "shard-00001.h5")
            expect_hole(whole, view(place), users, items)
        except AssertionError as failure:
            raise AssertionError(f"{name}: {failure}") from None
        shutil.rmtree(place.path("model"))


def a_shard_without_permission_is_refused_by_name_and_shows_as_nan(place):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if nobody and not shutil.which("setpriv"):
        raise Skip("root may read everything, and there is no setpriv to be someone else")
    write_small_data(place)
    train(place)
    whole = exported(place)
    users, items = ranges_of_shard(place, "shard-00001.h5")
    expect_same_bits(whole, view(place, before=nobody))
    shard = place.path("model/latest/shard-00001.h5")
    shard.chmod(0)
    place.run("verify", "model", before=nobody).ends_with(STORAGE, "shard-00001.h5")
    expect_hole(whole, view(place, before=nobody), users, items)


def decoys(place):
    """Folders with shards of the same names and shapes that belong to other models, or elsewhere in this one."""
    rows = rows_of(place.data / "ratings.csv", 1500)
    place.write_rows("changed.csv", [(*rows[0][:2], int(rows[0][2]) + 1, rows[0][3]), *rows[1:]])
    train(place, "other seed", options=["--seed", 2])
    train(place, "other data", source="changed.csv")
    train(place, "other sweep", options=["--sweeps", 1])
    place.path("other place").mkdir()
    for source, name in ((0, 1), (2, 3), (1, 0), (3, 2)):
        shutil.copyfile(place.path(f"model/latest/shard-0000{source}.h5"),
                        place.path(f"other place/shard-0000{name}.h5"))
    return [place.path(f"other {what}/latest").resolve() for what in ("seed", "data", "sweep")] + [
        place.path("other place")]


def decoys_are_never_taken_for_the_model(place):
    write_small_data(place)
    train(place)
    whole = exported(place)
    recommended = place.done("recommend", "--model", "model", "--users", "all")
    users, items = ranges_of_shard(place, "shard-00001.h5")
    folders = decoys(place)
    shard, aside = place.path("model/latest/shard-00001.h5"), place.path("aside.h5")
    top = place.folder
    for folder in folders:
        prefix = {"HDF5_VDS_PREFIX": str(folder)}
        try:
            # All shards there: the decoys change nothing for the program, and at most hide numbers in the view.
            expect_same_bits(whole, view(place, cwd=folder))
            place.folder = folder
            command = ["recommend", "--model", top / "model", "--users", "all"]
            expect(place.done(*command) == recommended, "decoys in the working directory change recommendations")
            expect(place.done(*command, env=prefix) == recommended, "HDF5_VDS_PREFIX changes recommendations")
            place.done("verify", top / "model", env=prefix)
            place.folder = top
            expect_true_or_nan(whole, view(place, env=prefix))

            shard.rename(aside)
            expect_hole(whole, view(place, cwd=folder), users, items)
            found = view(place, env=prefix, cwd=folder)
            expect_true_or_nan(whole, found)
            expect(np.isnan(found["X"][users]).all() and np.isnan(found["Y"][items]).all(), "a decoy's numbers show")
            place.folder = folder
            for env in ({}, prefix):
                place.run("verify", top / "model", env=env).ends_with(STORAGE, "shard-00001.h5")
                place.run(*command, env=env).ends_with(STORAGE, "shard-00001.h5")
                place.run(*command, env=env, ranks=3).ends_with(STORAGE, "shard-00001.h5")
            aside.rename(shard)
        except AssertionError as failure:
            raise AssertionError(f"decoys in {folder}: {failure}") from None
        finally:
            place.folder = top


def expect_true_or_nan(whole, found):
    for name in ("X", "Y"):
        lost = np.isnan(found[name]).all(axis=1)
        expect(whole[name][~lost].tobytes() == found[name][~lost].tobytes(), f"{name} shows what the model has not")
    for name in ("users", "items"):
        lost = found[name] == ""
        expect(whole[name][~lost].tolist() == found[name][~lost].tolist(), f"ids of {name} are not the model's")


def more_shards_than_open_files(place):
    """The program opens one shard at a time, so 40 shards under `ulimit -n 32` are no trouble; the view shows NaN."""
    write_small_data(place)
    train(place, ranks=40, options=["--sweeps", 1])
    shards = len(list(place.path("model/latest").glob("shard-*.h5")))
    expect(shards == 40, f"{shards} shards, expected 40")
    whole = exported(place)
    expect_same_bits(whole, view(place))
    found = view(place, open_files=32)
    expect(np.isnan(found["X"]).any() or np.isnan(found["Y"]).any(), "the limit hides nothing: it shows nothing either")
    expect_true_or_nan(whole, found)
    code, errors, _ = run_python(place, readme_snippet(place), open_files=32)
    expect(code != 0 and "AssertionError" in errors, f"the snippet takes NaN for a model: {errors}")

    limited = {"before": ["prlimit", "--nofile=32", "--"]}
    recommend = ["recommend", "--model", "model", "--users", "all"]
    recommended = place.done(*recommend)
    place.done("verify", "model", **limited)
    expect(place.done(*recommend, **limited) == recommended, "other recommendations under a limit of open files")
    place.done("export", "--model", "model", "--out", "exported", **limited)
    for name, array in (("user_factors.npy", whole["X"]), ("item_factors.npy", whole["Y"])):
        expect(np.load(place.path("exported") / name).tobytes() == array.tobytes(), f"other numbers in {name}")


run_checks([
    the_readme_snippet_gives_what_export_gives,
    a_lost_shard_is_refused_by_name_and_shows_as_nan,
    a_shard_without_permission_is_refused_by_name_and_shows_as_nan,
    decoys_are_never_taken_for_the_model,
    more_shards_than_open_files,
])
