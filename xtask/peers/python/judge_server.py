"""A Bedrock of nobody's making: hyper-h2 for HTTP/2, botocore's decoder for frames, hmac and hashlib for signatures.

It re-computes the signature of the request and of every event, answers a spoken session in a few fixed events, and reports what
it saw: one JSON line for each call.
"""

import base64
import binascii
import collections
import hashlib
import hmac
import json
import math
import re
import struct
import urllib.parse
import zlib

import h2.errors
import h2.events
from botocore.eventstream import EventStreamBuffer

import http2_server

ACCESS_KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)


class Refusal(Exception):
    """What was demanded and not there."""


def demand(what, good):
    if not good:
        raise Refusal(f"demanded {what}")


def signing_key(date):
    key = ("AWS4" + SECRET).encode()
    for part in (date, REGION, "bedrock", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def sign(date, text):
    return hmac.new(signing_key(date), text.encode(), hashlib.sha256).hexdigest()


def seed_of(headers):
    """Computes the request's signature anew and gives it."""
    match = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    demand("an Authorization header of SigV4", match)
    credential, names, signature = match.groups()
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{REGION}/bedrock/aws4_request"
    demand("the scope of today", credential == f"{ACCESS_KEY_ID}/{scope}")
    path, _, query = headers[":path"].partition("?")
    demand("an empty query", query == "")
    values = {**headers, "host": headers.get("host", headers[":authority"])}
    names = names.split(";")
    demand("every signed header in the request", all(name in values for name in names))
    lines = [f"{name}:{' '.join(values[name].split())}" for name in names]
    # The path on the wire is encoded once; the canonical one is that, encoded once more.
    canonical = "\n".join([
        "POST",
        urllib.parse.quote(path, safe="/-_.~"),
        "",
        *lines,
        "",
        ";".join(names),
        headers.get("x-amz-content-sha256", EMPTY_HASH),
    ])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    expected = sign(moment[:8], "\n".join(["AWS4-HMAC-SHA256", moment, scope, digest]))
    demand(f"the signature {expected}, not {signature}", expected == signature)
    return signature


def check_event(message, prior):
    """Computes the signature of an outer frame anew and gives it."""
    demand("two outer headers", sorted(message.headers) == [":chunk-signature", ":date"])
    millis = message.headers[":date"]
    seconds = millis // 1000
    moment = moment_of(seconds)
    header = b"\x05:date\x08" + struct.pack(">q", millis)
    text = "\n".join([
        "AWS4-HMAC-SHA256-PAYLOAD",
        moment,
        f"{moment[:8]}/{REGION}/bedrock/aws4_request",
        prior,
        hashlib.sha256(header).hexdigest(),
        hashlib.sha256(message.payload).hexdigest(),
    ])
    expected = sign(moment[:8], text)
    signature = binascii.hexlify(message.headers[":chunk-signature"]).decode()
    demand(f"the event signature {expected}, not {signature}", expected == signature)
    return signature


def moment_of(seconds):
    import datetime

    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def frame(event):
    """One frame, put together by hand: botocore has no encoder."""
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "ab"}).encode()
    names = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in names.items()
    )
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


