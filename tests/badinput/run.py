#!/usr/bin/env python3
"""Bad input gets a clear error and loses nothing: what, where, what to do; old reports stay whole.

Every refused case runs with --output over old reports and asserts that these are untouched. fixtures/README.md tells where the
Parquet file comes from; everything else is made here.
"""
import gzip
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

from harness import FORMATS, OLD, PROGRAM, VERDICTS, Skip, expect, old_reports, refused, run, sound, suite, untouched

FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
TESTS = []
NOBODY = 65534


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


# ---- helpers -----------------------------------------------------------------------------------------------------------------


def people(count=60):
    """Rows of a sound file: header, then invented people with a fixed seed."""
    chance = random.Random(7)
    rows = ["id,sent,label,age,gender,score,weight,value,all_same"]
    for person in range(count):
        rows.append(f"{person},{chance.randint(0, 1)},{chance.choice(['yes', 'no'])},{chance.randint(18, 90)},{chance.choice(['f', 'm'])},"
                    f"{chance.random():.3f},{chance.choice([1, 2, 0.5])},{chance.randint(0, 90)},x")
    return rows


def with_column(name, values, count=60):
    """The sound file with one more column; the values are repeated."""
    rows = people(count)
    return [rows[0] + "," + name] + [f"{row},{values[i % len(values)]}" for i, row in enumerate(rows[1:])]


def store(folder, rows, name="in.csv"):
    path = folder / name
    path.write_bytes(rows if isinstance(rows, bytes) else ("\n".join(rows) + "\n").encode())
    return path


def audit(path, *more, decision="sent", by="gender", **how):
    return run("audit", path, "--decision", decision, "--by", by, *more, **how)


def refusal(folder, rows, *says, more=(), **how):
    """The file is refused with these words, and the old reports stay."""
    path = rows if isinstance(rows, (pathlib.Path, str)) else store(folder, rows)
    prefix = old_reports(folder)
    refused(audit(path, "--output", prefix, *more, **how), *says)
    untouched(prefix)


def accepted(done):
    sound(done)
    expect(done.status in VERDICTS, f"exit status {done.status}: {done.err}")
    return done


def report(path, *more, **how):
    """The JSON report of an accepted audit."""
    return json.loads(accepted(audit(path, "--format", "json", *more, **how)).out)


def figures(document):
    """What must be the same however the rows came in: everything but where they came from."""
    return {key: value for key, value in document.items() if key not in ("inputs", "options")}


# ---- columns and values ------------------------------------------------------------------------------------------------------


@test
def unknown_columns_name_the_nearest(folder):
    refusal(folder, people(), "--by", "gendr", "gender", by="gendr")
    path = store(folder, people())
    refused(audit(path, decision="snt"), "--decision", "snt", "sent")
    refused(audit(path, "--label", "labl"), "--label", "labl", "label")
    refused(audit(path, "--score", "zzzzzzzzzz"), "--score", "zzzzzzzzzz", "gender")
    refused(audit(path, "--where", "agee > 3"), "--where", "agee", "age")
    refused(audit(path, "--within", "regoin"), "--within", "regoin")
    refused(audit(path, "--soft", "s=a:p_a,b:1-p_a"), "--soft", "p_a")


@test
def a_label_with_three_values_lists_them(folder):
    refusal(folder, with_column("three", ["red", "green", "blue"]), "--label", "red", "green", "blue", "three", more=["--label", "three"])


@test
def a_numeric_label_with_three_values_lists_them(folder):
    refusal(folder, with_column("three", [0, 1, 2]), "--label", "0", "1", "2", more=["--label", "three"])


@test
def a_decision_with_three_values_lists_them(folder):
    refusal(folder, with_column("three", ["red", "green", "blue"]), "--decision", "red", "green", "blue", decision="three")


@test
def two_texts_that_are_no_yes_and_no_say_how_to_write_it(folder):
    refusal(folder, with_column("income", ["<=50K", ">50K"]), "--label", "<=50K", ">50K", "income =", more=["--label", "income"])


@test
def missing_decisions_are_counted_and_told(folder):
    path = store(folder, with_column("d", [1, "", 0, 1, 0, 1]))
    document = report(path, decision="d")
    expect(document["decision_missing"] == 10 and document["rows"] == 60, f"{document['decision_missing']} of {document['rows']}")
    text = accepted(audit(path, decision="d")).out.decode()
    expect(re.search(r"\b10\b", text) and "decision" in text, f"not told:\n{text}")


@test
def missing_labels_scores_and_values_are_counted(folder):
    path = store(folder, with_column("hole", [1, "", 0, 1]))
    document = report(path, "--label", "hole", "--score", "hole", "--value", "hole")
    got = [document[name] for name in ("label_missing", "score_missing", "value_missing")]
    expect(got == [15, 15, 15], f"label, score, value missing: {got}")


@test
def no_decision_at_all(folder):
    refusal(folder, with_column("d", [""]), "--decision", decision="d")


@test
def an_empty_file(folder):
    refusal(folder, b"", "in.csv", "empty")


@test
def a_header_and_no_rows(folder):
    refusal(folder, people(0), "in.csv", ("header", "no rows"))


@test
def a_header_and_no_rows_json_lines(folder):
    refusal(folder, store(folder, b"\n\n", "in.jsonl"), "in.jsonl")


