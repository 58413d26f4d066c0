"""A bad link: two TUN devices, and between them delay, loss, a bit rate, and a time in which nothing passes.

python3 tun_relay.py '{"devices": ["a", "b"], "delay_ms": 80, "loss": 0.02, "bits_per_second": 1000000, "queue_bytes": 65536,
                       "down_after_bytes": 300000, "down_seconds": 10, "seed": 1}'

Makes the devices in its own network namespace; whoever started it moves them to where they belong. Prints a JSON line when they are
there, and one with its figures whenever they have changed, at most four a second. Needs nothing but Python and /dev/net/tun.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
LONGEST = 65_536


def tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Link:
    """Both directions of the link, and whether it is up."""

    def __init__(self, plan):
        self.plan = plan
        self.figures = {"passed": 0, "bytes": 0, "lost": 0, "overflowed": 0, "down": 0, "link": "up"}
        self.down_since = None
        self.was_down = False

    def is_up(self, now):
        if self.down_since is not None and now >= self.down_since + self.plan["down_seconds"]:
            self.down_since = None
            self.figures["link"] = "up again"
        if self.down_since is None and not self.was_down and self.figures["bytes"] >= self.plan["down_after_bytes"]:
            self.down_since, self.was_down = now, True
            self.figures["link"] = "down"
        return self.down_since is None


class Direction:
    """From one device to the other: a queue of limited length, a bit rate, then the delay."""

    def __init__(self, link, source, target, seed):
        self.link, self.source, self.target = link, source, target
        self.random = random.Random(seed)
        self.free_at = 0.0
        self.under_way = []
        self.count = 0

    def receive(self, now):
        """Takes what the device has, and drops or dates it."""
        while (packet := read(self.source)) is not None:
            plan, figures = self.link.plan, self.link.figures
            if not self.link.is_up(now):
                figures["down"] += 1
                continue
            if self.random.random() < plan["loss"]:
                figures["lost"] += 1
                continue
            bits = plan["bits_per_second"]
            if (self.free_at - now) * bits / 8 > plan["queue_bytes"]:
                figures["overflowed"] += 1
                continue
            self.free_at = max(self.free_at, now) + len(packet) * 8 / bits
            self.count += 1
            heapq.heappush(self.under_way, (self.free_at + plan["delay_ms"] / 1000, self.count, packet))

    def deliver(self, now):
        figures = self.link.figures
        while self.under_way and self.under_way[0][0] <= now:
            _, _, packet = heapq.heappop(self.under_way)
            if not self.link.is_up(now):
                figures["down"] += 1
                continue
            figures["passed"] += 1
            figures["bytes"] += len(packet)
            try:
                os.write(self.target, packet)
            except OSError:
                figures["overflowed"] += 1

    def due(self):
        return self.under_way[0][0] if self.under_way else float("inf")


def read(device):
    try:
        return os.read(device, LONGEST)
    except BlockingIOError:
        return None
    except OSError:
        # The device is not up yet, or no more.
        return None


def main():
    plan = json.loads(sys.argv[1])
    one, other = (tun(name) for name in plan["devices"])
    print(json.dumps({"ready": True}), flush=True)
    link = Link(plan)
    directions = [Direction(link, one, other, plan["seed"]), Direction(link, other, one, plan["seed"] + 1)]
    told, told_at = dict(link.figures), 0.0
    while True:
        now = time.monotonic()
        link.is_up(now)
        for direction in directions:
            direction.receive(now)
            direction.deliver(now)
        if link.figures != told and now >= told_at + 0.25:
            told, told_at = dict(link.figures), now
            print(json.dumps(told), flush=True)
        wait = min(direction.due() for direction in directions) - time.monotonic()
        select.select([one, other], [], [], min(max(wait, 0), 0.1))


main()
