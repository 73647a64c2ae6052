#!/usr/bin/env python3
"""Bad rows, files and options: each refused with one message that names the place, the field, the value and what is
expected, with the contracted exit code, on 1 and on 3 ranks, and with nothing left behind. And what is strange but
fine.

usage: bad_input_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import gzip
import json
import re

from support import BARE, expect, refused, run_checks

USAGE, INPUT, STORAGE = 2, 3, 5
SMALL = ["--factors", "1", "--sweeps", "2", "--threads", "1"]
GOOD = "user,item,value,timestamp\na,x,1,10\na,y,2,20\nb,x,3,30\nb,z,1,40\nc,y,5,50\nc,z,1,60\n"
IDS = "valid UTF-8 of 1 to 512 bytes"


def refused_input(name, content, *texts, options=(), commands=("import", "train")):
    """A check: a raw file of this content is bad input to import and to train."""

    def check(here):
        here.write(name, content)
        if "import" in commands:
            refused(here, INPUT, *texts, command=["import", name, "--out", "out", *options])
        if "train" in commands:
            refused(here, INPUT, *texts, command=["train", name, "--model", "out", *SMALL, *options])

    check.__name__ = f"bad_input_{name}_says_{texts[-1]}"
    return check


def accepted(name, content, train_options=(), interactions=None):
    """A check: this file is imported and trained on, bare and on 3 ranks, to the same data."""

    def check(here):
        here.write(name, content)
        found = set()
        for ranks in (BARE, 3):
            here.done("import", name, "--out", f"data{ranks}", ranks=ranks)
            here.done("train", name, "--model", f"model{ranks}", *SMALL, *train_options, ranks=ranks)
            here.done("verify", f"model{ranks}")
            found.add(json.loads(here.done("inspect", f"data{ranks}", "--json"))["fingerprint"])
            if interactions:
                count = json.loads(here.done("inspect", f"model{ranks}", "--json"))["interactions"]
                expect(count == interactions, f"interactions = {count}, expected {interactions}")
        expect(len(found) == 1, f"fingerprints differ by rank count: {found}")
        expect(here.exported("model0", "a") == here.exported("model3", "b"), "factors differ by rank count")

    check.__name__ = f"fine_input_{name}"
    return check


def row(user=b"u", item=b"i", value=b"1", time=b"1"):
    """A good row, then this one, as line 3."""
    return b"user,item,value,timestamp\ngood,row,1,1\n" + b",".join([user, item, value, time]) + b"\n"


FILES = [
    refused_input("empty.csv", "", "empty.csv: is empty"),
    refused_input("newlines.csv", "\n\r\n\n", "newlines.csv: has empty lines only"),
    refused_input("header.csv", "user,item,value\r\n\n", "header.csv: has a header only"),
    refused_input("nocolumn.csv", "user,thing,value\na,b,1\n", "nocolumn.csv:1:", "item", "user, thing, value"),
    refused_input("binary.csv", b"\xb5\xfd\x00,x,y\na,b,c\n", r"binary.csv:1: --user-column = user, expected",
                  r"\xb5\xfd\x00, x, y"),
    refused_input("onecolumn.csv", "user\na\n", "onecolumn.csv:1: fields = 1, expected at least"),
    refused_input("short.csv", "user,item,value\na,b,1\nc,d\n", "short.csv:3: fields = 2, expected at least 3"),
    refused_input("text.csv", row(value=b"many"), "text.csv:3: value = many, expected a number"),
    refused_input("novalue.csv", row(value=b""), 'novalue.csv:3: value = "", expected a number'),
    refused_input("nan.csv", row(value=b"NaN"), "nan.csv:3: value = NaN, expected a finite number"),
    refused_input("inf.csv", row(value=b"-Inf"), "inf.csv:3: value = -Inf, expected a finite number"),
    refused_input("huge.csv", row(value=b"1e39"), "huge.csv:3: value = 1e39, expected 0 or a magnitude of "),
    refused_input("day.csv", row(time=b"monday"), "day.csv:3: timestamp = monday, expected a number within 64 bits"),
    refused_input("negative.csv", row(value=b"-2"), "negative.csv:3: value = -2, expected at least 0",
                  options=["--value", "raw"], commands=["train"]),
    refused_input("nouser.csv", row(user=b""), 'nouser.csv:3: user = "", expected ' + IDS),
    refused_input("noitem.csv", row(item=b""), 'noitem.csv:3: item = "", expected ' + IDS),
    refused_input("control.csv", row(user=b"a\x01"), r"control.csv:3: user = a\x01, expected " + IDS),
    refused_input("nul.csv", row(item=b"a\0b"), r"nul.csv:3: item = a\x00b, expected " + IDS),
    refused_input("c1.csv", row(item="\u0085".encode()), r"c1.csv:3: item = \xc2\x85, expected " + IDS),
    refused_input("latin1.csv", row(item=b"caf\xe9"), r"latin1.csv:3: item = caf\xe9, expected " + IDS),
    refused_input("overlong.csv", row(user=b"\xc0\xaf"), r"overlong.csv:3: user = \xc0\xaf, expected " + IDS),
    refused_input("long.csv", row(user=b"a" * 513), "long.csv:3: user = aaa", "(513 bytes), expected " + IDS),
    refused_input("quote.csv", 'user,item,value,title\na,b,1,"two\nlines"\n', "quote.csv:2:", "--serial-parse"),
    refused_input("cut.csv.gz", gzip.compress(GOOD.encode() * 50)[:-20], "cut.csv.gz:", "damaged or cut off"),
    refused_input("plain.csv.gz", GOOD, "plain.csv.gz: is no gzip file"),
    refused_input("twice.csv", "user,item,value\na,x,1\nb,x,1\na,x,2\n",
                  "twice.csv: rows of user a and item x = more than one", options=["--duplicates", "error"]),
    refused_input("allbad.csv", "user,item,value\na,x,?\n", "allbad.csv", "no interaction",
                  options=["--on-bad-row", "skip"]),
    refused_input("zeros.csv", "user,item,value\na,x,0\n", "no interaction", options=["--value", "raw"],
                  commands=["train"]),
]

FINE = [
    accepted("crlf.csv", GOOD.replace("\n", "\r\n")),
    accepted("long_id.csv", row(user=b"a" * 512)),
    accepted("one.csv", "user,item,value\na,x,1\n", interactions=1),  # one user, one item, more ranks than rows
    accepted("one_user.csv", "user,item\na,x\na,y\na,z\n"),
    accepted("dropped.csv", row(value=b"-2"), ["--value", "raw", "--negatives", "drop"], interactions=1),
    accepted("disliked.csv", row(value=b"-2"), ["--value", "raw", "--negatives", "dislike"], interactions=2),
    accepted("quoted.csv", 'user,item\n"a, b","x ""y"""\n   ,日本語\n'),
]


