"""boto3 against a local Bedrock: one JSON line a check (docs/interop.md). It has no duplex operation.

The argument is as for peer-aws-sdk.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

with open(sys.argv[1], encoding="utf-8") as file:
    SETTINGS = json.load(file)
MESSAGES = [{"role": "user", "content": [{"text": SETTINGS["text"]}]}]
NATIVE = json.dumps({"messages": MESSAGES, "inferenceConfig": {"maxTokens": 100}})


def client(secret=SETTINGS["secret_access_key"]):
    return boto3.client(
        "bedrock-runtime",
        region_name=SETTINGS["region"],
        endpoint_url=SETTINGS["url"],
        aws_access_key_id=SETTINGS["access_key_id"],
        aws_secret_access_key=secret,
        verify=SETTINGS["ca_file"],
        config=Config(retries={"mode": "standard"}, read_timeout=30),
    )


def converse(bedrock=None):
    output = (bedrock or client()).converse(modelId=SETTINGS["text_model"], messages=MESSAGES)
    assert any(block.get("text") for block in output["output"]["message"]["content"])
    return f"{output['usage']['totalTokens']} tokens"


def converse_stream():
    output = client().converse_stream(modelId=SETTINGS["text_model"], messages=MESSAGES)
    text, stop, tokens = "", None, None
    for event in output["stream"]:
        text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        stop = event.get("messageStop", {}).get("stopReason", stop)
        tokens = event.get("metadata", {}).get("usage", {}).get("totalTokens", tokens)
    assert text and stop and tokens, f"text {len(text)}, stop {stop}, tokens {tokens}"
    return f"{len(text)} characters, {stop}, {tokens} tokens"


def converse_stream_exception():
    try:
        found = converse_stream()
    except EventStreamError as error:
        code = error.response["Error"]["Code"]
        assert code == "throttlingException", code
        return code
    raise AssertionError(f"it went well: {found}")


def refused(work, status):
    try:
        found = work()
    except ClientError as error:
        got = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == status, f"HTTP {got}"
        return f"HTTP {got}, {error.response['Error']['Code']}"
    raise AssertionError(f"it went well: {found}")


def invoke():
    body = client().invoke_model(modelId=SETTINGS["text_model"], body=NATIVE)["body"].read()
    json.loads(body)
    return f"{len(body)} bytes of JSON"


def invoke_stream():
    output = client().invoke_model_with_response_stream(modelId=SETTINGS["text_model"], body=NATIVE)
    chunks = [json.loads(event["chunk"]["bytes"]) for event in output["body"]]
    assert chunks, "no chunk"
    return f"{len(chunks)} chunks"


CHECKS = {
    "wrong secret": lambda: refused(lambda: converse(client("another secret")), 403),
    "converse": converse,
    "converse, HTTP 400": lambda: refused(converse, 400),
    "converse, HTTP 503 once": converse,
    "converse stream": converse_stream,
    "converse stream, exception": converse_stream_exception,
    "invoke": invoke,
    "invoke stream": invoke_stream,
}

for check in SETTINGS["checks"]:
    try:
        result = {"check": check, "ok": True, "detail": CHECKS[check]()}
    except Exception as error:
        result = {"check": check, "ok": False, "detail": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(result), flush=True)
