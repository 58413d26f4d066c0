"""Strands' Nova Sonic model and its agent, unmodified, against a local Bedrock: one JSON line a check (docs/interop.md).

The endpoint is written into it and it has no setting for a CA: both are set from outside.
"""

import asyncio
import os

from checks import SETTINGS, Differs, expect, main, question, refused
from crt_client import trusting

os.environ["AWS_ACCESS_KEY_ID"] = SETTINGS["access_key_id"]
os.environ["AWS_SECRET_ACCESS_KEY"] = SETTINGS["secret_access_key"]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

from strands import tool  # noqa: E402
from strands.bidi.agent import BidiAgent  # noqa: E402
from strands.bidi.models import bedrock  # noqa: E402
from strands.bidi.types.media import AudioDelta  # noqa: E402

# Seconds for a conversation, and for its end.
LISTEN = 12
STOP = 3
RESOLVE = bedrock.AsyncBedrockRuntimeConfig.resolve


async def resolve(*args, **kwargs):
    return await RESOLVE(*args, **kwargs | {"endpoint_uri": SETTINGS["url"]})


bedrock.AsyncBedrockRuntimeConfig.resolve = resolve
bedrock._BedrockAWSCRTHTTPClient = trusting(bedrock._BedrockAWSCRTHTTPClient, SETTINGS["ca_file"])


async def converse(secret=None):
    """A question, a tool, an answer that is interrupted, a last answer."""
    called = []

    @tool
    def getWeather(city: str) -> str:
        """The weather in a city.

        Args:
            city: The city.
        """
        called.append(city)
        return "72 degrees"

    if secret:
        os.environ["AWS_SECRET_ACCESS_KEY"] = secret
    else:
        os.environ["AWS_SECRET_ACCESS_KEY"] = SETTINGS["secret_access_key"]
    model = bedrock.BedrockNovaSonicModel(model_id=SETTINGS["model"], region=SETTINGS["region"])
    agent = BidiAgent(model=model, tools=[getWeather], system_prompt="Answer briefly.")
    speech = question()
    speak = asyncio.Event()
    seen = []
    await agent.start()

    async def say():
        while True:
            await speak.wait()
            speak.clear()
            for chunk in speech:
                await agent.send(AudioDelta(format="pcm", source={"bytes": chunk}))

    async def listen():
        audio = 0
        interrupted = False
        async for event in agent.receive():
            kind = event.get("type", type(event).__name__)
            seen.append(kind)
            if kind == "bidi_audio_delta":
                audio += 1
                # In the middle of the long answer the user speaks again.
                if audio == 3 and not interrupted:
                    speak.set()
            if kind == "bidi_barge_in":
                interrupted = True
            if kind == "bidi_response_stop" and interrupted and "bidi_audio_delta" in seen[seen.index("bidi_barge_in") :]:
                return

    speak.set()
    speaking = asyncio.create_task(say())
    failure = None
    try:
        await asyncio.wait_for(listen(), LISTEN)
    except Exception as error:
        failure = error
    speaking.cancel()
    await asyncio.wait([speaking], timeout=STOP)
    try:
        await asyncio.wait_for(agent.stop(), STOP)
    except TimeoutError:
        raise Differs(f"{type(failure).__name__}, and then stop() does not return") from failure
    if isinstance(failure, TimeoutError):
        raise Differs(f"no end and no error within {LISTEN} s")
    if failure:
        raise failure
    kinds = sorted(set(seen))
    expect(called == ["Lisbon"], f"tools called: {called}; events {kinds}")
    expect("bidi_barge_in" in seen, f"no interruption among {kinds}")
    expect("bidi_usage" in seen, f"no usage among {kinds}")
    return f"{len(seen)} events, tool called, interrupted"


CHECKS = {
    "conversation": converse,
    "conversation, wrong secret": lambda: refused(lambda: converse("another secret"), names=["403", "Signature"]),
    "conversation, exception": lambda: refused(converse, names=["Throttling"]),
    "conversation, reset": lambda: refused(converse),
    "conversation, cut": lambda: refused(converse),
    "conversation, early end": lambda: refused(converse),
    "conversation, unknown event": converse,
}

asyncio.run(main(CHECKS))
