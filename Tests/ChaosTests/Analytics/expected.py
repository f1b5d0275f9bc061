"""Visits and unique visitors of each venue and day, from the raw file alone; one line a cell: venue, day, visits, visitors."""

import csv
import gzip
import sys


def with_pandas(pandas, path):
    frame = pandas.read_csv(path, dtype=str)
    frame["day"] = frame["local_time"].str[:10]
    cells = frame.groupby(["venue_id", "day"])["user_id"].agg(["size", "nunique"])
    return [(venue, day, row["size"], row["nunique"]) for (venue, day), row in cells.iterrows()]


def without(path):
    opener = gzip.open if path.endswith(".gz") else open
    visits, visitors = {}, {}
    with opener(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            cell = (row["venue_id"], row["local_time"][:10])
            visits[cell] = visits.get(cell, 0) + 1
            visitors.setdefault(cell, set()).add(row["user_id"])
    return [(*cell, visits[cell], len(visitors[cell])) for cell in visits]


try:
    import pandas

    cells, tool = with_pandas(pandas, sys.argv[1]), f"pandas {pandas.__version__}"
except ImportError:
    cells, tool = without(sys.argv[1]), "csv"
print(tool, file=sys.stderr)
for cell in sorted(cells):
    print(*cell, sep="\t")
