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
    ContentBlockText,
    ConverseInput,
    ConverseStreamInput,
    ConverseStreamOutputContentBlockDelta,
    ConverseStreamOutputMessageStop,
    ConverseStreamOutputMetadata,
    InvokeModelInput,
    InvokeModelWithBidirectionalStreamInputChunk,
    InvokeModelWithBidirectionalStreamOperationInput,
    InvokeModelWithResponseStreamInput,
    Message,
)
from crt_client import trusting
from smithy_http.aio.crt import AWSCRTHTTPClient

with open(sys.argv[1], encoding="utf-8") as file:
    SETTINGS = json.load(file)
PATIENCE = 40


async def client(secret):
    config = await AsyncBedrockRuntimeConfig.resolve(
        region=SETTINGS["region"],
        endpoint_uri=SETTINGS["url"],
        aws_access_key_id=SETTINGS["access_key_id"],
        aws_secret_access_key=secret,
        transport=trusting(AWSCRTHTTPClient, SETTINGS["ca_file"])(),
    )
    return AsyncBedrockRuntimeClient(config)


async def call(secret):
    operation = InvokeModelWithBidirectionalStreamOperationInput(model_id=SETTINGS["model"])
    return await (await client(secret)).invoke_model_with_bidirectional_stream(operation)


async def send(stream, texts):
    for text in texts:
        part = BidirectionalInputPayloadPart(bytes_=text.encode())
        await stream.input_stream.send(InvokeModelWithBidirectionalStreamInputChunk(value=part))


async def spoken_session():
    events, audio, spoken, completed = await read_session()
    text = f"{events} events, {audio} bytes of speech"
    if not (spoken and completed and audio):
        raise AssertionError(f"{text}; spoken to its end: {spoken}, completed: {completed}")
    return text


async def broken_session():
    """The server breaks the session off: the SDK must report an error, not an end."""
    try:
        events, *_ = await read_session()
    except TimeoutError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:160]
    raise AssertionError(f"the stream ended as if in order, after {events} events")


async def read_session():
    """Plays the session and reads until the SDK says that the stream has ended."""
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
    return events, audio, spoken, completed


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


def conversation():
    return [Message(role="user", content=[ContentBlockText(value=SETTINGS["text"])])]


def native():
    messages = [{"role": "user", "content": [{"text": SETTINGS["text"]}]}]
    return json.dumps({"messages": messages, "inferenceConfig": {"maxTokens": 100}}).encode()


async def converse():
    bedrock = await client(SETTINGS["secret_access_key"])
    output = await bedrock.converse(ConverseInput(model_id=SETTINGS["text_model"], messages=conversation()))
    assert any(block.value for block in output.output.value.content)
    return f"{output.usage.total_tokens} tokens"


async def converse_stream():
    bedrock = await client(SETTINGS["secret_access_key"])
    operation = ConverseStreamInput(model_id=SETTINGS["text_model"], messages=conversation())
    stream = await bedrock.converse_stream(operation)
    text, stop, tokens = "", None, None
    async for event in stream.output_stream:
        match event:
            case ConverseStreamOutputContentBlockDelta():
                text += event.value.delta.value
            case ConverseStreamOutputMessageStop():
                stop = event.value.stop_reason
            case ConverseStreamOutputMetadata():
                tokens = event.value.usage.total_tokens
    assert text and stop and tokens, f"text {len(text)}, stop {stop}, tokens {tokens}"
    return f"{len(text)} characters, {stop}, {tokens} tokens"


async def converse_stream_exception():
    try:
        found = await converse_stream()
    except Exception as error:
        if type(error).__name__ != "ThrottlingException":
            raise
        return f"ThrottlingException: {error}"
    raise AssertionError(f"it went well: {found}")


async def converse_refused():
    try:
        found = await converse()
    except Exception as error:
        if type(error).__name__ != "ValidationException":
            raise
        return f"ValidationException: {error}"[:160]
    raise AssertionError(f"it went well: {found}")


async def invoke():
    bedrock = await client(SETTINGS["secret_access_key"])
    output = await bedrock.invoke_model(InvokeModelInput(model_id=SETTINGS["text_model"], body=native()))
    json.loads(output.body)
    return f"{len(output.body)} bytes of JSON"


async def invoke_stream():
    bedrock = await client(SETTINGS["secret_access_key"])
    operation = InvokeModelWithResponseStreamInput(model_id=SETTINGS["text_model"], body=native())
    stream = await bedrock.invoke_model_with_response_stream(operation)
    chunks = 0
    async for event in stream.output_stream:
        json.loads(event.value.bytes_)
        chunks += 1
    assert chunks, "no chunk"
    return f"{chunks} chunks"


CHECKS = {
    "spoken session": spoken_session,
    "exception in the stream": exception_in_the_stream,
    "wrong secret": wrong_secret,
    "spoken session, reset": broken_session,
    "spoken session, cut": broken_session,
    "spoken session, closed": broken_session,
    "converse": converse,
    "converse, HTTP 503 once": converse,
    "converse, HTTP 400": converse_refused,
    "converse stream": converse_stream,
    "converse stream, exception": converse_stream_exception,
    "invoke": invoke,
    "invoke stream": invoke_stream,
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
