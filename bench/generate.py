"""Writes the benchmark's data: ROWS people with three attributes, an outcome and a decision whose rates differ by group.

    generate.py FOLDER ROWS    writes people-ROWS.parquet and people-ROWS.csv

Every value is a hash of the row number, so the same rows come out on every machine and with any number of threads.
"""
import os
import pathlib
import sys

import duckdb

UNIFORM = "(hash(i * 8 + {0}) >> 11) / 9007199254740992.0"
REGIONS = ["Aran", "Boyne", "Corrib", "Derg", "Erne", "Foyle", "Glanmore", "Humber", "Inagh", "Kenmare", "Liffey", "Moy"]
AGES = ["18 to 24", "25 to 34", "35 to 44", "45 to 54", "55 to 64", "65 and over"]


def statement(rows):
    """Regions are uneven (squared uniform); the outcome's rate falls with age, the decision's favours men and two regions."""
    regions = ", ".join(f"'{name}'" for name in REGIONS)
    ages = ", ".join(f"'{name}'" for name in AGES)
    return f"""
        WITH draws AS (
            SELECT i, {UNIFORM.format(1)} AS a, {UNIFORM.format(2)} AS b, {UNIFORM.format(3)} AS c, {UNIFORM.format(4)} AS d,
                   {UNIFORM.format(5)} AS e
            FROM range({rows}) AS numbers(i)),
        people AS (
            SELECT i, d, e, a < 0.55 AS woman, 1 + floor(b * 6)::INTEGER AS age, 1 + floor(c * c * 12)::INTEGER AS region FROM draws),
        outcomes AS (
            SELECT *, d < 0.30 - 0.02 * age + 0.01 * region / 4 AS outcome FROM people)
        SELECT CASE WHEN woman THEN 'female' ELSE 'male' END AS gender, [{ages}][age] AS age_band, [{regions}][region] AS region,
               outcome::TINYINT AS label,
               (e < 0.25 + 0.30 * outcome::INTEGER - 0.06 * woman::INTEGER - 0.015 * age + 0.04 * (region <= 2)::INTEGER)::TINYINT AS decision
        FROM outcomes ORDER BY i"""


def main(folder, rows):
    for ending, options in (("parquet", "FORMAT parquet"), ("csv", "FORMAT csv, HEADER")):
        path = pathlib.Path(folder) / f"people-{rows}.{ending}"
        if path.exists():
            continue
        partial = path.with_suffix(f".{ending}.partial")
        duckdb.sql(f"COPY ({statement(rows)}) TO '{partial}' ({options})")
        os.replace(partial, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
