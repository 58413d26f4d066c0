"""The official Python SDK, on its CRT transport, against a local Bedrock: one JSON line a check (docs/interop.md).

The argument is as for peer-aws-sdk.
"""

import asyncio
import json
import sys

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from aws_sdk_bedrock_runtime.models import (
    BidirectionalInputPayloadPart,
    InvokeModelWithBidirectionalStreamInputChunk,
    InvokeModelWithBidirectionalStreamOperationInput,
)
from awscrt import io as crt_io
from smithy_http.aio.crt import AWSCRTHTTPClient

with open(sys.argv[1], encoding="utf-8") as file:
    SETTINGS = json.load(file)
PATIENCE = 60


class LocalHTTPClient(AWSCRTHTTPClient):
    """The CRT client with a CA of ours: it has no setting for that."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        options = crt_io.TlsContextOptions()
        options.override_default_trust_store_from_path(ca_filepath=SETTINGS["ca_file"])
        self._tls_ctx = crt_io.ClientTlsContext(options)

    def __deepcopy__(self, _memo):
        return self


async def call(secret):
    config = await AsyncBedrockRuntimeConfig.resolve(
        region=SETTINGS["region"],
        endpoint_uri=SETTINGS["url"],
        aws_access_key_id=SETTINGS["access_key_id"],
        aws_secret_access_key=secret,
        transport=LocalHTTPClient(),
    )
    client = AsyncBedrockRuntimeClient(config)
    operation = InvokeModelWithBidirectionalStreamOperationInput(model_id=SETTINGS["model"])
    return await client.invoke_model_with_bidirectional_stream(operation)


async def send(stream, texts):
    for text in texts:
        part = BidirectionalInputPayloadPart(bytes_=text.encode())
        await stream.input_stream.send(InvokeModelWithBidirectionalStreamInputChunk(value=part))


async def spoken_session():
    stream = await call(SETTINGS["secret_access_key"])
    await send(stream, SETTINGS["open"])
    _, output = await stream.await_output()
    events = audio = 0
    spoken = completed = False
    async for chunk in output:
        event = json.loads(chunk.value.bytes_)["event"]
        events += 1
        audio += len(event.get("audioOutput", {}).get("content", "")) // 4 * 3
        completed = completed or "completionEnd" in event
        end = event.get("contentEnd", {})
        if end.get("type") == "AUDIO" and end.get("stopReason") == "END_TURN" and not spoken:
            spoken = True
            await send(stream, SETTINGS["close"])
            await stream.input_stream.close()
    text = f"{events} events, {audio} bytes of speech"
    if not (spoken and completed and audio):
        raise AssertionError(f"{text}; spoken to its end: {spoken}, completed: {completed}")
    return text


async def exception_in_the_stream():
    stream = await call(SETTINGS["secret_access_key"])
    await send(stream, [SETTINGS["open"][0], SETTINGS["open"][-1]])
    try:
        _, output = await stream.await_output()
        async for _ in output:
            pass
    except Exception as error:
        if type(error).__name__ != "ValidationException":
            raise
        return f"ValidationException: {error}"
    finally:
        await stream.input_stream.close()
    raise AssertionError("the stream ended without an exception")


async def wrong_secret():
    stream = await call("another secret")
    try:
        await send(stream, SETTINGS["open"][:1])
        await stream.await_output()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if "403" not in text and "Signature" not in text:
            raise
        return text[:160]
    raise AssertionError("it was let in")


CHECKS = {
    "spoken session": spoken_session,
    "exception in the stream": exception_in_the_stream,
    "wrong secret": wrong_secret,
}


async def finding(check):
    work = CHECKS.get(check)
    if work is None:
        return {"check": check, "ok": False, "detail": "this client has no such check"}
    try:
        return {"check": check, "ok": True, "detail": await asyncio.wait_for(work(), PATIENCE)}
    except Exception as error:
        return {"check": check, "ok": False, "detail": f"{type(error).__name__}: {error}"[:200]}


async def main():
    for check in SETTINGS["checks"]:
        print(json.dumps(await finding(check)), flush=True)


asyncio.run(main())