@test
def no_rows_left(folder):
    refusal(folder, people(), "--where", ("no row", "0 rows", "none"), more=["--where", "age > 200"])


@test
def one_group_only(folder):
    refusal(folder, people(), "--by", "all_same", ("one group", "only"), by="all_same")


@test
def more_than_64_groups_offers_bands_for_numbers(folder):
    refusal(folder, people(400), "--by", "age", "64", "--bands age=", "--top age=", by="age")


@test
def what_is_offered_for_64_groups_works(folder):
    path = store(folder, people(400))
    offered = re.findall(r"--(?:bands|top) age=[0-9.,]*[0-9]", audit(path, by="age").err)
    expect(len(offered) == 2, f"two offers expected: {offered}")
    for offer in offered:
        accepted(audit(path, *offer.split(" "), by="age"))


@test
def more_than_64_groups_offers_top_for_texts(folder):
    refusal(folder, with_column("city", [f"city {i}" for i in range(100)], 400), "--by", "city", "64", "--top city=", by="city")


@test
def sixty_four_groups_are_taken_all(folder):
    path = store(folder, with_column("city", [f"city {i}" for i in range(64)], 640))
    expect(len(report(path, by="city")["attributes"][0]["groups"]) == 64, "a group is missing")


@test
def top_joins_aloud(folder):
    path = store(folder, with_column("city", [f"city {i}" for i in range(100)], 400))
    document = report(path, "--top", "city=5", by="city")
    groups = [group["group"] for group in document["attributes"][0]["groups"]]
    expect(len(groups) == 6 and "(all others)" in groups, f"{groups}")
    expect("95" in accepted(audit(path, "--top", "city=5", by="city")).out.decode(), "the report does not say that 95 groups were joined")


@test
def ragged_lines_name_file_and_line(folder):
    rows = people(300)
    rows[217] += ",one,too,many"
    refusal(folder, rows, "in.csv", "line 218")


@test
def short_lines_name_file_and_line(folder):
    rows = people(300)
    rows[99] = "98,1,yes"
    refusal(folder, rows, "in.csv", "line 100")


@test
def an_open_quote(folder):
    rows = people(300)
    rows[50] = rows[50].replace(",f,", ',"f,').replace(",m,", ',"m,')
    refusal(folder, rows, "in.csv", "line")


@test
def invalid_utf8_names_file_and_line(folder):
    rows = "\n".join(people(300)).encode().split(b"\n")
    rows[100] = rows[100].replace(b"yes", b"y\xff\xfes").replace(b"no", b"n\xff\xfeo")
    refusal(folder, b"\n".join(rows) + b"\n", "in.csv", "utf-8", "101")


@test
def latin1_says_what_to_do(folder):
    refusal(folder, "\n".join(with_column("stadt", ["Köln", "Bonn"])).encode("latin-1"), "in.csv", "utf-8", by="stadt")


@test
def duplicate_columns(folder):
    refusal(folder, with_column("gender", ["f", "m"]), "in.csv", "gender", ("twice", "two columns", "duplicate"))


@test
def scores_that_are_nan_or_infinite(folder):
    for word in ("nan", "inf", "-inf"):
        path = store(folder, with_column("s", [0.5, word, 0.25]))
        refused(audit(path, "--score", "CAST(s AS DOUBLE)", "--label", "label"), "--score", ("nan", "infinite"), "20")


@test
def weights_that_are_nan_infinite_or_negative(folder):
    for word, says in (("nan", "nan"), ("inf", "infinite"), ("-1", "negative")):
        path = store(folder, with_column("w", [1, word, 2]))
        refused(audit(path, "--weight", "CAST(w AS DOUBLE)"), "--weight", says, "20")


@test
def weights_that_are_missing(folder):
    refusal(folder, with_column("w", [1, "", 2]), "--weight", ("null", "missing"), "20", more=["--weight", "w"])


@test
def values_that_are_nan_or_infinite(folder):
    for word in ("nan", "inf"):
        path = store(folder, with_column("v", [1, word, 2]))
        refused(audit(path, "--value", "CAST(v AS DOUBLE)"), "--value", ("nan", "infinite"), "20")


@test
def scores_and_weights_that_are_texts(folder):
    refusal(folder, people(), "--score", ("number", "numeric"), more=["--score", "gender", "--label", "label"])
    refused(audit(folder / "in.csv", "--weight", "gender"), "--weight", ("number", "numeric"))
    refused(audit(folder / "in.csv", "--bands", "gender=1,2"), "--bands", "gender", ("number", "numeric"))


@test
def weights_of_any_size_are_summed(folder):
    path = store(folder, with_column("w", ["1e-30", "1e30", 1, 0]))
    accepted(audit(path, "--weight", "w"))
    refused(audit(store(folder, with_column("w", ["1e300", 1])), "--weight", "w"), "--weight", "1e+300", "at most")
    refused(audit(store(folder, with_column("w", [0])), "--weight", "w"), "weight")


# ---- names -------------------------------------------------------------------------------------------------------------------

NAMES = ['say "hi"', "it's", "<script>alert(1)</script>", "two\nlines", "=1+1", "+1", "-1", "@A1", "\ttab", "😀", "👨‍👩‍👧", "a,b;c", "\x1b[2J",
         "</script>", "&lt;", "NULL", "(missing)", "(all others)", "a & b", "100%n%s", "\u202ertl", "ß" * 200, "\\", "'; --", "${x}", "a"]


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


