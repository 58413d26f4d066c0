"""What every program of a third party has in common: its settings, and one JSON line a check."""

import asyncio
import base64
import json
import logging
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    SETTINGS = json.load(file)
PATIENCE = 40
# 32 ms of PCM16 at 16 kHz.
CHUNK = 1024

# Their logs hold what was said, and standard output is ours.
logging.disable(logging.CRITICAL)


def question():
    """The question of fixtures/audio as chunks, out of the events that the SDKs send."""
    events = (json.loads(text)["event"] for text in SETTINGS["open"])
    pcm = b"".join(base64.b64decode(e["audioInput"]["content"]) for e in events if "audioInput" in e)
    return [pcm[at : at + CHUNK] for at in range(0, len(pcm), CHUNK)]


class Differs(AssertionError):
    """What the program gave is not what was sent."""


def expect(condition, what):
    if not condition:
        raise Differs(what)


async def refused(work, *, names=()):
    """Runs `work`, which must fail, with an error that holds one of `names`."""
    try:
        found = await work()
    except (TimeoutError, Differs):
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if names and not any(name in text for name in names):
            raise Differs(f"an error without the cause: {text}") from error
        return text
    raise Differs(f"the end was reported as one in order ({found})")


async def finding(check, work):
    try:
        detail = await asyncio.wait_for(work(), PATIENCE)
        return {"check": check, "ok": True, "detail": str(detail)[:200]}
    except (TimeoutError, asyncio.TimeoutError):
        return {"check": check, "ok": False, "detail": f"no end and no error within {PATIENCE} s"}
    except BaseException as error:
        text = str(error) if isinstance(error, Differs) else f"{type(error).__name__}: {error}"
        return {"check": check, "ok": False, "detail": text[:300]}


async def main(checks):
    for check in SETTINGS["checks"]:
        work = checks.get(check)
        if work is None:
            found = {"check": check, "ok": False, "detail": "this program has no such check"}
        else:
            found = await finding(check, work)
        print(json.dumps(found), flush=True)
