#!/usr/bin/env bash
# recommend, similar and evaluate as a user runs them: the same answers on any number of ranks, and every refusal.
# usage: scoring_test.sh ALSACE TEST_DATA
set -euo pipefail
alsace=$1
data=$2/movietweetings
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
run() { # RANKS COMMAND...
  local ranks=$1
  shift
  mpirun --oversubscribe --bind-to none -np "$ranks" "$alsace" "$@" --log-level warn
}
expect_exit() { # CODE TEXT COMMAND...
  local code=$1 text=$2 got=0
  shift 2
  "$@" >stdout.txt 2>stderr.txt || got=$?
  [ "$got" = "$code" ] || fail "exit $got instead of $code: $* ($(head -c 400 stderr.txt))"
  grep -qF -- "$text" stderr.txt || fail "no '$text' in: $(head -c 400 stderr.txt)"
}

run 2 train "$data/split_random/train_valid.csv" --model model --objective ials --factors 32 --sweeps 4 \
  --unobserved-weight 0.3 --regularization 0.01 >train.txt 2>&1

echo "recommend: the same file on 1 to 5 ranks, 20 unseen items a user"
run 1 recommend --model model --users all --k 20 --out top-1.csv
for ranks in 2 3 4 5; do
  run $ranks recommend --model model --users all --k 20 --out top-$ranks.csv
  cmp top-1.csv top-$ranks.csv || fail "recommend on $ranks ranks"
done
[ "$(head -1 top-1.csv)" = "user,item,rank,score" ] || fail "header: $(head -1 top-1.csv)"
awk -F, 'NR > 1 {n[$1]++} END {for (u in n) if (n[u] != 20) exit 1}' top-1.csv || fail "not 20 items for each user"
tail -n +2 top-1.csv | cut -d, -f1,2 | sort >recommended.txt
tail -n +2 "$data/split_random/train_valid.csv" | cut -d, -f1,2 | sort >seen.txt
[ -z "$(comm -12 recommended.txt seen.txt)" ] || fail "a seen item was recommended"

echo "recommend: lists of users, titles, JSON lines, stdout"
head -1 seen.txt | cut -d, -f1 >users.txt
user=$(cat users.txt)
run 3 recommend --model model --users users.txt --k 20 >some.csv
grep "^$user," top-1.csv | cmp - <(tail -n +2 some.csv) || fail "a file of users"
run 2 recommend --model model --users "$user,nobody" --k 2 --item-info "$data/items.csv" --out some.jsonl 2>warning.txt
grep -q "1 users are not in the model and are skipped: nobody" warning.txt || fail "no warning: $(cat warning.txt)"
python3 - "$user" "$data/items.csv" <<'EOF'
import csv, json, sys
titles = {row["item"]: row["title"] for row in csv.DictReader(open(sys.argv[2], encoding="utf-8"))}
top = [row for row in csv.DictReader(open("top-1.csv")) if row["user"] == sys.argv[1]][:2]
lines = [json.loads(line) for line in open("some.jsonl")]
assert [line["item"] for line in lines] == [row["item"] for row in top], lines
assert [line["rank"] for line in lines] == [1, 2], lines
assert all(line["title"] == titles[line["item"]] for line in lines), lines
EOF

echo "similar: the same on 1 and 3 ranks, without the item itself"
item=$(sed -n 2p top-1.csv | cut -d, -f2)
run 1 similar --model model --item "$item" --k 5 --json --item-info "$data/items.csv" >near-1.json
run 3 similar --model model --item "$item" --k 5 --json --item-info "$data/items.csv" >near-3.json
cmp near-1.json near-3.json || fail "similar on 3 ranks"
python3 -c "
import json
near = json.load(open('near-1.json'))
assert len(near['items']) == 5 and near['item'] not in [n['item'] for n in near['items']], near
scores = [n['score'] for n in near['items']]
assert scores == sorted(scores, reverse=True) and scores[0] <= 1.000001, scores
"

echo "evaluate: the same on 1 to 4 ranks and 1 or 2 threads, above popularity"
run 1 evaluate --model model --test "$data/split_random/test.csv" --segments 3 --json --threads 2 >metrics-1.json
for ranks in 2 3 4; do
  run $ranks evaluate --model model --test "$data/split_random/test.csv" --segments 3 --json --threads 1 >metrics.json
  cmp metrics-1.json metrics.json || fail "evaluate on $ranks ranks"
