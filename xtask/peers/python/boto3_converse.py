"""ConverseStream as boto3 reads it, behind the JSON lines of docs/fixtures.md: what it hands out, folded by block."""

import boto3
import botocore
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import EventStreamError
from urllib3.exceptions import ProtocolError

from json_lines import fault, input_bytes, pieces, serve


class Canned:
    """A response's body from memory, as urllib3 gives it."""

    def __init__(self, question):
        self.pieces = pieces(input_bytes(question), question["chunks"])
        self.cut = question["transport_end"] == "cut"

    def stream(self):
        yield from self.pieces
        if self.cut:
            raise ProtocolError("Connection broken", ConnectionResetError(104, "Connection reset by peer"))

    def close(self):
        pass


def client(body):
    made = SESSION.client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    headers = {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "r-1"}
    answer = lambda request, **_: AWSResponse(request.url, 200, headers, body)
    made.meta.events.register("before-send.bedrock-runtime.ConverseStream", answer)
    return made


def converse(question):
    heard = {"text": "", "reasoning": "", "stop_reason": None, "usage": None}
    calls, error = {}, None
    try:
        for event in client(Canned(question)).converse_stream(modelId="m")["stream"]:
            take(heard, calls, event)
    except EventStreamError as failed:
        service = failed.response["Error"]
        error = {"code": service.get("Code"), "message": service.get("Message")}
    except Exception as failed:
        error = fault(failed)
    # Half a surrogate pair, which boto3 lets through, is no JSON to others.
    heard["text"] = heard["text"].encode("utf-8", "replace").decode()
    callers = [call for call in calls.values() if call.pop("type", None) != "server_tool_use"]
    return dict(heard, calls=callers, error=error, outcome="failed" if error else "complete")


def take(heard, calls, event):
    started = event.get("contentBlockStart", {})
    if use := started.get("start", {}).get("toolUse"):
        named = {"id": use.get("toolUseId"), "name": use.get("name"), "input": "", "type": use.get("type")}
        calls[started.get("contentBlockIndex")] = named
    block = event.get("contentBlockDelta", {})
    delta = block.get("delta", {})
    heard["text"] += delta.get("text", "")
    heard["reasoning"] += delta.get("reasoningContent", {}).get("text", "")
    if "toolUse" in delta:
        call = calls.setdefault(block.get("contentBlockIndex"), {"name": None, "input": ""})
        call["input"] += delta["toolUse"].get("input", "")
    if "messageStop" in event:
        heard["stop_reason"] = event["messageStop"].get("stopReason")
    if "usage" in event.get("metadata", {}):
        counts = event["metadata"]["usage"].items()
        heard["usage"] = {name: count for name, count in counts if name.endswith("Tokens")}


SESSION = boto3.session.Session()
serve({
    "describe": lambda _: {"version": f"boto3 {boto3.__version__}, botocore {botocore.__version__}"},
    "converse": converse,
})