@test
def hostile_group_names_come_back_as_they_are(folder):
    path = store(folder, with_column("name", [quoted(name) for name in NAMES] + [""], 540))
    prefix = folder / "out"
    done = accepted(audit(path, "--output", prefix, by="name"))
    document = json.loads((folder / "out.json").read_bytes())
    groups = document["attributes"][0]["groups"]
    got = sorted(group["group"] for group in groups if not group.get("missing"))
    # a text that looks like one of the program's own names for a group is told apart by quotes
    wanted = [f'"{name}"' if name in ("(missing)", "(all others)") else name for name in NAMES]
    expect(got == sorted(wanted), f"names differ: {set(got) ^ set(wanted)}")
    expect(sum(1 for group in groups if group.get("missing")) == 1, "NULL and the text (missing) are not kept apart")
    for text in (done.out, (folder / "out.txt").read_bytes()):
        expect(b"\x1b" not in text and b"\t" not in text, "a control character reached the terminal")
    page = (folder / "out.html").read_text()
    expect("<script>alert(1)" not in page, "a name became an element of the page")
    import csv
    for row in csv.reader((folder / "out.csv").open(newline="")):
        for cell in row:
            formula = cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"-?[0-9.]+(e[-+]?[0-9]+)?", cell)
            expect(not formula, f"a spreadsheet would take {cell!r} for a formula")


@test
def hostile_column_names(folder):
    for name in NAMES:
        if "\\" in name or not name:
            continue
        path = store(folder, with_column(quoted(name), ["a", "b"]))
        document = report(path, by=quoted(name))
        expect(document["attributes"][0]["name"] == name, f"{document['attributes'][0]['name']!r} is not {name!r}")


@test
def columns_named_like_keywords(folder):
    for name in ("select", "from", "group", "order", "count", "g0", "decision", "all"):
        path = store(folder, with_column(name, ["a", "b"]))
        report(path, by=quoted(name))


@test
def hostile_file_names(folder):
    for name in ('say "hi".csv', "it's.csv", "new\nline.csv", "😀.csv", "= 1.csv", "a b;c.csv", "%n%s.csv", "--by.csv", "\x1b[2J.csv"):
        store(folder, people(), name)
        document = report("./" + name, cwd=folder)
        expect(document["inputs"][0]["path"] == "./" + name, f"{document['inputs']}")
        text = accepted(audit("./" + name, "--output", folder / "out", cwd=folder)).out
        expect(b"\x1b" not in text, "a control character reached the terminal")
    store(folder, people(), "-x.csv")
    accepted(run("audit", "--decision", "sent", "--by", "gender", "--", "-x.csv", cwd=folder))


@test
def names_that_look_like_globs(folder):
    store(folder, people(), "in[1].csv")
    accepted(audit(folder / "in[1].csv"))


# ---- files -------------------------------------------------------------------------------------------------------------------


@test
def a_missing_file(folder):
    store(folder, people(), "campaign.csv")
    refusal(folder, folder / "campain.csv", "campain.csv", ("no such file", "not found", "does not exist"))


@test
def a_glob_without_match(folder):
    refusal(folder, str(folder / "none-*.csv"), "none-*.csv", "match")


@test
def a_directory(folder):
    (folder / "data").mkdir()
    refusal(folder, folder / "data", "data", ("directory", "folder"))


@test
def a_dangling_link(folder):
    (folder / "link.csv").symlink_to("nowhere.csv")
    refusal(folder, folder / "link.csv", "link.csv")


@test
def an_unreadable_file(folder):
    path = store(folder, people())
    path.chmod(0)
    how = {}
    if os.geteuid() == 0:
        folder.chmod(0o755)
        how = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            if run("--version", **how).status != 0:
                raise OSError
        except OSError as reason:
            raise Skip("root reads everything, and another user cannot run the program where it lies") from reason
    refused(audit(path, **how), "in.csv", "permission")


@test
def an_unreadable_file_under_old_reports(folder):
    """As any user: a file that vanishes behind a link into a folder that is a file."""
    store(folder, people(), "file")
    (folder / "link.csv").symlink_to("file/in.csv")
    refusal(folder, folder / "link.csv", "link.csv")


@test
def a_device(folder):
    refusal(folder, "/dev/null", "/dev/null")


