"""The loop of a conformance program: one JSON question a line in, one answer a line out (docs/fixtures.md)."""

import asyncio
import base64
import inspect
import json
import sys


def serve(operations):
    """Answers questions with the functions of `operations`, by the name of the operation, until the input ends."""
    asyncio.run(_serve(operations))


async def _serve(operations):
    for line in sys.stdin:
        question = json.loads(line)
        operation = operations.get(question["op"])
        if operation is None:
            answer = {"unable": f"no such operation: {question['op']}"}
        else:
            answer = operation(question)
            if inspect.isawaitable(answer):
                answer = await answer
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def input_bytes(question):
    """The bytes of a question, made from its recipe where they are too big to send."""
    given = question["input"]
    if "base64" in given:
        return base64.b64decode(given["base64"])
    fill = bytes.fromhex(given["fill_byte_hex"]) * given["fill_len"]
    return bytes.fromhex(given["prefix_hex"]) + fill + bytes.fromhex(given["suffix_hex"])


def pieces(data, sizes):
    """Cuts `data` into pieces of these sizes; the last repeats, and 0 as the last means the rest."""
    at = 0
    for index in range(len(data) + len(sizes) + 1):
        if at >= len(data):
            return
        listed = index < len(sizes)
        size = sizes[index] if listed else (sizes[-1] if sizes else 0)
        end = len(data) if size == 0 and not listed else min(at + size, len(data))
        yield data[at:end]
        at = end


def fault(error):
    """An error as an answer has it."""
    return {"message": f"{type(error).__name__}: {error}"[:200]}
