"""boto3 to be measured on ConverseStream, as examples/bench_client of bedrock-stream is. It speaks HTTP/1.1."""

import boto3
from botocore.config import Config

from measured import TASK, Stamps, done, say

CLIENT = boto3.client(
    "bedrock-runtime",
    region_name=TASK["region"],
    endpoint_url=TASK["url"],
    aws_access_key_id=TASK["access_key_id"],
    aws_secret_access_key=TASK["secret_access_key"],
    verify=TASK["ca_file"],
    config=Config(retries={"mode": "standard"}, read_timeout=30),
)


def reply():
    """The texts of a reply."""
    messages = [{"role": "user", "content": [{"text": "Go on."}]}]
    output = CLIENT.converse_stream(modelId=TASK["text_model"], messages=messages)
    for event in output["stream"]:
        if "contentBlockDelta" in event:
            yield event["contentBlockDelta"]["delta"]["text"]


def converse():
    sum(1 for _ in reply())
    begun = say({"ready": True})
    deltas = sum(1 for _ in reply())
    assert deltas == TASK["events"], f"{deltas} deltas"
    done(begun)


def delta():
    begun = say({"ready": True})
    stamps = Stamps()
    for text in reply():
        stamps.take(text)
    done(begun, stamps.percentiles())


{"converse": converse, "delta": delta}[TASK["bench"]]()
