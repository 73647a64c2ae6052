#!/usr/bin/env python3
"""A damaged data set or model is refused with exit code 5 and the file named, by verify and by every command that
reads it.

One flipped bit, truncation at 100 places, a file that is missing, two that are exchanged; a fixed seed chooses the
places.
usage: damage_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import concurrent.futures
import contextlib
import os
import random
import shutil

from support import BARE, expect, run_checks

STORAGE = 5
FLIPS_A_FILE = 6
TRUNCATIONS = 100
DATASET = ["MANIFEST.json", "shard-00000.h5", "shard-00001.h5"]
MODEL = [*DATASET, "model.h5"]
TRAIN = ["--factors", "8", "--sweeps", "2", "--threads", "1"]


def make_stores(here):
    """data: a data set of two shards; model: one checkpoint of it in two shards; test.csv: held-out rows."""
    here.done("synth", "--users", "200", "--items", "90", "--interactions", "2000", "--out", "raw.csv")
    here.done("import", "raw.csv", "--out", "data", ranks=2)
    here.done("train", "data", "--model", "model", *TRAIN, ranks=2)
    here.write("test.csv", "user,item\n1,2\n2,3\n3,4\n")
    checkpoint = f"model/{os.readlink(here.path('model/latest'))}"
    expect(sorted(os.listdir(here.path("data"))) == DATASET, f"data holds {os.listdir(here.path('data'))}")
    files = sorted(os.listdir(here.path(checkpoint)))
    expect(files == sorted(MODEL), f"model holds {files}")
    return [f"data/{name}" for name in DATASET], [f"{checkpoint}/{name}" for name in MODEL]


def with_flipped_bit(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@contextlib.contextmanager
def damaged(here, name, content):
    """The file has this content for a while."""
    whole = here.path(name).read_bytes()
    here.path(name).write_bytes(content)
    try:
        yield
    finally:
        here.path(name).write_bytes(whole)


def store_of(name):
    return name.split("/")[0]


def verify_refuses(here, name, how):
    """verify on a copy of the store that `how` has damaged, so that several can run at once."""
    copy = f"copy-{id(how)}-{name.replace('/', '-')}"
    store = store_of(name)
    shutil.copytree(here.path(store), here.path(f"{copy}/{store}"), symlinks=True)
    path = here.path(f"{copy}/{name}")
    how(path)
    # A bit of the manifest may be the version's or the format's: each message begins with the file in any case.
    outcome = here.run("verify", f"{copy}/{store}").ends_with(STORAGE, f"alsace: {copy}/{name}")
    shutil.rmtree(here.path(copy))
    return outcome


def each(here, damages):
    """verify_refuses for every (name, how), two at a time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda damage: verify_refuses(here, *damage), damages))
    expect(len(done) == len(damages), "not all were tried")


def undamaged_stores_are_good(here):
    make_stores(here)
    for store in ("data", "model"):
        expect(": good: " in here.done("verify", store), f"{store} is not good")


def verify_refuses_one_flipped_bit_in_any_file(here):
    chance = random.Random(1)
    damages = []
    data, model = make_stores(here)
    for name in [*data, *model]:
        bits = 8 * here.path(name).stat().st_size
        for bit in [0, bits - 1, *(chance.randrange(bits) for _ in range(FLIPS_A_FILE - 2))]:
            damages.append((name, lambda path, bit=bit: path.write_bytes(with_flipped_bit(path.read_bytes(), bit))))
    each(here, damages)