@test
def noise_and_truncated_files(folder):
    noise = random.Random(3).randbytes(4096)
    whole = gzip.compress(("\n".join(people(3000)) + "\n").encode())
    parquet = (FIXTURES / "people.parquet").read_bytes()
    for name, content in {"noise.csv": noise, "noise.parquet": noise, "zeros.csv": bytes(4096), "magic.parquet": b"PAR1" + noise + b"PAR1",
                          "cut.csv.gz": whole[:len(whole) // 2], "noise.csv.gz": b"\x1f\x8b" + noise, "cut.parquet": parquet[:-100],
                          "text.parquet": b"a,b\n1,2\n", "open.jsonl": b'{"sent": 1, "gender": "f"}\n{"sent": 0, "gen',
                          "noise.jsonl": noise, "array.json": b"[1, 2, 3]"}.items():
        path = store(folder, content, name)
        prefix = folder / "r"
        done = audit(path, "--output", prefix)
        refused(done, name)
        expect(not list(folder.glob("r.*")), f"{name}: a report was written")


@test
def files_with_different_columns(folder):
    store(folder, people(), "a-1.csv")
    store(folder, with_column("more", [1]), "a-2.csv")
    refusal(folder, str(folder / "a-*.csv"), "more", ("a-1.csv", "a-2.csv"), "column")


@test
def the_same_rows_in_every_format_give_the_same_figures(folder):
    rows = people(500)
    plain = store(folder, rows, "p.csv")
    wanted = figures(report(plain, "--label", "label", "--score", "score"))
    names = rows[0].split(",")
    kinds = {"sent": int, "id": int, "age": int, "value": int, "score": float, "weight": float}
    objects = [{name: kinds.get(name, str)(cell) for name, cell in zip(names, row.split(","))} for row in rows[1:]]
    lines = "\n".join(map(json.dumps, objects)).encode()
    others = {
        "gz": store(folder, gzip.compress(plain.read_bytes(), mtime=0), "q.csv.gz"),
        "json lines": store(folder, lines, "q.jsonl"),
        "json lines gz": store(folder, gzip.compress(lines, mtime=0), "q.jsonl.gz"),
        "json array": store(folder, json.dumps(objects).encode(), "q.json"),
        "byte order mark, crlf": store(folder, b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"), "bom.csv"),
        "semicolons": store(folder, plain.read_bytes().replace(b",", b";"), "semicolon.csv"),
        "no ending": store(folder, plain.read_bytes(), "plain"),
    }
    for part in (0, 1):
        store(folder, [rows[0]] + rows[1 + part::2], f"half-{part}.csv")
    others["glob"] = str(folder / "half-*.csv")
    for what, path in others.items():
        got = figures(report(path, "--label", "label", "--score", "score"))
        expect(got == wanted, f"{what}: figures differ")
    done = accepted(audit("-", "--label", "label", "--score", "score", "--format", "json", input=plain.read_bytes()))
    expect(figures(json.loads(done.out)) == wanted, "standard input: figures differ")
    done = accepted(audit("-", "--label", "label", "--score", "score", "--format", "json", input=gzip.compress(plain.read_bytes())))
    expect(figures(json.loads(done.out)) == wanted, "standard input, gz: figures differ")


@test
def parquet_gives_the_same_figures_as_csv(folder):
    wanted = figures(report(FIXTURES / "people.csv", "--label", "label", "--weight", "weight"))
    got = figures(report(FIXTURES / "people.parquet", "--label", "label", "--weight", "weight"))
    expect(got == wanted, "figures differ")
    piped = accepted(audit("-", "--label", "label", "--weight", "weight", "--format", "json",
                           input=(FIXTURES / "people.parquet").read_bytes()))
    expect(figures(json.loads(piped.out)) == wanted, "standard input: figures differ")


@test
def standard_input_that_is_empty_or_bad(folder):
    refused(audit("-", input=b""), ("standard input", "'-'", "-:"), "empty")
    refused(audit("-", input=b"a,b\n1,2\n3,4,5\n"), "line 3")


@test
def a_file_larger_than_memory(folder):
    rows = people(1000)
    block = ("\n".join(f"{row},{'padding' * 12}" for row in rows[1:]) + "\n").encode()
    repeats = 1 + (96 << 20) // len(block)
    path = folder / "in.csv"
    with path.open("wb") as file:
        file.write((rows[0] + ",padding\n").encode())
        for _ in range(repeats):
            file.write(block)
    document = report(path, "--memory", "64", "--label", "label")
    expect(document["rows"] == 1000 * repeats, f"{document['rows']} rows, expected {1000 * repeats}")


# ---- sizes -------------------------------------------------------------------------------------------------------------------


@test
def ten_thousand_columns(folder):
    names = [f"c{i}" for i in range(9998)]
    rows = ["sent,gender," + ",".join(names)] + [f"{i % 2},{'fm'[i % 3 == 0]}," + ",".join("1" * len(names)) for i in range(20)]
    accepted(audit(store(folder, rows)))
    refused(audit(store(folder, [row + ",1" for row in rows])), "10000")


@test
def a_field_of_a_megabyte(folder):
    path = store(folder, with_column("long", ["x" * (1 << 20), "y"], 4))
    accepted(audit(path, by="id % 2 AS half"))
    refused(audit(path, by="long"), "--by", ("1024", "long"))


@test
def an_argument_of_65537_bytes(folder):
    refusal(folder, people(), "65537", "65536", more=["--where", "1" * 65537])


@test
def an_expression_that_is_too_long_or_too_deep(folder):
    path = store(folder, people())
    refused(audit(path, "--where", "age > 1" + " OR age > 1" * 3000), "--where", "16384")
    refused(audit(path, "--where", "(" * 101 + "true" + ")" * 101), "--where", "100")
    sound(audit(path, "--where", "(" * 99 + "true" + ")" * 99))
    sound(audit(path, "--where", "NOT " * 4000 + "true"))
    sound(audit(path, "--where", "age" + " + 1" * 4000 + " > 0"))
    sound(audit(path, "--where", "[" * 99 + "]" * 99 + " = []"))


# ---- expressions that try to break out ------------------------------------------------------------------------------------------

BREAKOUTS = [
    "sent) ; COPY (SELECT 1) TO 'stolen' --", "sent; DROP TABLE people", "sent /* open", "sent -- rest", "sent)", "(sent", "'open", '"open',
    "(SELECT count(*) FROM read_text('/etc/passwd')) > 0", "EXISTS (FROM '/etc/passwd')", "(FROM '/etc/passwd' LIMIT 1) IS NULL",
    "(SELECT content FROM read_text('/etc/passwd')) IS NOT NULL", "(WITH x AS (SELECT 1) SELECT 1)", "(VALUES (1))", "(TABLE people)",
    "read_text('/etc/passwd') IS NULL", "getenv('HOME') IS NULL", "sent FROM read_csv('/etc/passwd')", "(PIVOT x ON y)",
    "COPY people TO 'stolen'", "ATTACH 'stolen'", "INSTALL httpfs", "LOAD httpfs", "PRAGMA version", "SET memory_limit='1GB'", "sent UNION SELECT 1",
    "$$open", "$tag$open$$", "sent\n;\nCOPY x TO 'stolen'", "query('SELECT 1')", "*", "COLUMNS(*)", "sent, 1", "?", "$1", "",
    "   ", "()", "sum(sent)", "count(*) > 1", "row_number() OVER () > 3", "unnest([0, 1])", "current_setting('home_directory') = error('x')",
    "error('mine')",
]


@test
def expressions_cannot_break_out(folder):
    path = store(folder, people())
    before = sorted(os.listdir(folder))
    for expression in BREAKOUTS:
        for option in ("--decision", "--by", "--where", "--label"):
            given = {"--decision": "sent", "--by": "gender"}
            given[option] = expression
            words = [word for pair in given.items() for word in pair]
            done = run("audit", path, *words, cwd=folder)
            sound(done)
            if option == "--by" and done.status in VERDICTS and expression in ("sent, 1", ):
                continue
            expect(done.status == 2, f"{option} {expression!r} was accepted")
            expect("passwd" not in done.err.replace(expression, "").replace("/etc/passwd", "") and "root:" not in done.err, done.err)
    expect(sorted(os.listdir(folder)) == before, f"files appeared: {os.listdir(folder)}")


@test
def expressions_of_every_day_are_not_refused(folder):
    path = store(folder, people())
    for expression in ("sent = 1", "sent::BOOLEAN", "CAST(sent AS BOOLEAN)", "CASE WHEN age > 40 THEN true ELSE sent = 1 END",
                       "gender IN ('f') AND sent = 1", "coalesce(sent, 0) > 0", "score BETWEEN 0.25 AND 0.75", "gender LIKE 'f%'",
                       "\"sent\" = 1 AND 'a;b--/*' <> ';'", "sent = 1 OR gender = 'it''s'", "sent % 2 = 1", "list_contains(['f'], gender)",
                       "extract(year FROM DATE '2024-05-01') = 2024 AND sent = 1"):
        accepted(audit(path, decision=expression))


# ---- writing -----------------------------------------------------------------------------------------------------------------------


# ---- data for a check, a workspace, a repair -------------------------------------------------------------------------------------------


SHOP = """shop: { name: Blue Finch }
sources:
  people: { read: "people*.csv", key: id }
  orders: { read: orders.csv, person: id, time: day }
protected: { sex: { value: people.sex, from_whom: the form } }
features: { city: { value: people.city, says: "you live in {value}", from_whom: your account }, spent: { value: sum(orders.amount), says: "{value}", from_whom: your orders } }
population: { read: pop.csv, weight: people }
"""
NOW = ("--now", "2026-11-24")


def table(folder, rows, name):
    return store(folder, [",".join(map(str, row)) for row in rows], name)


def shop(folder, people=None, orders=None, text=SHOP):
    table(folder, people or [["id", "sex", "city"]] + [[i, "fm"[i % 2], "Cork"] for i in range(60)], "people.csv")
    table(folder, orders or [["id", "day", "amount"]] + [[i, "2026-05-01", 3] for i in range(60)], "orders.csv")
    table(folder, [["sex", "people"], ["f", 51], ["m", 49]], "pop.csv")
    (folder / "evenhand.yaml").write_text(text, encoding="utf-8")
    return folder


def in_workspace(folder, *says):
    """Every command that reads the people says the same, with the place in evenhand.yaml."""
    (folder / "repairs.yaml").write_text("steps:\n  - { do: impute, why: w, column: city, with: mode }\n", encoding="utf-8")
    for command in (("check",), ("repair", "--dry-run"), ("repair", "--propose"), ("vault", "import", "--reason", "test")):
        refused(run(*command, "--workspace", folder, *NOW), *says)
    expect(not (folder / "repaired").exists(), "something was written")


@test
def a_key_that_is_not_unique(folder):
    people = [["id", "sex", "city"]] + [[i % 40, "fm"[i % 2], "Cork"] for i in range(60)]
    in_workspace(shop(folder, people), "evenhand.yaml", "line 3", "id", ("unique", "twice", "more than once", "several"))
    done = run("check", folder / "people.csv", "--key", "id", *NOW, "--format", "json")
    expect(done.status == 1 and json.loads(done.out)["duplicates"]["key_repeated"] == 20, f"{done.status} {done.err}")


@test
def a_key_that_is_missing(folder):
    people = [["id", "sex", "city"]] + [[i if i % 5 else "", "fm"[i % 2], "Cork"] for i in range(60)]
    in_workspace(shop(folder, people), "evenhand.yaml", "line 3", "id", ("missing", "no value", "empty"))
    done = run("check", folder / "people.csv", "--key", "id", *NOW, "--format", "json")
    expect(done.status == 1 and json.loads(done.out)["duplicates"]["key_missing"] == 12, f"{done.status} {done.err}")
    refused(run("check", folder / "people.csv", "--key", "idd", *NOW), "idd", "id")
    in_workspace(shop(folder, [["idd", "sex", "city"]] + [[i, "f", "Cork"] for i in range(60)]), "evenhand.yaml", "id", "idd")


@test
def a_source_that_is_missing(folder):
    (shop(folder) / "orders.csv").unlink()
    in_workspace(folder, "evenhand.yaml", "line 4", "orders.csv")
    refused(run("init", folder / "new", "--from", folder / "nothing.csv"), "nothing.csv")
    expect(not (folder / "new").exists(), "a workspace was made")


@test
def columns_that_change_type_between_files(folder):
    shop(folder, orders=None, text=SHOP.replace("orders.csv", '"orders*.csv"'))
    table(folder, [["id", "day", "amount"]] + [[i, "2026-06-01", "much"] for i in range(60)], "orders2.csv")
    in_workspace(folder, "evenhand.yaml", "amount", ("type", "text", "number"))


@test
def dates_in_the_future(folder):
    orders = [["id", "day", "amount"]] + [[i, "2031-05-01" if i == 7 else "2026-05-01", 3] for i in range(60)]
    in_workspace(shop(folder, orders=orders), "evenhand.yaml", "line 4", "2031")
    done = run("check", folder / "orders.csv", *NOW, "--format", "json")
    expect("future" in {finding["id"] for finding in json.loads(done.out)["findings"]}, f"{done.err}")


@test
def populations_that_do_not_fit(folder):
    shop(folder)
    run("vault", "import", "--reason", "test", "--workspace", folder)
    repairs = folder / "repairs.yaml"
    text = "groups: { sex: sex }\npopulation: { read: %s }\nsteps:\n  - { do: rake, why: w, by: sex }\n"
    for name, rows, *says in (("levels.csv", [["sex", "people"], ["female", 5], ["male", 5]], "(not there)", "female", "skip_unmatched"),
                              ("zero.csv", [["sex", "people"], ["f", 5], ["m", 0]], "share of zero", "m: 0 people"),
                              ("nobody.csv", [["sex", "people"], ["f", 0], ["m", 0]], "nobody.csv", ("no people", "0", "nobody")),
                              ("text.csv", [["sex", "people"], ["f", "many"], ["m", "few"]], "text.csv"),
                              ("empty.csv", [["sex", "people"]], "empty.csv", "no rows")):
        table(folder, rows, name)
        refused(run("check", folder / "people.csv", "--by", "sex", "--population", folder / name, *NOW), *says)
        (folder / "evenhand.yaml").write_text(SHOP.replace("pop.csv", name), encoding="utf-8")
        refused(run("check", "--workspace", folder, *NOW), *says)
        repairs.write_text(text % name, encoding="utf-8")
        refused(run("repair", "--workspace", folder, "--dry-run", *NOW), *says)
        refused(run("repair", repairs, folder / "people.csv", "--dry-run"), *says)
    (folder / "evenhand.yaml").write_text(SHOP.replace("pop.csv", "gone.csv"), encoding="utf-8")
    refused(run("check", "--workspace", folder, *NOW), "gone.csv")


@test
def a_column_without_any_value(folder):
    shop(folder, [["id", "sex", "city"]] + [[i, "fm"[i % 2], ""] for i in range(60)])
    run("vault", "import", "--reason", "test", "--workspace", folder)
    done = run("check", "--workspace", folder, *NOW, "--format", "json")
    expect([f["column"] for f in json.loads(done.out)["findings"] if f["id"] == "empty"] == ["city"], f"{done.err}")
    (folder / "repairs.yaml").write_text("steps:\n  - { do: impute, why: w, column: city, with: mode }\n", encoding="utf-8")
    refused(run("repair", "--workspace", folder, "--dry-run", *NOW), "repairs.yaml", "line 2", "city", "no value")
    made = run("init", folder / "new", "--from", folder / "people.csv")
    expect(made.status == 0, made.err)


def limit_file_size(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@test
def a_full_disk_leaves_the_old_report(folder):
    path = store(folder, people())
    prefix = old_reports(folder)
    for name in FORMATS:
        format_name = "text" if name == "txt" else name
        for size in (0, 1, 512):
            done = audit(path, "--format", format_name, "--output", prefix, preexec_fn=limit_file_size(size))
            sound(done)
            expect(done.status == 2 and f"r.{name}" in done.err, f"{name}, {size} bytes: status {done.status}: {done.err}")
            untouched(prefix)


@test
def a_full_tmpfs_leaves_the_old_report(folder):
    store(folder, people())
    script = ('mount -t tmpfs -o size=64k,mode=755 none "$1/full" && cp "$1/old.json" "$1/full/r.json" && '
              '{ head -c 65536 /dev/zero >"$1/full/filler" 2>/dev/null || :; } && '
              '{ "$2" audit "$1/in.csv" --decision sent --by gender --format json --output "$1/full/r"; echo "status $?"; } && '
              'cmp "$1/old.json" "$1/full/r.json" && ls -A "$1/full" | tr "\\n" " "')
    (folder / "full").mkdir()
    (folder / "old.json").write_bytes(OLD["json"])
    if not shutil.which("unshare") or subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", folder / "full"], capture_output=True,
                                                     check=False).returncode != 0:
        raise Skip("no tmpfs can be mounted here (needs root); RLIMIT_FSIZE above tests the same path")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", folder, PROGRAM], capture_output=True, text=True, check=False, timeout=120)
    expect(done.returncode == 0 and "status 2" in done.stdout, f"{done.stdout} {done.stderr}")
    expect("filler r.json" in done.stdout, f"left behind: {done.stdout}")
    expect("r.json" in done.stderr and "space" in done.stderr, f"the reason is missing: {done.stderr}")


@test
def standard_output_that_cannot_be_written(folder):
    path = store(folder, people())
    with open("/dev/full", "wb") as full:
        for words in (["audit", path, "--decision", "sent", "--by", "gender"], ["limits"], ["help"], ["--version"], ["help", "audit"]):
            done = run(*words, stdout=full)
            expect(done.status == 2 and "standard output" in done.err, f"{words}: {done.status} {done.err}")
    reader, writer = os.pipe()
    os.close(reader)
    done = audit(path, stdout=writer)
    os.close(writer)
    expect(done.status == 2 and "standard output" in done.err, f"closed pipe: {done.status} {done.err}")
    for descriptors in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(["sh", "-c", f'"$0" audit "$1" --decision sent --by gender --output "$2" {descriptors}', PROGRAM, path, folder / "c"],
                              capture_output=True, check=False, timeout=120)
        wanted = (2,) if ">&-" in descriptors.replace("2>&-", "") else VERDICTS
        expect(done.returncode in wanted, f"{descriptors}: status {done.returncode} {done.stderr}")
        json.loads((folder / "c.json").read_bytes())


@test
def outputs_that_cannot_be(folder):
    path = store(folder, people())
    (folder / "file").write_text("I am a file")
    (folder / "taken.json").mkdir()
    refused(audit(path, "--output", folder / "file" / "r"), "file", "folder")
    refused(audit(path, "--output", folder), "--output", "folder")
    refused(audit(path, "--output", folder / "taken"), "--output", "taken.json", "folder")
    refused(audit(path, "--output", "/proc/no/such/place"), "/proc/no")
    expect((folder / "file").read_text() == "I am a file", "the file was touched")


@test
def a_report_cannot_replace_its_input(folder):
    path = store(folder, people())
    content = path.read_bytes()
    (folder / "alias.csv").symlink_to("in.csv")
    refused(audit(path, "--format", "csv", "--output", folder / "in"), "--output", "in.csv", "input")
    refused(audit(path, "--output", folder / "in"), "--output", "in.csv", "input")
    refused(audit(path, "--output", folder / "alias"), "--output", "alias.csv", "input")
    expect(path.read_bytes() == content, "the input was touched")


@test
def kill_9_leaves_old_or_new(folder):
    path = store(folder, people(400))
    words = [PROGRAM, "audit", path, "--decision", "sent", "--label", "label", "--by", "gender", "--output"]
    new = folder / "whole"
    started = time.monotonic()
    expect(subprocess.run([*words, new / "r"], capture_output=True, check=False, timeout=120).returncode in VERDICTS, "the audit fails")
    usual = time.monotonic() - started
    whole = {name: (new / f"r.{name}").read_bytes() for name in FORMATS}
    prefix = old_reports(folder)
    chance = random.Random(20)
    for _ in range(20):
        for name, content in OLD.items():
            prefix.with_suffix(f".{name}").write_bytes(content)
        process = subprocess.Popen([*words, prefix], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(usual * chance.uniform(0.3, 1.1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        for name in FORMATS:
            left = prefix.with_suffix(f".{name}").read_bytes()
            expect(left in (OLD[name], whole[name]), f"r.{name} is neither the old report nor the new one ({len(left)} bytes)")


@test
def the_same_input_gives_the_same_bytes_with_any_number_of_threads(folder):
    path = store(folder, people(5000))
    got = []
    for more in ([], [], ["--threads", "1"], ["--threads", "4"], ["--memory", "64"]):
        prefix = folder / "same"
        done = accepted(audit(path, "--label", "label", "--score", "score", "--weight", "weight", "--value", "value", "--within", "age % 3",
                              "--output", prefix, "--quiet", *more, by="gender,age > 50 AS older"))
        got.append((done.out, *(prefix.with_suffix(f".{name}").read_bytes() for name in FORMATS)))
    expect(all(one == got[0] for one in got), "the bytes differ")


# ---- an earlier report -----------------------------------------------------------------------------------------------------------------


@test
def earlier_reports_that_are_none(folder):
    path = store(folder, people())
    sound_report = accepted(audit(path, "--format", "json")).out
    for name, content, says in (("text", b"not json", "line 1"), ("empty", b"", "empty"), ("list", b"[]", "report"), ("other", b"{}", "report"),
                                ("deep", b"[" * 100 + b"]" * 100, "64"), ("twice", b'{"rows": 1, "rows": 2}', "rows"),
                                ("cut", sound_report[:-200], "line"), ("utf8", b'{"rows": "\xff"}', ("utf-8", "line")),
                                ("types", b'{"schema_version": 1, "rows": "x", "verdict": 3, "attributes": {"a": 1}}', "report")):
        store(folder, content, f"{name}.json")
        refused(audit(path, "--before", folder / f"{name}.json"), "--before", f"{name}.json", *([says] if name != "empty" else []))
    refused(audit(path, "--before", folder / "none.json"), "--before", "none.json")
    refused(audit(path, "--before", folder), "--before")


@test
def a_report_may_take_the_place_of_the_earlier_one(folder):
    path = store(folder, people())
    accepted(audit(path, "--format", "json", "--output", folder / "r"))
    accepted(audit(path, "--format", "json", "--output", folder / "r", "--before", folder / "r.json"))
    json.loads((folder / "r.json").read_bytes())


@test
def unknown_references_name_the_nearest(folder):
    refusal(folder, with_column("city", ["Berlin", "Bremen"]), "--reference", "berlin", "Berlin", more=["--reference", "city=berlin"], by="city")


@test
def probabilities_that_do_not_add_up(folder):
    refusal(folder, people(), "--soft", "1", more=["--soft", "s=a:0.5,b:0.4"])
    refused(audit(folder / "in.csv", "--soft", "s=a:2.0,b:-1.0"), "--soft")
    refused(audit(folder / "in.csv", "--soft", "s=a:gender,b:1"), "--soft", ("number", "numeric"))


# ---- evenhand scan ---------------------------------------------------------------------------------------------------------


def scan_refused(folder, rows, *says, more=(), decision="sent"):
    path = store(folder, rows)
    prefix = old_reports(folder) if not (folder / "reports").exists() else folder / "reports" / "r"
    refused(run("scan", path, "--decision", decision, *more, "--output", prefix), *says)
    untouched(prefix)


def scan_accepted(folder, rows, *more, name="in.csv"):
    done = run("scan", store(folder, rows, name), "--decision", "sent", "--format", "json", *more)
    sound(done)
    expect(done.status in VERDICTS, f"exit status {done.status}\n{done.err}")
    return json.loads(done.out)


@test
def scan_leaves_out_ids_constants_and_empty_columns(folder):
    rows = with_column("empty", [""], count=300)
    report = scan_accepted(folder, rows)
    why = {one["name"]: one["why"] for one in report["left_out"]}
    expect("once" in why["id"] and "same value" in why["all_same"] and "no value" in why["empty"], f"{why}")
    scan_refused(folder, rows, "--over id", "once", "leave it out", more=["--over", "id,gender"])
    scan_refused(folder, rows, "no column is left", more=["--over", "all_same"])


@test
def scan_joins_ten_thousand_levels(folder):
    report = scan_accepted(folder, with_column("product", [f"p{number}" for number in range(10000)], count=30000), "--over", "product,gender")
    expect(report["attributes"][0]["joined"] == 10000 - 62, f"{report['attributes'][0]['joined']}")
    expect(any("joined" in note for note in report["notes"]), f"{report['notes']}")


@test
def scan_of_one_decision_only_and_of_nothing(folder):
    scan_refused(folder, people(), "same one, yes", decision="1=1")
    scan_refused(folder, people(), "no rows are left", more=["--where", "age < 0"])
    scan_refused(folder, people()[:1], ("header", "no rows", "empty"))
    scan_refused(folder, people(), "3 values", decision="weight")


@test
def scan_of_a_tiny_file_is_not_enough_evidence(folder):
    report = scan_accepted(folder, people(8))
    expect(report["verdict"] == "not enough evidence" and report["groups"] == [], report["verdict"])
    expect(all(one["rate_at_most"] is None for one in report["findable"]), f"{report['findable']}")


@test
def scan_of_hostile_names(folder):
    hostile = ["<script>alert(1)</script>", "=1+1", "a\x1b[31mb", "x\u202ey", "it's"]
    rows = [row for row in with_column("city", hostile, count=400)]
    path = store(folder, rows)
    prefix = folder / "r"
    done = run("scan", path, "--decision", "city = '=1+1' OR sent = 1", "--over", "city AS \"<b>\",gender", "--output", prefix, "--quiet")
    sound(done)
    expect(done.status == 1, f"exit status {done.status}: {done.err}")
    page = (folder / "r.html").read_text(encoding="utf-8")
    expect("<script" not in page and "<b>" not in page.replace("<b>Table", ""), "a name is markup")
    expect(b"\x1b" not in done.out and "\u202e" not in done.out.decode(), "a name steers the terminal")


@test
def scan_with_options_that_do_not_fit(folder):
    scan_refused(folder, people(), "--expected", "--label", more=["--expected", "score", "--label", "label"])
    scan_refused(folder, people(), "--expected", "outside 0 to 1", more=["--expected", "age"])
    scan_refused(folder, people(), "--bands", "agee", "age", more=["--bands", "agee=20,30"])
    scan_refused(folder, people(), "--bands gender", "number", more=["--bands", "gender=20,30"])
    scan_refused(folder, people(), "--penalty", more=["--penalty", "-1"])
    scan_refused(folder, people(), "--confidence", more=["--confidence", "1"])
    scan_refused(folder, people(), "--over", "named", more=["--over", "gender,gender"])
    scan_refused(folder, people(), "--weight", "negative", more=["--weight", "value - 10"])


if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(suite("bad input", [one for one in TESTS if not wanted or any(word in one[0] for word in wanted)]))
