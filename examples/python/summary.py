"""summary.py ORDERS.csv SUMMARY.txt: what each customer spent, most first."""

import collections
import csv
import decimal
import platform
import sys

orders, summary = sys.argv[1:]
spent = collections.Counter()
with open(orders, newline="") as file:
    rows = list(csv.DictReader(file))
for row in rows:
    spent[row["customer"]] += int(row["quantity"]) * decimal.Decimal(row["price"])

with open(summary, "w") as file:
    for customer, amount in spent.most_common():
        print(f"{customer:<10}{amount:>8}", file=file)
    print(f"{'total':<10}{sum(spent.values()):>8}", file=file)

print(f"Python {platform.python_version()} on {sys.platform}: {len(rows)} orders read, summary written")
try:
    open(orders, "a")
except OSError as error:
    print(f"the orders cannot be changed from here: {error.strerror}")
