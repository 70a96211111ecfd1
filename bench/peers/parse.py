"""Parses each line of a file and nothing else, for scale: parse.py FILE."""

import json
import sys

records = 0
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        json.loads(line)
        records += 1
print(records)
