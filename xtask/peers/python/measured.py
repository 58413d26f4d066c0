"""What a client has to do that `cargo xtask bench` measures."""

import json
import sys
import time

with open(sys.argv[1], encoding="utf-8") as file:
    TASK = json.load(file)


def say(line):
    """Says a line, and waits for the word to go on."""
    print(json.dumps(line), flush=True)
    sys.stdin.readline()
    return time.monotonic_ns()


def done(begun, detail=None):
    say({"micros": (time.monotonic_ns() - begun) // 1000, "detail": detail or {}})


class Stamps:
    """How old the times are that the server has written."""

    def __init__(self):
        self.ages = []

    def take(self, text):
        self.ages.append((time.time_ns() - int(text)) / 1000)

    def percentiles(self):
        assert len(self.ages) == TASK["events"], f"{len(self.ages)} stamped deltas"
        self.ages.sort()
        return {f"p{part}": self.ages[len(self.ages) * part // 100] for part in (50, 99)}