def verify_refuses_truncation_at_100_places(here):
    chance = random.Random(2)
    damages = []
    data, model = make_stores(here)
    names = [*data, *model]
    for place in range(TRUNCATIONS):
        name = names[place % len(names)]
        size = here.path(name).stat().st_size
        kept = {0: 0, 1: size - 1}.get(place // len(names), chance.randrange(size))
        damages.append((name, lambda path, kept=kept: os.truncate(path, kept)))
    each(here, damages)


def verify_refuses_a_missing_file(here):
    data, model = make_stores(here)
    manifests = [name for name in [*data, *model] if name.endswith("MANIFEST.json")]
    each(here, [(name, os.unlink) for name in [*data, *model] if name not in manifests])
    # Without its manifest a folder is no store at all: the message names the folder.
    for name in manifests:
        os.unlink(here.path(name))
        here.run("verify", store_of(name)).ends_with(STORAGE, f"alsace: {store_of(name)}")


def verify_refuses_exchanged_files(here):
    data, model = make_stores(here)
    for first, second in ([data[1], data[2]], [model[1], model[2]], [model[1], data[1]], [model[3], model[1]]):
        contents = [here.path(name).read_bytes() for name in (first, second)]
        with damaged(here, first, contents[1]), damaged(here, second, contents[0]):
            for name in (first, second):
                message = here.run("verify", store_of(name)).ends_with(STORAGE).messages()[0]
                expect(message.startswith((f"alsace: {first}:", f"alsace: {second}:")), message)
    here.done("verify", "data")
    here.done("verify", "model")


def readers_of(name):
    """The commands that read this store, and so have to refuse it."""
    if store_of(name) == "data":
        return [["train", "data", "--model", "new", *TRAIN], ["split", "data", "--out", "parts"],
                ["evaluate", "--model", "model", "--test", "data"]]
    return [["recommend", "--model", "model", "--out", "top.csv"], ["similar", "--model", "model", "--item", "1"],
            ["evaluate", "--model", "model", "--test", "test.csv"],
            ["train", "data", "--model", "model", "--factors", "8", "--sweeps", "4", "--threads", "1"]]


def every_reader_refuses_a_flipped_bit(here):
    chance = random.Random(3)
    data, model = make_stores(here)
    before = here.names()
    for name in [*data, *model]:
        whole = here.path(name).read_bytes()
        with damaged(here, name, with_flipped_bit(whole, chance.randrange(8 * len(whole)))):
            for i, command in enumerate(readers_of(name)):
                here.run(*command, ranks=(BARE, 2)[i % 2]).ends_with(STORAGE, f"alsace: {name}")
            if store_of(name) == "model":
                here.run("export", "--model", "model", "--out", "e").ends_with(STORAGE, f"alsace: {name}")
        expect(here.names() == before, f"left: {set(here.names()) - set(before)}")
    here.done("train", "data", "--model", "model", "--factors", "8", "--sweeps", "4", "--threads", "1")


def every_reader_refuses_a_missing_or_truncated_shard(here):
    data, model = make_stores(here)
    for name in (data[2], model[2]):
        whole = here.path(name).read_bytes()
        for i, command in enumerate(readers_of(name)):
            with damaged(here, name, whole[:len(whole) // 2]):
                here.run(*command, ranks=(3, BARE)[i % 2]).ends_with(STORAGE, f"alsace: {name}")
            os.rename(here.path(name), here.path("away"))
            here.run(*command, ranks=(BARE, 3)[i % 2]).ends_with(STORAGE, f"alsace: {name}")
            os.rename(here.path("away"), here.path(name))


def older_checkpoint_can_be_named_when_the_latest_is_damaged(here):
    here.write("few.csv", "user,item\na,x\na,y\nb,y\n")
    here.done("train", "few.csv", "--model", "model", *TRAIN, "--factors", "2", "--checkpoint-every", "1")
    os.truncate(here.path("model/sweep-000002/shard-00000.h5"), 1000)
    here.run("recommend", "--model", "model").ends_with(STORAGE, "model/sweep-000002/shard-00000.h5")
    here.done("recommend", "--model", "model/sweep-000001")
    here.done("verify", "model/sweep-000001")


run_checks([undamaged_stores_are_good, verify_refuses_one_flipped_bit_in_any_file,
            verify_refuses_truncation_at_100_places, verify_refuses_a_missing_file, verify_refuses_exchanged_files,
            every_reader_refuses_a_flipped_bit, every_reader_refuses_a_missing_or_truncated_shard,
            older_checkpoint_can_be_named_when_the_latest_is_damaged])