done
python3 - <<'EOF'
import json
metrics = json.load(open("metrics-1.json"))
assert abs(metrics["baseline"]["ndcg@100"] - 0.200) < 0.0005, metrics["baseline"]
assert metrics["ndcg@100"] > 0.21, metrics
assert sum(s["users"] for s in metrics["segments"]) == metrics["users"] == 4333, metrics
assert metrics["unknown_users"] == 0, metrics
EOF
# Of the user's two held-out items the model knows one, and everything it can recommend is in the list: 1 of 2.
held_out=$(sed -n "/^$user,/{p;q}" top-1.csv | cut -d, -f2)
printf 'user,item,value\n%s,%s,1\n%s,no-such-item,1\nnobody,%s,1\n' "$user" "$held_out" "$user" "$held_out" >mixed.csv
run 2 evaluate --model model --test mixed.csv --metrics recall@1000000 --json --no-baseline >mixed.json
python3 -c "
import json
metrics = json.load(open('mixed.json'))
assert metrics['unknown_users'] == 1 and metrics['unknown_items'] == 1 and metrics['users'] == 1, metrics
assert 'baseline' not in metrics and metrics['recall@1000000'] == 0.5, metrics
"

echo "evaluate: of one pair's ratings the last counts, as in training; without a known pair there is no error"
run 2 train "$data/split_random/train_valid.csv" --model rated --objective explicit --factors 4 --sweeps 1 \
  >train.txt 2>&1
printf 'user,item,value,timestamp\n%s,%s,1,1\n%s,%s,5,2\n' "$user" "$held_out" "$user" "$held_out" >twice.csv
printf 'user,item,value,timestamp\n%s,%s,5,2\n' "$user" "$held_out" >once.csv
run 2 evaluate --model rated --test twice.csv --json >twice.json
run 2 evaluate --model rated --test once.csv --json >once.json
cmp once.json twice.json || fail "duplicates of an explicit model"
printf 'user,item,value\n%s,no-such-item,4\n' "$user" >unknown.csv
run 2 evaluate --model rated --test unknown.csv --json >unknown.json 2>unknown.txt
grep -q "rmse and mae are left out" unknown.txt || fail "not said: $(cat unknown.txt)"
python3 -c "
import json
metrics = json.load(open('unknown.json'))
assert metrics['users'] == 1 and 'rmse' not in metrics and 'mae' not in metrics, metrics
"

echo "the command line's files replace those of the environment"
ALSACE_TEST=absent.csv run 1 evaluate --model rated --test once.csv --json >weaker.json
cmp once.json weaker.json || fail "ALSACE_TEST and --test were joined"

echo "refusals"
full_stdout() { # COMMAND...
  "$@" >/dev/full
}
for ranks in 1 3; do
  launcher=()
  [ "$ranks" = 1 ] || launcher=(mpirun --oversubscribe --bind-to none -np "$ranks")
  expect_exit 3 "none known" "${launcher[@]}" "$alsace" recommend --model model --users nobody
  expect_exit 2 "--k" "${launcher[@]}" "$alsace" recommend --model model --k 0
  expect_exit 5 "No space left" "${launcher[@]}" "$alsace" recommend --model model --users all --out /dev/full
  expect_exit 5 "absent/top.csv" "${launcher[@]}" "$alsace" recommend --model model --users all --out absent/top.csv
  expect_exit 3 "columns = user, item, rank, score, expected title among them" "${launcher[@]}" "$alsace" recommend --model model --item-info top-1.csv
  expect_exit 3 "--item = nothing" "${launcher[@]}" "$alsace" similar --model model --item nothing
  expect_exit 2 "metric = ndcg" "${launcher[@]}" "$alsace" evaluate --model model --test mixed.csv --metrics ndcg
  expect_exit 2 "metric = recall@010" "${launcher[@]}" "$alsace" evaluate --model model --test mixed.csv --metrics recall@010
  expect_exit 2 "metric = rmse" "${launcher[@]}" "$alsace" evaluate --model model --test mixed.csv --metrics rmse
  expect_exit 2 "--log-level" "${launcher[@]}" "$alsace" similar --model absent --item "$item" --log-level loud
  expect_exit 5 "absent" "${launcher[@]}" "$alsace" recommend --model absent --users all
done
expect_exit 5 "stdout" full_stdout "$alsace" similar --model model --item "$item"
expect_exit 5 "stdout" full_stdout "$alsace" evaluate --model model --test mixed.csv
[ -z "$(find . -name '*tmp')" ] || fail "left behind: $(find . -name '*tmp')"
echo "passed"
