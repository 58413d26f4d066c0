"""smithy-python's event-stream codec and event signer behind the JSON lines of docs/fixtures.md."""

import base64
import datetime
import uuid
from importlib.metadata import version
from types import SimpleNamespace

from aws_sdk_signers import AWSCredentialIdentity, signers
from smithy_aws_event_stream.events import (
    Byte,
    Event,
    EventHeaderDecoder,
    EventHeaderEncoder,
    EventMessage,
    Long,
    Short,
)
from smithy_core.aio.types import AsyncBytesReader

from json_lines import fault, input_bytes, pieces, serve

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MILLISECOND = datetime.timedelta(milliseconds=1)
DATE_HEADER = bytes([5]) + b":date" + bytes([8])


async def decode(question):
    if question["profile"] == "unlimited":
        return {"unable": "smithy-python's limits are fixed"}

    async def source():
        for piece in pieces(input_bytes(question), question["chunks"]):
            yield piece

    reader = AsyncBytesReader(source())
    frames = []
    try:
        while (event := await Event.decode_async(reader)) is not None:
            payload = base64.b64encode(event.message.payload).decode()
            frames.append({"headers": headers_json(event.message.headers), "payload_base64": payload})
    except Exception as error:
        return {"frames": frames, "error": fault(error)}
    return {"frames": frames, "error": None}


def decode_headers(question):
    if question["profile"] == "unlimited":
        return {"unable": "smithy-python's limits are fixed"}
    try:
        headers = EventHeaderDecoder(input_bytes(question)).decode_headers()
    except Exception as error:
        return {"headers": [], "error": fault(error)}
    return {"headers": headers_json(headers), "error": None}


def encode(question):
    try:
        headers = {h["name"]: typed(h) for h in question["headers"]}
        frame = EventMessage(headers=headers, payload=base64.b64decode(question["payload_base64"])).encode()
    except Exception as error:
        return {"error": fault(error)}
    return {"frame_base64": base64.b64encode(frame).decode()}


async def sign(question):
    key = question["key"]
    identity = AWSCredentialIdentity(
        access_key_id=key["access_key_id"], secret_access_key=key["secret_access_key"]
    )
    signatures = []
    for event in question["events"]:
        header = bytes.fromhex(event["hashed_headers_hex"])
        if not header.startswith(DATE_HEADER):
            return {"unable": "smithy-python signs a :date header and no other"}
        moment = EPOCH + int.from_bytes(header[len(DATE_HEADER) :], "big", signed=True) * MILLISECOND
        with clock_at(moment):
            signer = signers.AsyncEventSigner(
                initial_signature=event["prior_signature"].encode(), event_encoder_cls=EventHeaderEncoder
            )
            message = SimpleNamespace(encode=lambda: bytes.fromhex(event["payload_hex"]))
            properties = {"region": key["region"], "service": key["service"], "date": event["timestamp"]}
            signed = await signer.sign(event=message, identity=identity, properties=properties)
        signatures.append(signed.headers[":chunk-signature"].hex())
    return {"signatures": signatures}


class clock_at:
    """The signer writes the time of day into :date; for a while that is `moment`."""

    def __init__(self, moment):
        self.moment = moment

    def __enter__(self):
        self.real = signers.datetime
        signers.datetime = SimpleNamespace(
            UTC=datetime.UTC, datetime=SimpleNamespace(now=lambda _zone: self.moment)
        )

    def __exit__(self, *_):
        signers.datetime = self.real


def typed(header):
    value = header["value"]
    match header["type"]:
        case 2:
            return Byte(value)
        case 3:
            return Short(value)
        case 5:
            return Long(value)
        case 6:
            return base64.b64decode(value)
        case 8:
            return EPOCH + value * MILLISECOND
        case 9:
            return uuid.UUID(value)
    return value


def headers_json(headers):
    return [header_json(name, value) for name, value in headers.items()]


def header_json(name, value):
    match value:
        case bool():
            return {"name": name, "type": 0 if value else 1, "value": value}
        case int():
            # The four sizes come out as one type.
            return {"name": name, "type": None, "value": int(value)}
        case bytes():
            return {"name": name, "type": 6, "value": base64.b64encode(value).decode()}
        case datetime.datetime():
            return {"name": name, "type": 8, "value": round((value - EPOCH) / MILLISECOND)}
        case uuid.UUID():
            return {"name": name, "type": 9, "value": str(value)}
        case _:
            return {"name": name, "type": 7, "value": value}


PACKAGES = ("smithy-aws-event-stream", "aws-sdk-signers")
serve({
    "describe": lambda _: {"version": ", ".join(f"{name} {version(name)}" for name in PACKAGES)},
    "decode": decode,
    "decode_headers": decode_headers,
    "encode": encode,
    "sign": sign,
})
