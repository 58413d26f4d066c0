"""What strands-agents makes of Nova Sonic's events: one JSON line {"name", "events"} in, one {"name", "strands"} out.

Its own conversion runs on the events, without a connection. Response ids, which are random, become their order.
"""

import base64
import json
import sys
from unittest import mock

import boto3

from strands.bidi.models.bedrock import BedrockNovaSonicModel, _ResponseState


def model():
    # 24 kHz is what the sequences speak at; no credentials are looked for.
    audio = {"output": {"sample_rate": 24000}}
    session = mock.Mock(spec=boto3.Session, region_name="us-east-1")
    return BedrockNovaSonicModel(model_id="amazon.nova-2-5-sonic", boto_session=session, audio=audio)


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def converted(events):
    """The events as strands gives them out; an exception of its own ends them."""
    nova, state = model(), _ResponseState(connection_id="connection")
    seen, responses = [], []
    for event in events:
        try:
            given = nova._convert_nova_event(event["event"], state)
        except Exception as error:  # what its receive would raise
            seen.append({"exception": type(error).__name__})
            break
        for out in given:
            out = {name: plain(value) for name, value in dict(out).items()}
            if out.get("response_id") is not None:
                if out["response_id"] not in responses:
                    responses.append(out["response_id"])
                out["response_id"] = f"response-{responses.index(out['response_id'])}"
            seen.append(out)
    return seen


for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps({"name": case["name"], "strands": converted(case["events"])}), flush=True)
