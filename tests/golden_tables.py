#!/usr/bin/env python3
"""Golden values for the tests of tables: what pandas reads of a CSV file, and what scikit-learn
makes of it.

    python3 tests/golden_tables.py    (needs pandas, scikit-learn) writes tests/golden/tables.csv
                                      and tables.txt

The format is that of golden.py. Features are in the order of dl.h: column by column, each with its
indicator behind it.
"""
import os

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from golden import HERE, File

rng = np.random.default_rng(3)
ROWS, TRAIN = 40, 30


def write(path):
    names = ['Smith, Mr. "Al"', "O'Neil", "two\nlines", "Müller; Ärzte"]
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write("\ufeffname,age,fare,port,deck,same,survived\r\n")
        for i in range(ROWS):
            name = '"%s %d"' % (names[i % 4].replace('"', '""'), i)
            age = "" if rng.random() < .2 else "%.1f" % rng.uniform(1, 80)
            port = rng.choice(["S", "C", "Q", "NA", '"S"']) if i < TRAIN or i % 3 else "never seen"
            f.write("%s,%s,%.4f,%s,%s,7,%s\r\n" % (name, age, rng.exponential(30), port,
                                                  rng.choice(["upper", "lower"]),
                                                  rng.choice(["yes", "no"])))


def features(strategy, train, rows):
    out = []
    for name in ["age", "fare", "port", "deck", "same"]:
        column = [name]
        if name in ("port", "deck"):
            code = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            known = sorted(train[name].dropna().unique())
            code.fit(np.array(known, dtype=object)[:, None])
            x = code.transform(rows[column].astype(object).fillna("?").to_numpy(dtype=object))
            if train[name].isna().any():
                x = np.hstack([x, rows[column].isna()])
        else:
            fill = SimpleImputer(strategy=strategy, add_indicator=True)
            fill.fit(train[column].to_numpy(dtype=float))
            x = fill.transform(rows[column].to_numpy(dtype=float))
        out.append(x)
    return np.hstack(out).astype(float)


def main():
    path = os.path.join(HERE, "tables.csv")
    write(path)
    t = pd.read_csv(path)
    train = t[:TRAIN]
    f = File("tables", "tables.csv as pandas %s reads it and scikit-learn's encoders and scalers,\n"
             "fitted on the first %d rows, make features of it." % (pd.__version__, TRAIN))
    f.put("rows", np.array([TRAIN, ROWS]))
    for name in ["age", "fare", "same"]:
        c = t[name]
        f.put("look_" + name, np.array([c.isna().sum(), c.min(), c.max(), c.mean(), c.median()]))
    for strategy in ["median", "mean"]:
        x = features(strategy, train, t)
        f.put("x_" + strategy, x)
        for name, scaler in [("standard", StandardScaler()), ("minmax", MinMaxScaler())]:
            scaler.fit(x[:TRAIN])
            f.put("%s_%s" % (name, strategy), scaler.transform(x))
    f.put("labels", (t["survived"] == "yes").astype(float))
    f.close()


if __name__ == "__main__":
    main()