def crlf_gives_the_same_data_as_lf(here):
    here.write("lf.csv", GOOD)
    here.write("crlf.csv", GOOD.replace("\n", "\r\n"))
    prints = [re.search(r"fingerprint +(\w+)", here.done("import", f"{name}.csv", "--out", name)).group(1)
              for name in ("lf", "crlf")]
    expect(prints[0] == prints[1], f"fingerprints = {prints}")


def quoted_newline_is_read_by_serial_parse(here):
    here.write("quote.csv", 'user,item,value,title\na,b,1,"two\nlines"\nc,d,1,one\n')
    for ranks in (BARE, 3):
        out = here.done("import", "quote.csv", "--out", f"data{ranks}", "--serial-parse", ranks=ranks)
        expect(re.search(r"interactions +2$", out, re.M), out)


def ids_come_back_as_they_went_in(here):
    ids = ["7", "07", "10", "9"]
    here.write("digits.csv", "user,item\n" + "".join(f"{i},{i}\n" for i in ids))
    strange = ["a b", "comma, quote \"", "日本語", " lead", "7"]
    here.write("strange.csv", "user\titem\n" + "".join(f"{i}\tx\n" for i in strange[2:] + strange[:1]) + "b\ty\n")
    for ranks in (BARE, 3):
        here.done("train", "digits.csv", "--model", f"d{ranks}", *SMALL, ranks=ranks)
        users = here.exported(f"d{ranks}", f"de{ranks}")["users.txt"].decode().splitlines()
        expect(users == sorted(ids, key=lambda i: (int(i), i)), f"users = {users}")
        here.done("train", "strange.csv", "--model", f"s{ranks}", *SMALL, ranks=ranks)
        users = here.exported(f"s{ranks}", f"se{ranks}")["users.txt"].decode().splitlines()
        wanted = sorted(strange[2:] + strange[:1] + ["b"], key=str.encode)
        expect(users == wanted, f"users = {users}, expected {wanted}")


