"""The official Python SDK, on its CRT transport, to be measured as examples/bench_client of bedrock-stream is."""

import asyncio
import base64
import json

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
from measured import TASK, Stamps, done, say
from smithy_http.aio.crt import AWSCRTHTTPClient

PCM = bytes([1]) * TASK["pcm"]
NAMES = '"promptName":"07070707-0707-4707-8707-070707070707","contentName":"07070707-0707-4707-8707-070707070708"'


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


async def reply(bedrock):
    """The texts of a reply."""
    messages = [Message(role="user", content=[ContentBlockText(value="Go on.")])]
    operation = ConverseStreamInput(model_id=TASK["text_model"], messages=messages)
    stream = await bedrock.converse_stream(operation)
    async for event in stream.output_stream:
        if isinstance(event, ConverseStreamOutputContentBlockDelta):
            yield event.value.delta.value


async def converse():
    bedrock = await client()

    async def count():
        deltas = 0
        async for _ in reply(bedrock):
            deltas += 1
        assert deltas == TASK["events"], f"{deltas} deltas"

    await count()
    begun = say({"ready": True})
    await asyncio.gather(*(count() for _ in range(TASK["calls"])))
    done(begun)


async def delta():
    bedrock = await client()
    begun = say({"ready": True})
    stamps = Stamps()
    async for text in reply(bedrock):
        stamps.take(text)
    done(begun, stamps.percentiles())


BENCHES = {"audio-up": audio_up, "audio-down": audio_down, "converse": converse, "delta": delta}
asyncio.run(BENCHES[TASK["bench"]]())
