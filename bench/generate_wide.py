"""Writes the data for the benchmark of the check: ROWS people with 40 columns, and a population with four margins.

    generate_wide.py FOLDER ROWS    writes wide-ROWS.parquet, wide-ROWS.csv and wide-population.csv

Every value is a hash of the row number, so the same rows come out on every machine and with any number of threads.
"""
import os
import pathlib
import sys

import duckdb

UNIFORM = "((hash(i * 64 + {0}) >> 11) / 9007199254740992.0)"
GROUPS = {"gender": 2, "age": 6, "region": 8, "income": 4}


def statement(rows):
    """A key, four attributes, an outcome, a decision, 17 amounts (some missing), 8 counts, 6 texts, 2 dates."""
    items = ["i AS customer_id"]
    for place, (name, count) in enumerate(GROUPS.items()):
        items.append(f"'{name} ' || (1 + floor({UNIFORM.format(place)} * {count}))::INTEGER AS {name}")
    items.append(f"({UNIFORM.format(8)} < 0.05 + 0.04 * {UNIFORM.format(0)} + 0.05 * {UNIFORM.format(1)})::TINYINT AS bought")
    items.append(f"({UNIFORM.format(9)} < 0.4 + 0.1 * {UNIFORM.format(0)})::TINYINT AS sent")
    for k in range(17):
        value = f"round(exp(3 + {0.02 * k} * {UNIFORM.format(0)} + 2 * {UNIFORM.format(10 + k)}), 2)"
        items.append(f"CASE WHEN {UNIFORM.format(9 + k)} < {0.01 * k} THEN NULL ELSE {value} END AS amount_{k:02d}")
    for k in range(8):
        items.append(f"floor({1 + k} * {UNIFORM.format(30 + k)} + {UNIFORM.format(1)})::INTEGER AS visits_{k}")
    for k in range(6):
        items.append(f"CASE WHEN {UNIFORM.format(40 + k)} < {0.02 * k} THEN NULL ELSE 'kind ' || floor({UNIFORM.format(46 + k)} * {5 + 7 * k})::INTEGER END AS kind_{k}")
    for k in range(2):
        items.append(f"DATE '2025-01-01' + floor({UNIFORM.format(54 + k)} * 600)::INTEGER AS seen_{k}")
    assert len(items) == 40, len(items)
    return f"SELECT {', '.join(items)} FROM range({rows}) AS numbers(i) ORDER BY i"


def main(folder, rows):
    folder = pathlib.Path(folder)
    for ending, options in (("parquet", "FORMAT parquet"), ("csv", "FORMAT csv, HEADER")):
        path = folder / f"wide-{rows}.{ending}"
        if path.exists():
            continue
        partial = path.with_suffix(f".{ending}.partial")
        duckdb.sql(f"COPY ({statement(rows)}) TO '{partial}' ({options})")
        os.replace(partial, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    lines = [f"{name},{name} {1 + group},{1000 + 150 * group}" for name, count in GROUPS.items() for group in range(count)]
    (folder / "wide-population.csv").write_text("attribute,group,people\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
