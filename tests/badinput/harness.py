"""What the runners in tests/badinput and tests/fault share: run the program, look at what it left."""
import collections
import os
import pathlib
import shutil
import subprocess
import tempfile

PROGRAM = os.path.abspath(os.environ.get("EVENHAND", pathlib.Path(__file__).resolve().parents[2] / "build" / "evenhand"))
FORMATS = ("csv", "html", "json", "txt")
OLD = {name: f"an old report in {name}, which must stay whole\n".encode() * 50 for name in FORMATS}
VERDICTS = (0, 1, 3)

Run = collections.namedtuple("Run", "status out err")


class Failure(Exception):
    """A test says what it expected and what it got."""


class Skip(Exception):
    """A test cannot run here; the text says why and is printed."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def run(*arguments, program=PROGRAM, cwd=None, **more):
    """The program's status, standard output (bytes) and standard error (text)."""
    more.setdefault("stdin", subprocess.DEVNULL if "input" not in more else None)
    done = subprocess.run([program, *map(os.fspath, arguments)], cwd=cwd, stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          timeout=240, check=False, **more)
    return Run(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def sound(done):
    """The program ended on its own feet: no signal, no failed assertion, no sanitizer report."""
    expect(done.status in (0, 1, 2, 3), f"exit status {done.status}\n{done.err[-3000:]}")
    for word in ("Sanitizer", "runtime error", "evenhand: assertion", "Assertion"):
        expect(word not in done.err, done.err[-3000:])


def refused(done, *says):
    """Exit status 2, nothing on standard output, and every text of `says` on standard error (a tuple: one of them)."""
    sound(done)
    expect(done.status == 2, f"exit status {done.status}, expected 2\n{done.err}")
    expect(not done.out, f"standard output is not empty: {done.out[:200]!r}")
    expect(done.err.startswith("evenhand"), f"the error does not begin with the program's name: {done.err!r}")
    expect(done.err.endswith("\n") and len(done.err) < 3000, f"the error is cut or too long: {done.err!r}")
    for text in says:
        choice = text if isinstance(text, tuple) else (text,)
        expect(any(one.lower() in done.err.lower() for one in choice), f"the error does not say {' or '.join(map(repr, choice))}:\n  {done.err}")


def old_reports(folder):
    """Puts old reports into a new folder and returns the prefix for --output."""
    place = pathlib.Path(folder) / "reports"
    place.mkdir()
    for name, content in OLD.items():
        (place / f"r.{name}").write_bytes(content)
    return place / "r"


def untouched(prefix):
    """The old reports are whole, and no temporary file is beside them."""
    left = {path.name: path.read_bytes() for path in prefix.parent.iterdir()}
    expect(left == {f"r.{name}": content for name, content in OLD.items()}, f"the old reports are not untouched: {sorted(left)}")


def suite(title, tests):
    """Runs (name, function of a fresh folder) pairs; prints failures, skips aloud, ends with the sum; returns the exit status."""
    passed = failed = skipped = 0
    for name, test in tests:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="evenhand-test-"))
        try:
            test(folder)
            passed += 1
        except Skip as reason:
            skipped += 1
            print(f"SKIPPED {name}: {reason}")
        except (Failure, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as fault:
            failed += 1
            print(f"FAILED {name}: {type(fault).__name__ if not isinstance(fault, Failure) else ''} {fault}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{title}: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0
