"""botocore's event-stream decoder behind the JSON lines of docs/fixtures.md."""

import base64

import botocore
from botocore.eventstream import EventStreamBuffer, EventStreamHeaderParser

from json_lines import fault, input_bytes, pieces, serve


def decode(question):
    if question["profile"] == "unlimited":
        return {"unable": "botocore's limits are fixed"}
    buffer = EventStreamBuffer()
    frames = []
    try:
        for piece in pieces(input_bytes(question), question["chunks"]):
            buffer.add_data(piece)
            for message in buffer:
                payload = base64.b64encode(message.payload).decode()
                frames.append({"headers": headers_json(message.headers), "payload_base64": payload})
    except Exception as error:
        return {"frames": frames, "error": fault(error)}
    # The buffer has no way to say that the input has ended; botocore's EventStream does not look either.
    return {"frames": frames, "error": None}


def decode_headers(question):
    if question["profile"] == "unlimited":
        return {"unable": "botocore's limits are fixed"}
    try:
        headers = EventStreamHeaderParser().parse(input_bytes(question))
    except Exception as error:
        return {"headers": [], "error": fault(error)}
    return {"headers": headers_json(headers), "error": None}


def headers_json(headers):
    # The parser keeps no types: integers, timestamps and UUIDs come as plain numbers and bytes.
    return [{"name": name, "type": None, "value": plain(value)} for name, value in headers.items()]


def plain(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


serve({
    "describe": lambda _: {"version": f"botocore {botocore.__version__}"},
    "decode": decode,
    "decode_headers": decode_headers,
    "encode": lambda _: {"unable": "botocore does not encode event streams"},
    "sign": lambda _: {"unable": "botocore does not sign events"},
})
