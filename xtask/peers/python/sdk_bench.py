"""The official Python SDK, on its CRT transport, to be measured as examples/bench_client of bedrock-stream is."""

import asyncio
import base64
import json
import sys
import time

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from aws_sdk_bedrock_runtime.models import (
    BidirectionalInputPayloadPart,
    ContentBlockText,
    ConverseStreamInput,
    ConverseStreamOutputContentBlockDelta,
    InvokeModelWithBidirectionalStreamInputChunk,
    InvokeModelWithBidirectionalStreamOperationInput,
    Message,
)
from crt_client import trusting
from smithy_http.aio.crt import AWSCRTHTTPClient

with open(sys.argv[1], encoding="utf-8") as file:
    TASK = json.load(file)
PCM = bytes([1]) * 1024
NAMES = '"promptName":"07070707-0707-4707-8707-070707070707","contentName":"07070707-0707-4707-8707-070707070708"'


def say(line):
    """Says a line, and waits for the word to go on."""
    print(json.dumps(line), flush=True)
    sys.stdin.readline()
    return time.monotonic_ns()


def done(begun):
    say({"micros": (time.monotonic_ns() - begun) // 1000, "detail": {}})


async def client():
    config = await AsyncBedrockRuntimeConfig.resolve(
        region=TASK["region"],
        endpoint_uri=TASK["url"].replace("127.0.0.1", "localhost"),
        aws_access_key_id=TASK["access_key_id"],
        aws_secret_access_key=TASK["secret_access_key"],
        transport=trusting(AWSCRTHTTPClient, TASK["ca_file"])(),
    )
    return AsyncBedrockRuntimeClient(config)


def speech():
    """32 ms of speech as an event, made anew each time."""
    content = base64.b64encode(PCM).decode()
    return f'{{"event":{{"audioInput":{{{NAMES},"content":"{content}"}}}}}}'


async def send(stream, event):
    part = BidirectionalInputPayloadPart(bytes_=event.encode())
    await stream.input_stream.send(InvokeModelWithBidirectionalStreamInputChunk(value=part))


async def calls():
    bedrock = await client()
    operation = InvokeModelWithBidirectionalStreamOperationInput(model_id=TASK["model"])
    opened = []
    for _ in range(TASK["calls"]):
        stream = await bedrock.invoke_model_with_bidirectional_stream(operation)
        for event in TASK["open"]:
            await send(stream, event)
        _, output = await stream.await_output()
        opened.append((stream, output))
    return opened


async def close(stream):
    for event in TASK["close"]:
        await send(stream, event)
    await stream.input_stream.close()


async def audio_up():
    opened = await calls()
    begun = say({"ready": True})

    async def speak(stream):
        for _ in range(TASK["events"]):
            await send(stream, speech())
        await close(stream)

    async def listen(output):
        async for _ in output:
            pass

    halves = [half for stream, output in opened for half in (speak(stream), listen(output))]
    await asyncio.gather(*halves)
    done(begun)


async def audio_down():
    opened = await calls()
    begun = say({"ready": True})

    async def listen(stream, output):
        await send(stream, speech())
        heard = 0
        async for chunk in output:
            audio = json.loads(chunk.value.bytes_)["event"].get("audioOutput")
            heard += bool(audio and base64.b64decode(audio["content"]))
            if heard == TASK["events"]:
                heard += 1
                await close(stream)
        assert heard == TASK["events"] + 1, f"{heard} events of speech"

    await asyncio.gather(*(listen(*call) for call in opened))
    done(begun)


async def converse():
    bedrock = await client()

    async def reply():
        messages = [Message(role="user", content=[ContentBlockText(value="Go on.")])]
        operation = ConverseStreamInput(model_id=TASK["text_model"], messages=messages)
        stream = await bedrock.converse_stream(operation)
        deltas = 0
        async for event in stream.output_stream:
            deltas += isinstance(event, ConverseStreamOutputContentBlockDelta)
        assert deltas == TASK["events"], f"{deltas} deltas"

    await reply()
    begun = say({"ready": True})
    await asyncio.gather(*(reply() for _ in range(TASK["calls"])))
    done(begun)


BENCHES = {"audio-up": audio_up, "audio-down": audio_down, "converse": converse}
asyncio.run(BENCHES[TASK["bench"]]())