def numbers_out_of_range_are_usage_errors(here):
    here.write("good.csv", GOOD)
    for option, value, allowed in [("--factors", "0", "1 to 4096"), ("--factors", "5000", "1 to 4096"),
                                   ("--factors", "-1", "1 to 4096"), ("--factors", "4", "1 to 3"), ("--sweeps", "0", "1 to 100000"),
                                   ("--regularization", "-1", "0 to"), ("--unobserved-weight", "nan", "0 to"),
                                   ("--init-std", "0", "above 0"), ("--checkpoint-every", "0", "at least 1"),
                                   ("--keep", "0", "at least 1"), ("--threads", "-1", "0 to 4096"),
                                   ("--max-hours", "0", "above 0"), ("--factors", "many", "many")]:
        ranks = (BARE, 3) if option == "--factors" else (BARE,)
        refused(here, USAGE, option, value, allowed, ranks=ranks,
                command=["train", "good.csv", "--model", "out", option, value])


def words_out_of_range_are_usage_errors(here):
    here.write("good.csv", GOOD)
    words = {"--objective": "ials", "--biases": "full", "--value": "binary", "--negatives": "dislike",
             "--solver": "cholesky", "--precision": "fp32", "--exchange": "replicate", "--resume": "must",
             "--duplicates": "sum", "--on-bad-row": "skip", "--header": "auto", "--kernels": "portable",
             "--log-level": "info"}
    for option, allowed in words.items():
        ranks = (BARE, 3) if option in ("--objective", "--kernels", "--log-level") else (BARE,)
        refused(here, USAGE, f"{option} = nonsense", allowed, ranks=ranks,
                command=["train", "good.csv", "--model", "out", option, "nonsense"])


def unknown_options_and_commands_are_usage_errors(here):
    here.write("good.csv", GOOD)
    refused(here, USAGE, "--nonsense", command=["train", "good.csv", "--model", "out", "--nonsense"])
    refused(here, USAGE, "--nonsense", command=["import", "good.csv", "--out", "out", "--nonsense", "1"])
    refused(here, USAGE, "nonsense is not a command", command=["nonsense"])
    refused(here, USAGE, "INPUT", command=["train", "--model", "out"])
    refused(here, USAGE, "--model", command=["train", "good.csv"])
    refused(here, USAGE, "--out", command=["import", "good.csv"])
    model = ["--model", "model"]
    others = {"split": ["good.csv", "--out", "out"], "evaluate": [*model, "--test", "good.csv"], "recommend": model,
              "similar": [*model, "--item", "x"], "inspect": ["model"], "verify": ["model"],
              "export": [*model, "--out", "out"],
              "synth": ["--users", "9", "--items", "9", "--interactions", "9", "--out", "out"]}
    for command, options in others.items():
        refused(here, USAGE, "--nonsense", command=[command, *options, "--nonsense"], ranks=(BARE,))


def options_that_go_with_others_are_refused_alone(here):
    here.write("good.csv", GOOD)
    here.done("train", "good.csv", "--model", "model", *SMALL)
    sizes = ["--users", "9", "--items", "9", "--interactions", "9"]
    refused(here, USAGE, "--auth goes with --token-file", command=["serve", "--model", "model", "--auth", "admin"])
    refused(here, USAGE, "--out goes with --calibrate", command=["plan", *sizes, "--out", "out"], ranks=(BARE,))
    refused(here, USAGE, "--watch: nan, expected a number", command=["serve", "--model", "model", "--watch", "nan"])
    refused(here, USAGE, '--model = "", expected', command=["recommend", "--model", ""])
    refused(here, USAGE, "--out = \"\", expected", command=["import", "good.csv", "--out", ""])
    refused(here, USAGE, 'INPUT = "", expected a name', command=["train", "", "--model", "out"])


