#!/usr/bin/env python3
"""The ledger under faults: kill -9 at random moments, the k-th call failing, a full disk, a cut record, a clock set back, two writers.

usage: ledger.py [--kills N] [--all] [--seed N]      defaults: 12 kills, a spread of every k, seed 1 (the short run of `make test`)
       ledger.py --kills 1000 --all                  the long run

After each fault: every batch that was acknowledged is there, in full and where it was said to be; nothing is there twice or that nobody
sent; `evenhand ledger verify` finds nothing; and the ledger takes entries again.
$LEDGER_WORKER is the program that writes, $LEDGER_WORKER_FAULTY the same with inject.c, $EVENHAND verifies.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM, WORKER, FAULTY = (os.path.abspath(os.environ[name]) for name in ("EVENHAND", "LEDGER_WORKER", "LEDGER_WORKER_FAULTY"))
FUNCTIONS = {"malloc": 12, "calloc": 6, "realloc": 6, "write": 12, "pwrite": 12, "fsync": 12, "fdatasync": 6, "renameat": 10, "openat": 10,
             "mkdirat": 4, "close": 6, "ftruncate": 3, "unlinkat": 4, "syncfs": 2}


class History:
    """What was acknowledged to whom, and what of it is there."""

    def __init__(self):
        self.acknowledged = {}  # index -> (round, thread, number)
        self.size = 0

    def take(self, output):
        for line in output.splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            round_, thread, first, count, index = map(int, line.split())
            for i in range(count):
                if index + i in self.acknowledged:
                    sys.exit(f"index {index + i} was given twice")
                self.acknowledged[index + i] = (round_, thread, first + i)

    def compare(self, entries):
        seen = set()
        for index, (state, kind, payload) in enumerate(entries):
            found = re.fullmatch(r'\{"from":"(\d+) (\d+) (\d+)"\}', payload)
            said = tuple(map(int, found.groups())) if found else None
            wanted = self.acknowledged.get(index)
            if state == "missing":
                return f"entry {index} is missing"
            if wanted is not None and state in ("opened", "clear") and said != wanted:
                return f"entry {index}: {wanted} was acknowledged, {state} {kind} {payload} is there"
            if said is not None and said in seen:
                return f"entry {index}: {said} is there twice"
            if kind not in ("decision", "erasure") or (kind == "decision" and state != "erased" and said is None):
                return f"entry {index}: nobody sent {kind} {payload}"
            seen.add(said)
        if self.acknowledged and max(self.acknowledged) >= len(entries):
            return f"entry {max(self.acknowledged)} was acknowledged, but there are {len(entries)}"
        if len(entries) < self.size:
            return f"there were {self.size} entries, now {len(entries)}"
        self.size = len(entries)
        return None


def worker(program, *words, **environment):
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, **{key: str(value) for key, value in environment.items()}})


def check(folder, history, what):
    dumped = worker(WORKER, "dump", folder)
    if dumped.returncode != 0:
        sys.exit(f"{what}: the ledger does not open: {dumped.stderr}")
    entries = [(line.split(" ", 3) + [""])[1:4] for line in dumped.stdout.splitlines()]
    fault = history.compare(entries)
    verified = subprocess.run([PROGRAM, "ledger", "verify", "--workspace", folder], capture_output=True, text=True, check=False)
    if fault or verified.returncode != 0:
        sys.exit(f"{what}: {fault or ''}\n{verified.stdout}{verified.stderr}")


def kills(folder, count, chance):
    ledger, history = folder / "killed", History()
    worker(WORKER, "make", ledger)
    for round_ in range(count):
        environment = dict(os.environ)
        if chance.random() < 0.2:  # a clock that is set back, or far ahead
            environment["EVENHAND_WORKER_CLOCK"] = str(chance.choice((0, 1000000000, 1790000000, 1800000000)))
        with subprocess.Popen([WORKER, "write", ledger, str(round_), str(chance.choice((1, 2, 4))), "100000"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.PIPE, env=environment) as process:
            time.sleep(chance.random() ** 2 * 0.25)
            process.send_signal(signal.SIGKILL)
            output, said = process.communicate()
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"kill {round_}: the worker ended by itself: {said}")
        history.take(output)
        if chance.random() < 0.3:  # what a power cut can leave of the batch that was being written
            tail_damage(ledger, chance)
        check(ledger, history, f"kill {round_}")
        if len(history.acknowledged) > 6000:  # a fresh one: reading all back is what takes the time
            shutil.rmtree(ledger)
            worker(WORKER, "make", ledger)
            history = History()
    print(f"  killed {count} times")


def last_segment(ledger):
    return sorted((ledger / ".evenhand/ledger/wal").glob("0*"))[-1]


def tail_damage(ledger, chance):
    """A batch that was never finished: the start of one, zeros, or one that some sectors of 512 bytes are missing of."""
    path = last_segment(ledger)
    content = path.read_bytes()
    end = len(content.rstrip(b"\0"))
    kind = chance.randrange(3)
    if kind == 0:
        tail = bytes(chance.randrange(1, 9000))
    elif kind == 1:
        tail = b"\x7f\x01\x00"[:chance.randrange(1, 4)]
    else:
        tail = torn(end, chance)
    with open(path, "r+b") as segment:
        segment.seek(end)
        segment.write(tail)
        if kind == 0:
            segment.truncate(max(len(content), end + len(tail)))


def torn(at, chance):
    """Bytes that begin at `at` of the file, at least one whole sector of which, or the rest of the first one, stayed zeros."""
    tail = bytearray(chance.randbytes(chance.randrange(2000, 9000)))
    first = (-at) % 512 or 512
    sectors = [(0, first)] + [(begin, begin + 512) for begin in range(first, len(tail) - 511, 512)]
    sectors = [sector for sector in sectors if sector[1] - sector[0] >= 8]
    for begin, end in chance.sample(sectors[:-1], chance.randrange(1, len(sectors))):
        tail[begin:end] = bytes(end - begin)
    tail[-1] |= 1
    return bytes(tail)


def cuts(folder, chance):
    """The end of the log is lost, of a ledger whose entries were published: they are taken from there."""
    ledger, history = folder / "cut", History()
    worker(WORKER, "make", ledger)
    for round_ in range(6):
        done = worker(WORKER, "write", ledger, round_, 1, 9)
        history.take(done.stdout)
        segment = last_segment(ledger)
        size = segment.stat().st_size
        os.truncate(segment, max(64, size - chance.choice((1, 7, 60, 61, 150, 2000))))
        check(ledger, history, f"cut {round_}")
    print("  cut 6 times")


def spread(count, tries_max):
    if count <= tries_max:
        return list(range(1, count + 1))
    return sorted({1 + step * (count - 1) // (tries_max - 1) for step in range(tries_max)})


def failing(folder, everything):
    base = folder / "base"
    worker(WORKER, "make", base)
    base_history = History()
    base_history.take(worker(WORKER, "write", base, 0, 1, 30).stdout)
    counts_file = folder / "counts"
    measured = folder / "measured"
    shutil.copytree(base, measured)
    worker(FAULTY, "write", measured, 1, 1, 30, EVENHAND_FAULT_COUNTS=counts_file)
    counts = {name: int(count) for name, count in (line.split() for line in counts_file.read_text().splitlines())}
    shutil.rmtree(measured)
    tried = 0
    for function, tries_max in FUNCTIONS.items():
        for k in spread(counts[function], 100000 if everything else tries_max):
            for how in ("", ":on") if function in ("write", "pwrite", "fsync", "fdatasync") else ("",):
                ledger, history = folder / "failing", History()
                shutil.copytree(base, ledger)
                history.acknowledged, history.size = dict(base_history.acknowledged), base_history.size
                done = worker(FAULTY, "write", ledger, 1, 1, 30, EVENHAND_FAULT=f"{function}:{k}{how}")
                if done.returncode not in (0, 3, 4):
                    sys.exit(f"{function} {k}{how}: the worker ended with {done.returncode}: {done.stderr}")
                history.take(done.stdout)
                check(ledger, history, f"{function} {k}{how} fails")
                shutil.rmtree(ledger)
                tried += 1
    called = {name for name, count in counts.items() if count > 0}
    for name in ("write", "pwrite", "fsync", "fdatasync", "renameat", "malloc"):
        if name not in called:
            sys.exit(f"{name} is never called: the injection does not work")
    print(f"  {tried} failing calls of {len(called & set(FUNCTIONS))} functions")


def full_disk(folder):
    ledger, history = folder / "full", History()
    worker(WORKER, "make", ledger)
    for round_, bytes_max in enumerate((20000, 40000, 45000, 60000, 90000, 140000)):
        done = worker(WORKER, "write", ledger, round_, 2, 400, EVENHAND_WORKER_FILE_MAX=bytes_max)
        if done.returncode not in (3, 4):
            sys.exit(f"full disk at {bytes_max}: status {done.returncode}: {done.stderr}")
        history.take(done.stdout)
        check(ledger, history, f"full disk at {bytes_max}")
    print("  full 6 times")


def two_writers(folder):
    ledger = folder / "two"
    worker(WORKER, "make", ledger)
    with subprocess.Popen([WORKER, "write", ledger, "0", "1", "100000"], stdout=subprocess.PIPE, text=True) as first:
        first.stdout.readline()  # it writes
        second = worker(WORKER, "write", ledger, 1, 1, 1)
        command = subprocess.run([PROGRAM, "ledger", "append", "--kind", "policy", "--workspace", ledger], input="{}\n", capture_output=True,
                                 text=True, check=False)
        verified = subprocess.run([PROGRAM, "ledger", "verify", "--workspace", ledger], capture_output=True, text=True, check=False)
        first.kill()
        output = first.stdout.read()
    if second.returncode != 4 or second.stdout or command.returncode != 2 or "another process is writing" not in command.stderr:
        sys.exit(f"two writers: {second.returncode} {second.stderr} {command.returncode} {command.stderr}")
    if verified.returncode != 0:
        sys.exit(f"verify beside a writer: {verified.stdout}{verified.stderr}")
    history = History()
    history.take(output)
    check(ledger, history, "two writers")
    print("  the second of two writers is refused, who verifies is not")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="evenhand-fault-") as name:
        folder = pathlib.Path(name)
        two_writers(folder)
        cuts(folder, chance)
        full_disk(folder)
        kills(folder, options.kills, chance)
        failing(folder, options.all)
    print("ledger faults: 5 passed, 0 failed")


if __name__ == "__main__":
    main()