class Call:
    """One call: what came in, what goes out."""

    def __init__(self, stream, headers):
        self.stream = stream
        self.prior = seed_of(headers)
        demand("the path of the operation", headers[":path"].split("?")[0].endswith("/invoke-with-bidirectional-stream"))
        demand("the content type of event streams", headers["content-type"] == "application/vnd.amazon.eventstream")
        self.buffer = EventStreamBuffer()
        self.report = {"frames": 0, "audio": 0, "complete": False}
        self.names = collections.Counter()
        self.out = b""
        self.prompt = ""
        self.ended = self.answered = False

    def receive(self, data):
        self.buffer.add_data(data)
        for message in self.buffer:
            demand("nothing behind the end frame", not self.ended)
            self.prior = check_event(message, self.prior)
            self.report["frames"] += 1
            if not message.payload:
                self.ended = True
                continue
            inner = EventStreamBuffer()
            inner.add_data(message.payload)
            [message] = list(inner)
            demand(":message-type event", message.headers[":message-type"] == "event")
            demand(":event-type chunk", message.headers[":event-type"] == "chunk")
            event = json.loads(base64.b64decode(json.loads(message.payload)["bytes"]))["event"]
            [(name, members)] = event.items()
            self.names[name] += 1
            self.answer(name, members)

    def answer(self, name, members):
        if name == "promptStart":
            self.prompt = members["promptName"]
        if name == "audioInput":
            self.report["audio"] += len(base64.b64decode(members["content"]))
            if self.report["audio"] >= 32_000 and not self.answered:
                self.answered = True
                self.reply()
        if name == "promptEnd":
            self.send("completionEnd", stopReason="END_TURN")

    def reply(self):
        tone = b"".join(struct.pack("<h", round(8000 * math.sin(i / 10))) for i in range(2400))
        audio = {"mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16, "encoding": "base64", "channelCount": 1}
        self.send("completionStart")
        self.text("t", "SPECULATIVE", "PARTIAL_TURN")
        self.send("contentStart", contentId="a", type="AUDIO", role="ASSISTANT", audioOutputConfiguration=audio)
        for _ in range(10):
            self.send("audioOutput", contentId="a", role="ASSISTANT", content=base64.b64encode(tone).decode())
        self.send("contentEnd", contentId="a", type="AUDIO", stopReason="END_TURN")
        self.text("f", "FINAL", "END_TURN")

    def text(self, name, stage, stop):
        self.send(
            "contentStart", contentId=name, type="TEXT", role="ASSISTANT",
            textOutputConfiguration={"mediaType": "text/plain"},
            additionalModelFields=json.dumps({"generationStage": stage}),
        )
        self.send("textOutput", contentId=name, role="ASSISTANT", content="A tone.")
        self.send("contentEnd", contentId=name, type="TEXT", stopReason=stop)

    def send(self, name, **members):
        ids = {"sessionId": "s", "promptName": self.prompt, "completionId": "c"}
        self.out += frame({"event": {name: {**ids, **members}}})


class Connection(http2_server.Connection):
    def on_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.guard(event.stream_id, lambda: self.open(event))
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if call := self.calls.get(event.stream_id):
                self.guard(event.stream_id, lambda: call.receive(event.data))
                if call.names and not call.report.get("responded"):
                    call.report["responded"] = True
                    self.respond(event.stream_id, 200, {"content-type": "application/vnd.amazon.eventstream"})
        elif isinstance(event, h2.events.StreamEnded):
            if call := self.calls.get(event.stream_id):
                self.guard(event.stream_id, lambda: demand("a signed end frame", call.ended))
                call.report["complete"] = event.stream_id in self.calls
        elif isinstance(event, h2.events.StreamReset):
            if call := self.calls.pop(event.stream_id, None):
                self.say({**call.report, "events": call.names, "reset": int(event.error_code)})

    def open(self, event):
        self.calls[event.stream_id] = Call(event.stream_id, dict(event.headers))

    def guard(self, stream, work):
        try:
            work()
        except Exception as error:
            call = self.calls.pop(stream, None)
            report = call.report if call else {"frames": 0}
            refused = str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"
            self.say({**report, "refused": refused})
            if report.get("responded"):
                self.h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            else:
                headers = {"content-type": "application/json", "x-amzn-errortype": "InvalidSignatureException"}
                self.respond(stream, 403, headers)
                self.h2.send_data(stream, json.dumps({"message": refused}).encode(), end_stream=True)

    def respond(self, stream, status, headers):
        head = {":status": str(status), **headers, "x-amzn-requestid": "judge"}
        self.h2.send_headers(stream, list(head.items()))

    def pump(self, call):
        """Sends what waits; ends the stream when all is sent and the client has ended."""
        if call.report.get("responded") and self.send_out(call) and call.report["complete"]:
            self.end(call)
            self.say({**call.report, "events": call.names})

    @staticmethod
    def say(report):
        print(json.dumps(report), flush=True)


http2_server.serve(Connection, region=REGION, access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET)