def option_that_the_objective_does_not_read_is_warned_of(here):
    here.write("good.csv", GOOD)
    for objective, unread, read in [("explicit", "--alpha", "--biases"), ("ials", "--biases", "--unobserved-weight"),
                                    ("hkv", "--unobserved-weight", "--alpha")]:
        values = {"--biases": "mean"}
        train = ["train", "good.csv", "--model", objective, *SMALL, "--objective", objective]
        run = here.run(*train, unread, values.get(unread, "1"), read, values.get(read, "1"), ranks=2).ends_with(0)
        run.says("warning", f"{unread} has no effect with --objective {objective}")
        expect(f"{read} has no effect" not in run.err, run.tail())
        expect(run.err.count("has no effect") == 1, run.tail())


def training_input_may_come_from_a_file_of_options(here):
    here.write("good.csv", GOOD)
    here.write("train.toml", 'input = "good.csv"\nmodel = "model"\nfactors = 1\n')
    here.run("train", "--config", "train.toml").ends_with(0).says("input = good.csv (train.toml:1)")


def input_given_twice_is_refused(here):
    here.write("good.csv", GOOD)
    here.write("others.csv", GOOD)
    here.path("link.csv").symlink_to("good.csv")
    here.path("hard.csv").hardlink_to(here.path("good.csv"))
    here.done("train", "good.csv", "--model", "model", *SMALL)
    model = ["--model", "out", *SMALL]
    for again in ("good.csv", "./good.csv", here.path("good.csv"), "link.csv", "hard.csv"):
        told = f"{again}: is given twice" if again == "good.csv" else f"{again}: is the same file as good.csv"
        for command in (["import", "good.csv", "others.csv", again, "--out", "out"],
                        ["train", "good.csv", again, *model],
                        ["train", "others.csv", "--valid", "good.csv", "--valid", again, *model],
                        ["split", "good.csv", again, "--out", "out"],
                        ["evaluate", "--model", "model", "--test", "good.csv", "--test", again]):
            refused(here, USAGE, told, "expected each input once", "copy", command=command,
                    ranks=(BARE, 3) if again == "link.csv" else (BARE,))
    here.done("import", "good.csv", "others.csv", "--out", "out")


def files_beside_the_input_are_checked(here):
    here.write("good.csv", GOOD)
    here.write("others.csv", "user,item\nnobody,x\n")
    here.write("text.npy", "text")
    train = ["train", "good.csv", "--model", "out", *SMALL]
    refused(here, INPUT, "others.csv: interactions of a user and an item that the training data know = 0", command=[*train, "--valid", "others.csv"])
    refused(here, INPUT, "absent.csv: cannot be read", command=[*train, "--valid", "absent.csv"])
    refused(here, INPUT, "text.npy: is not a .npy file", command=[*train, "--init-items", "text.npy"])
    refused(here, INPUT, "absent.npy: cannot be read", command=[*train, "--init-items", "absent.npy"])
    refused(here, USAGE, "metric = nonsense", "ndcg@K",
            command=[*train, "--valid", "good.csv", "--valid-metrics", "nonsense"])
    refused(here, USAGE, "absent.toml", command=[*train, "--config", "absent.toml"])
    here.done(*train)
    evaluate = ["evaluate", "--model", "out", "--test"]
    refused(here, USAGE, "metric = rmse", command=[*evaluate, "good.csv", "--metrics", "rmse"])
    refused(here, INPUT, "others.csv: users that the model knows = 0", command=[*evaluate, "others.csv"])
    recommend = ["recommend", "--model", "out", "--out", "top.csv", "--users"]
    refused(here, INPUT, "--users = nobody", command=[*recommend, "nobody"])
    for ranks in (BARE, 3):
        report = ["--resume", "never", "--overwrite", "--report-json", "absent/report.json"]
        here.run(*train, *report, ranks=ranks).ends_with(STORAGE, "absent/report.json")


run_checks([*FILES, *FINE, crlf_gives_the_same_data_as_lf, quoted_newline_is_read_by_serial_parse,
            ids_come_back_as_they_went_in, numbers_out_of_range_are_usage_errors, words_out_of_range_are_usage_errors,
            unknown_options_and_commands_are_usage_errors, options_that_go_with_others_are_refused_alone,
            option_that_the_objective_does_not_read_is_warned_of, training_input_may_come_from_a_file_of_options, input_given_twice_is_refused,
            files_beside_the_input_are_checked], workers=4)
