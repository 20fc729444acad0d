#!/usr/bin/env python3
"""Golden tests: a command line in, the exact bytes of standard output, standard error, files and exit status out.

A case is a folder in cases/: `command` (one line; {out} stands for a fresh folder, `< file` for standard input), `stdout`,
`stderr`, `status`, and `files/` for what is written to {out}. Commands run in fixtures/. What is not there is empty.
`run.py --update [case...]` makes the expected files anew: read the difference before you commit it.
Versions of the program and the data engine are written as @VERSION@ and @ENGINE@.
Keys are chance and are left out. HTML is compared between runs and numbers of threads, not with a stored copy.
Bytes must be equal, but for one thing: numbers written with ten digits or more may differ by 1e-9 of their size, because the
last digits of exp() and the like are not the same in every C library. (On one machine they are: see "same bytes".)
"""
import math
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = os.path.abspath(os.environ.get("EVENHAND", HERE.parents[1] / "build" / "evenhand"))
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
LONG_NUMBER = re.compile(rb"(-?[0-9]+\.[0-9]{9,}(?:e[-+]?[0-9]+)?)")
SAME_BYTES = ["campaign.csv --decision sent --label bought --by gender,age --bands age=25,45,65 --score score --weight weight --value spend",
              "campaign.csv --decision sent --by region,gender,age --bands age=25,45,65 --intersections 3 --within region",
              "hostile.csv --decision sent --by '\"na\"\"me\n<b>\",\"=other\"'"]
SAME_CHECKS = ["campaign.csv --by gender,age --bands age=25,45,65 --label bought --decision sent --weight weight --population people.csv --now 2026-11-24",
               "fair.csv --now 2026-11-24"]


def versions():
    text = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.fullmatch(r"evenhand (\S+) \(DuckDB (\S+)\)\n", text)
    if not found:
        sys.exit(f"--version says {text!r}")
    return [(found[1].encode(), b"@VERSION@"), (found[2].encode(), b"@ENGINE@")]


def run(command, out):
    words = shlex.split(command)
    stdin = None
    if "<" in words:
        at = words.index("<")
        stdin = (HERE / "fixtures" / words[at + 1]).read_bytes()
        del words[at:at + 2]
    words = [word.replace("{out}", out) for word in words]
    return subprocess.run([PROGRAM, *words], input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, capture_output=True,
                          cwd=HERE / "fixtures", env=ENVIRONMENT, timeout=120)


def outcome(command, replaced):
    """All that a command left behind: name -> bytes."""
    with tempfile.TemporaryDirectory(prefix="evenhand-golden-") as out:
        done = run(command, out)
        left = {"stdout": done.stdout, "stderr": done.stderr, "status": f"{done.returncode}\n".encode()}
        for path in sorted(pathlib.Path(out).rglob("*")):
            if path.is_file() and path.suffix not in (".html", ".key") and not {"keys", "ledger"} & set(path.parts):
                left["files/" + str(path.relative_to(out))] = path.read_bytes()
        replaced = [(out.encode(), b"{out}"), (str(HERE / "fixtures").encode(), b"{fixtures}"), *replaced]
        for name, content in left.items():
            for old, new in replaced:
                content = content.replace(old, new)
            left[name] = content
    return {name: content for name, content in left.items() if content}


def expected(case):
    return {str(path.relative_to(case)): path.read_bytes()
            for path in sorted(case.rglob("*")) if path.is_file() and path.name != "command"}


def alike(wanted, got):
    if wanted == got:
        return True
    words, others = LONG_NUMBER.split(wanted), LONG_NUMBER.split(got)
    return len(words) == len(others) and all(
        word == other if place % 2 == 0 else math.isclose(float(word), float(other), rel_tol=1e-9, abs_tol=1e-15)
        for place, (word, other) in enumerate(zip(words, others)))


def difference(wanted, got):
    wanted, got = wanted.split(b"\n"), got.split(b"\n")
    for number in range(max(len(wanted), len(got))):
        old = wanted[number] if number < len(wanted) else b"(nothing)"
        new = got[number] if number < len(got) else b"(nothing)"
        if old != new:
            return f"line {number + 1}\n    expected {old!r}\n    got      {new!r}"
    return "no line differs"


def check(case, replaced):
    wanted, got = expected(case), outcome((case / "command").read_text(), replaced)
    faults = [f"  {name}: {difference(wanted.get(name, b''), got.get(name, b''))}"
              for name in sorted(set(wanted) | set(got)) if not alike(wanted.get(name, b""), got.get(name, b""))]
    return faults


def update(case, replaced):
    made = outcome((case / "command").read_text(), replaced)
    for name in expected(case):
        (case / name).unlink()
    for name, content in made.items():
        (case / name).parent.mkdir(parents=True, exist_ok=True)
        (case / name).write_bytes(content)


def reports(arguments, command="audit"):
    with tempfile.TemporaryDirectory(prefix="evenhand-golden-") as out:
        done = run(f"{command} {arguments} --output {{out}}/report --quiet", out)
        if done.returncode not in (0, 1, 3):
            return {"error": done.stderr}
        return {"stdout": done.stdout, **{path.name: path.read_bytes() for path in pathlib.Path(out).iterdir()}}


def check_same(arguments, command="audit"):
    first = reports(arguments, command)
    if len(first) != (5 if command == "audit" else 4):
        return [f"  {sorted(first)}: {first.get('error', b'').decode(errors='replace')}"]
    faults = []
    for how in ("", " --threads 1", " --threads 4"):
        again = reports(arguments + how, command)
        faults += [f"  {name} differs with '{how.strip() or 'the same command'}': {difference(first[name], again.get(name, b''))}"
                   for name in first if again.get(name) != first[name]]
    return faults


def main():
    replaced = versions()
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    cases = sorted(path for path in (HERE / "cases").iterdir() if path.is_dir() and (not names or path.name in names))
    if "--update" in sys.argv:
        # a case that reads what another one expects comes after it
        for case in sorted(cases, key=lambda case: "../cases/" in (case / "command").read_text()):
            update(case, replaced)
        print(f"{len(cases)} cases made anew")
        return 0
    tests = [(case.name, lambda case=case: check(case, replaced)) for case in cases]
    if not names:
        tests += [(f"same bytes {number + 1}", lambda line=line: check_same(line)) for number, line in enumerate(SAME_BYTES)]
        tests += [(f"same check {number + 1}", lambda line=line: check_same(line, "check")) for number, line in enumerate(SAME_CHECKS)]
    failed = 0
    for name, test in tests:
        faults = test()
        failed += bool(faults)
        if faults:
            print(f"FAILED {name}", *faults, sep="\n")
    print(f"golden: {len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
