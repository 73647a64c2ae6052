#!/usr/bin/env python3
"""The service answers what `recommend` and `similar` write, and what their full rankings leave after a request's own
conditions; folding in a history gives what training gives.

usage: serve_answers_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import collections
import csv
import random
from urllib.parse import quote

import serve_support
from serve_support import EXPLICIT, HKV, IALS, at_once, client_of, entries_of, exact, recommended, trained
from service import start
from support import BARE, expect, rows_of, run_checks, with_module

with_module("numpy", "python3-numpy")
import numpy as np  # noqa: E402

K = 20
ALL = 3000  # more than there are items
ROOM = ["--queue", 10_000, "--deadline-ms", 20_000]  # for the batches of all clients at once, on a slow machine


def ials_model(here):
    return trained(here, "ials", IALS, 3)


def explicit_model(here):
    return trained(here, "explicit", EXPLICIT, 3)


def batch_question(users, **options):
    return "POST", "/v1/recommendations", {"users": users, "k": K, **options}


def single_question(user, k=K):
    return "GET", f"/v1/users/{quote(user, safe='')}/recommendations?k={k}", None


def expect_list(items, expected, what):
    found = entries_of(items)
    expect(len(found) == len(expected), f"{what}: {len(found)} items, expected {len(expected)}")
    for place, (one, other) in enumerate(zip(found, expected)):
        expect(one == other, f"{what}, rank {place + 1}: {one}, expected {other}")


def expect_answers_of_recommend(here, served, expected, batch=300, singles=300):
    """Every user in batches, and some one by one between them, from 8 clients at once."""
    users = list(expected)
    questions = [batch_question(users[begin:begin + batch]) for begin in range(0, len(users), batch)]
    questions += [single_question(user) for user in random.Random(1).sample(users, min(singles, len(users)))]
    random.Random(2).shuffle(questions)
    asked = 0
    for question, answer in zip(questions, at_once(served, questions)):
        lists = answer["results"] if question[0] == "POST" else [answer]
        for entry in lists:
            expect("fallback" not in entry, f"user {entry['user']} is taken for unknown")
            expect_list(entry["items"], expected[entry["user"]], f"user {entry['user']} by {question[0]}")
            asked += 1
        if question[0] == "POST":
            expect([entry["user"] for entry in lists] == question[2]["users"], "users of a batch in another order")
    expect(asked == len(users) + min(singles, len(users)), f"lists = {asked}")


def every_user_gets_what_recommend_writes_on_1_to_5_ranks(here):
    expected = recommended(here, ials_model(here), K)
    expect(len(expected) == 4333 and all(len(items) == K for items in expected.values()), "recommend is short of lists")
    for ranks in (BARE, 2, 3, 4, 5):
        with start(here, "--model", ials_model(here), *ROOM, ranks=ranks) as served:
            expect_answers_of_recommend(here, served, expected)
            expect(served.get(single_question("1")[1])[1]["model"] == "sweep-000003", "an answer without its model")
            served.stop().ends_with(0)


def a_model_with_biases_is_answered_alike(here):
    expected = recommended(here, explicit_model(here), K)
    for ranks in (BARE, 3):
        with start(here, "--model", explicit_model(here), *ROOM, "--threads", 2, ranks=ranks) as served:
            expect_answers_of_recommend(here, served, expected, singles=100)


def small_batches_and_other_kernels_are_answered_alike(here):
    """What is scored together, and after how long, changes no list."""
    expected = recommended(here, ials_model(here), K, "--kernels", "portable")
    with start(here, "--model", ials_model(here), *ROOM, "--kernels", "portable", "--batch-size", 3,
               "--batch-delay-us", 0, "--http-threads", 4, ranks=2) as served:
        expect_answers_of_recommend(here, served, expected, batch=7, singles=100)


def similar_items_are_those_of_the_similar_command(here):
    info = here.data / "items.csv"
    items = serve_support.common_place(here).exported(ials_model(here), here.path("out"))["items.txt"].decode().split()
    with start(here, "--model", ials_model(here), *ROOM, "--item-info", info, ranks=3) as served:
        for item in random.Random(3).sample(items, 4):
            said = exact(here.done("similar", "--model", ials_model(here), "--item", item, "--k", 50, "--json",
                                   "--item-info", info))
            answer = client_of(served).answer("GET", f"/v1/items/{item}/similar?k=50")
            expect(answer["item"] == item and answer["model"] == said["model"], f"{answer['item']}, {answer['model']}")
            expect_list(answer["items"], entries_of(said["items"]), f"similar to {item}")
            titles = [[entry["title"] for entry in told["items"]] for told in (said, answer)]
            expect(titles[0] == titles[1], f"titles: {titles}")


class Catalogue:
    """All that a brute force needs: the full ranking of a user or an item, what everybody has seen, what items are."""

    def __init__(self, here, served):
        self.client = client_of(served)
        self.seen = collections.defaultdict(set)
        self.counts = collections.Counter()
        for user, item, *_ in rows_of(here.data / "ratings.csv"):
            self.seen[user].add(item)
            self.counts[item] += 1
        with open(here.data / "items.csv", encoding="utf-8") as lines:
            self.genres = {row["item"]: set(row["genres"].split("|")) for row in csv.DictReader(lines)}
        self.titles = {}
        self.index = {}
        self.rankings = {}

    def by_count(self):
        """All items, most often seen first, then in index order: ids are digits, so by value."""
        return sorted(self.counts, key=lambda item: (-self.counts[item], int(item)))

    def ranking_of_user(self, user):
        if user not in self.rankings:
            answer = self.client.answer("GET", f"{single_question(user, ALL)[1]}&exclude_seen=false")
            self.rankings[user] = entries_of(answer["items"])
        return self.rankings[user]

    def ranking_of_item(self, item):
        return entries_of(self.client.answer("GET", f"/v1/items/{item}/similar?k={ALL}")["items"])


def random_conditions(choice, catalogue, ranking):
    """Conditions of a request and the test of an item that they amount to."""
    items = [item for item, _ in ranking]
    conditions, tests = {}, []
    if choice.random() < 0.5:
        excluded = choice.sample(items[:60], choice.randint(1, 30)) + ["no-such-item"]
        conditions["exclude"] = excluded
        tests.append(lambda item: item not in excluded)
    if choice.random() < 0.4:
        allowed = choice.sample(items, choice.choice([1, 5, 40, 600])) + ["no-such-item", items[0]]
        conditions["allow"] = allowed
        tests.append(lambda item: item in set(allowed))
    if choice.random() < 0.5:
        wanted = choice.choice([["Comedy"], ["Film-Noir"], ["Horror", "Western"], ["Drama", "no-such-genre"]])
        conditions["filters"] = {"genres": wanted if len(wanted) > 1 or choice.random() < 0.5 else wanted[0]}
        tests.append(lambda item: bool(catalogue.genres[item] & set(wanted)))
    return conditions, tests


def as_parameters(conditions, choice):
    """The same conditions as a GET request has them."""
    texts = []
    for name in ("exclude", "allow"):
        if name in conditions:
            ids = [quote(item, safe="") for item in conditions[name]]
            texts += [f"{name}={','.join(ids)}"] if choice.random() < 0.5 else [f"{name}={item}" for item in ids]
    for attribute, values in conditions.get("filters", {}).items():
        values = [values] if isinstance(values, str) else values
        texts.append(f"filter={attribute}:{quote('|'.join(values), safe='')}")
    return "".join("&" + text for text in texts)


def conditions_leave_what_they_leave_of_the_full_ranking(here):
    choice = random.Random(4)
    with start(here, "--model", ials_model(here), *ROOM, "--item-info", here.data / "items.csv",
               "--max-k", ALL, ranks=3) as served:
        catalogue = Catalogue(here, served)
        users = choice.sample(sorted(catalogue.seen), 12)
        items = choice.sample(sorted(catalogue.counts), 4)
        for number in range(160):
            of_user = number % 4 > 0
            name = choice.choice(users if of_user else items)
            ranking = catalogue.ranking_of_user(name) if of_user else catalogue.ranking_of_item(name)
            conditions, tests = random_conditions(choice, catalogue, ranking)
            k = choice.choice([1, 10, 100, ALL])
            exclude_seen = choice.random() < 0.5
            if of_user and exclude_seen:
                tests.append(lambda item: item not in catalogue.seen[name])
            expected = [entry for entry in ranking if all(test(entry[0]) for test in tests)][:k]
            what = f"{name}, k {k}, exclude_seen {exclude_seen}, {str(conditions)[:200]}"
            parameters = as_parameters(conditions, choice)
            if of_user and (choice.random() < 0.5 or len(parameters) > 8000):
                body = {"users": [name], "k": k, "exclude_seen": exclude_seen, **conditions}
                found = catalogue.client.answer("POST", "/v1/recommendations", body)["results"][0]
            elif len(parameters) > 8000:
                continue  # more than a header may have
            elif of_user:
                found = catalogue.client.answer(
                    "GET", f"{single_question(name, k)[1]}&exclude_seen={str(exclude_seen).lower()}{parameters}")
            else:
                found = catalogue.client.answer("GET", f"/v1/items/{name}/similar?k={k}{parameters}")
            expect_list(found["items"], expected, what)


def factors_of(here, model):
    """Exported factors: users, items, X, Y, b_u, b_i; biases are zeros without any. fp64."""
    out = here.path(f"export-{model.parent.name}-{model.name}")
    here.done("export", "--model", model, "--out", out)
    users, items = ((out / name).read_text().split("\n")[:-1] for name in ("users.txt", "items.txt"))
    rows, columns = (np.load(out / name).astype(np.float64) for name in ("user_factors.npy", "item_factors.npy"))
    biases = [np.load(out / name) if (out / name).exists() else np.zeros(count)
              for name, count in (("user_biases.npy", len(users)), ("item_biases.npy", len(items)))]
    return users, items, rows, columns, *biases


def the_full_ranking_is_that_of_the_exported_factors(here):
    """Every item once, by score and then by index, and the scores are the inner products."""
    users, items, rows, columns, *_ = factors_of(here, ials_model(here))
    position = {item: index for index, item in enumerate(items)}
    with start(here, "--model", ials_model(here), *ROOM, "--max-k", ALL, ranks=4) as served:
        catalogue = Catalogue(here, served)
        for user in random.Random(5).sample(users, 10):
            ranking = catalogue.ranking_of_user(user)
            places = [position[item] for item, _ in ranking]
            scores = np.array([float(score) for _, score in ranking])
            expect(sorted(places) == list(range(len(items))), f"user {user}: not every item once")
            expect(ranking == [ranking[place] for place in np.lexsort((places, -scores))], f"user {user}: order")
            row = rows[users.index(user)]
            # fp32 sums of K products: K·eps of the norms bounds any order of adding.
            bound = 16 * 2.0**-23 * np.linalg.norm(row) * np.linalg.norm(columns, axis=1)[places]
            error = np.abs(scores - columns[places] @ row)
            expect((error <= bound).all(), f"user {user}: score off by {error.max()}")


def expect_scores(user, found, places, expected, scale, tolerance):
    """All scores of a ranking, and its order up to the tolerance."""
    error = np.abs(found - expected[places]) / scale[places]
    expect(error.max() <= tolerance, f"user {user}: score off by {error.max():.1e}")
    best = np.sort(expected[places])[::-1]
    expect((np.abs(found - best) <= tolerance * scale.max()).all(), f"user {user}: another order")


def folded_in_as_trained(here, model, events_of, mean=0.0, tolerance=1e-5, alone=None):
    """The model's last sweep solved its users against the items of the sweep before: folding a user's history into that
    one must give the same scores. `events_of`: user -> events. `alone`: what else a user's scores must be, to 1e-5, as a
    function of the events' positions and values, the items' factors and biases."""
    last = max(path for path in model.glob("sweep-*"))
    before = model / f"sweep-{int(last.name[6:]) - 1:06}"
    users, items, rows, _, user_biases, _ = factors_of(here, last)
    _, _, _, columns, _, item_biases = factors_of(here, before)
    position = {item: index for index, item in enumerate(items)}
    lengths = np.linalg.norm(columns, axis=1)
    with start(here, "--model", before, *ROOM, "--max-k", ALL, ranks=3) as served:
        client = client_of(served)
        chosen = random.Random(6).sample(range(len(users)), 60)
        chosen.append(max(range(len(users)), key=lambda user: len(events_of[users[user]])))
        for user in chosen:
            events = events_of[users[user]]
            random.Random(user).shuffle(events)  # their order must not matter
            answer = client.answer("POST", "/v1/recommendations", {"events": events, "k": ALL})
            expect(answer["model"] == before.name and answer["unknown_items"] == [], f"{str(answer)[:300]}")
            seen = [position[event["item"]] for event in events]
            places = [position[item] for item, _ in entries_of(answer["items"])]
            expect(sorted(places) == [index for index in range(len(items)) if index not in set(seen)],
                   f"user {users[user]}: not every unseen item once")
            found = np.array([float(score) for _, score in entries_of(answer["items"])])
            expected = columns @ rows[user] + mean + user_biases[user] + item_biases
            scale = np.linalg.norm(rows[user]) * lengths + np.abs(expected) + 1e-9
            expect_scores(users[user], found, places, expected, scale, tolerance)
            if alone:
                values = np.array([event["value"] for event in events])
                expect_scores(users[user], found, places, alone(seen, values, columns, item_biases), scale, 1e-5)


def histories(here, with_values):
    events = collections.defaultdict(list)
    for user, item, value, *_ in rows_of(here.data / "ratings.csv"):
        events[user].append({"item": item, **({"value": float(value)} if with_values else {})})
    return events


def folding_in_a_history_gives_what_training_gives_ials(here):
    folded_in_as_trained(here, ials_model(here), histories(here, with_values=False))


def folding_in_a_history_gives_what_training_gives_hkv(here):
    folded_in_as_trained(here, trained(here, "hkv", HKV, 3), histories(here, with_values=True))


def folding_in_a_history_gives_what_training_gives_explicit(here):
    """Nearly: training fitted its user biases for the last time before its item biases, and the two have not quite settled
    by then (4e-4 of a rating here). Against the item biases as they are, the scores are exact."""
    ratings = [float(row[2]) for row in rows_of(here.data / "ratings.csv")]
    mean = sum(ratings) / len(ratings)
    options = [*EXPLICIT, "--regularization", "0.35", "--bias-regularization", "2"]

    def alone(seen, values, columns, item_biases):
        """Of ALS-WR (Zhou et al. 2008) on what the biases leave: (YᵀY + λ n I) x = Yᵀ r."""
        left = values - mean - item_biases[seen]
        bias = left.sum() / (2 + len(values))
        rows = columns[seen]
        system = rows.T @ rows + 0.35 * len(values) * np.eye(rows.shape[1])
        return columns @ np.linalg.solve(system, rows.T @ (left - bias)) + mean + bias + item_biases

    folded_in_as_trained(here, trained(here, "folded", options, 3), histories(here, with_values=True), mean, 1e-3, alone)


def whoever_is_unknown_gets_the_popular_items(here):
    with start(here, "--model", ials_model(here), *ROOM, "--item-info", here.data / "items.csv",
               "--max-k", ALL, ranks=3) as served:
        catalogue = Catalogue(here, served)
        client, popular = catalogue.client, catalogue.by_count()

        answer = client.answer("GET", f"/v1/users/nobody/recommendations?k={ALL}")
        mixed = client.answer("POST", "/v1/recommendations", {"users": ["nobody", "1", "1", "nobody else"], "k": 7})
        known = client.answer("GET", "/v1/users/1/recommendations?k=7")
        narrow = client.answer("GET", f"/v1/users/nobody/recommendations?k=5&filter=genres:Horror&exclude={popular[0]}")
        events = client.answer("POST", "/v1/recommendations", {"events": [{"item": "no-such"}], "k": 5})
        partly = client.answer("POST", "/v1/recommendations",
                               {"events": [{"item": "no-such"}, {"item": popular[0], "value": 8}], "k": 5})

        def ids(told):
            return [entry["item"] for entry in told["items"]]

        expect(answer["fallback"] == "popular" and answer["user"] == "nobody", f"{str(answer)[:200]}")
        expect(ids(answer) == popular, "not by the training counts, then by index")
        expect([entry.get("fallback") for entry in mixed["results"]] == ["popular", None, None, "popular"], "mixed")
        expect([ids(mixed["results"][place]) for place in (0, 3)] == [popular[:7]] * 2, "popular in a batch")
        expect([mixed["results"][place]["items"] for place in (1, 2)] == [known["items"]] * 2, "known in a batch")
        horror = [item for item in popular[1:] if "Horror" in catalogue.genres[item]][:5]
        expect(ids(narrow) == horror, f"popular and narrowed: {ids(narrow)}, expected {horror}")
        expect(events["fallback"] == "popular" and events["unknown_items"] == ["no-such"], f"{str(events)[:300]}")
        expect(ids(events) == popular[:5], "popular for unknown events")
        expect("fallback" not in partly and partly["unknown_items"] == ["no-such"], f"{str(partly)[:300]}")
        expect(popular[0] not in ids(partly) and len(ids(partly)) == 5, "an event's own item is answered")
        found, _, _ = served.get("/v1/items/no-such/similar")
        expect(found == 404, f"similar to an unknown item: {found}")


def more_ranks_than_items_and_ids_that_need_escapes(here):
    users, items = ["a/b c", "ü%41", "q?x=1&y"], ["i 1", "ü/2", "a,b"]
    pairs = [(0, 0, 1), (0, 1, 3), (1, 1, 2), (2, 2, 5)]
    text = "user\titem\tvalue\n" + "".join(f"{users[u]}\t{items[i]}\t{value}\n" for u, i, value in pairs)
    source = here.write("tiny.tsv", text)
    for name, options in (("ials", IALS), ("explicit", EXPLICIT)):
        here.done("train", source, "--model", name, *options, "--factors", 2, "--sweeps", 2)
        expected = {user: [] for user in users}
        expected.update(recommended(here, here.path(name), 5))
        with start(here, "--model", name, *ROOM, ranks=6) as served:
            for user in users:
                expect_list(client_of(served).answer(*single_question(user))["items"], expected[user], f"user {user}")
            answer = client_of(served).answer(*batch_question(users))
            for entry in answer["results"]:
                expect_list(entry["items"], expected[entry["user"]], f"user {entry['user']}")
            for item in items:
                said = exact(here.done("similar", "--model", name, "--item", item, "--json"))
                near = client_of(served).answer("GET", f"/v1/items/{quote(item, safe='')}/similar")
                expect_list(near["items"], entries_of(said["items"]), f"similar to {item}")
            folded = client_of(served).answer("POST", "/v1/recommendations", {"events": [{"item": items[2], "value": 3}]})
            expect(len(folded["items"]) == 2, f"{folded}")
            served.stop().ends_with(0)


run_checks([
    every_user_gets_what_recommend_writes_on_1_to_5_ranks,
    a_model_with_biases_is_answered_alike,
    small_batches_and_other_kernels_are_answered_alike,
    similar_items_are_those_of_the_similar_command,
    conditions_leave_what_they_leave_of_the_full_ranking,
    the_full_ranking_is_that_of_the_exported_factors,
    folding_in_a_history_gives_what_training_gives_ials,
    folding_in_a_history_gives_what_training_gives_hkv,
    folding_in_a_history_gives_what_training_gives_explicit,
    whoever_is_unknown_gets_the_popular_items,
    more_ranks_than_items_and_ids_that_need_escapes,
])
