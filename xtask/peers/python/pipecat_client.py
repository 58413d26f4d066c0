"""pipecat's Nova Sonic service in a pipeline, unmodified, against a local Bedrock: one JSON line a check (docs/interop.md).

The endpoint is written into it: its own `create_client` is the place to set another.
"""

import asyncio
import os

from checks import SETTINGS, Differs, expect, main, question, refused
from crt_client import trusting

from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.services.aws.nova_sonic.llm import (
    AWSNovaSonicLLMService,
    BedrockRuntimeClient,
    Config,
    ShapeID,
    SigV4AuthScheme,
    StaticCredentialsResolver,
)
from pipecat.workers.runner import WorkerRunner
from smithy_http.aio.crt import AWSCRTHTTPClient

os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
logger.remove()
# Seconds for a conversation, and for its end.
LISTEN = 12
STOP = 5


class LocalService(AWSNovaSonicLLMService):
    def create_client(self):
        config = Config(
            endpoint_uri=SETTINGS["url"],
            region=self._region,
            aws_access_key_id=self._access_key_id,
            aws_secret_access_key=self._secret_access_key,
            aws_session_token=self._session_token,
            aws_credentials_identity_resolver=StaticCredentialsResolver(),
            auth_schemes={ShapeID("aws.auth#sigv4"): SigV4AuthScheme(service="bedrock")},
            transport=trusting(AWSCRTHTTPClient, SETTINGS["ca_file"])(),
        )
        return BedrockRuntimeClient(config=config)


class Watch(BaseObserver):
    """Notes what the service gives."""

    def __init__(self, service):
        super().__init__()
        self.service = service
        self.audio = 0
        self.seen = []
        self.interrupted = asyncio.Event()
        self.heard = asyncio.Event()
        self.over = asyncio.Event()
        self.error = None

    async def on_push_frame(self, data):
        frame = data.frame
        if data.source is not self.service:
            return
        name = type(frame).__name__
        if not self.seen or self.seen[-1] != name:
            self.seen.append(name)
        if isinstance(frame, ErrorFrame):
            self.error = self.error or frame.error
            self.over.set()
        elif isinstance(frame, InterruptionFrame):
            self.interrupted.set()
        elif isinstance(frame, TTSAudioRawFrame):
            self.audio += 1
            if self.audio == 3:
                self.heard.set()
        elif isinstance(frame, LLMFullResponseEndFrame) and self.interrupted.is_set():
            if "TTSAudioRawFrame" in self.seen[self.seen.index("InterruptionFrame") :]:
                self.over.set()


async def converse(secret=None):
    """A question, a tool, an answer that is interrupted, a last answer."""
    called = []

    async def get_weather(params):
        called.append(params.arguments.get("city"))
        await params.result_callback({"temperature": 72})

    schema = FunctionSchema(
        name="getWeather",
        description="The weather in a city",
        properties={"city": {"type": "string"}},
        required=["city"],
    )
    service = LocalService(
        access_key_id=SETTINGS["access_key_id"],
        secret_access_key=secret or SETTINGS["secret_access_key"],
        region=SETTINGS["region"],
        settings=AWSNovaSonicLLMService.Settings(
            model=SETTINGS["model"], system_instruction="Answer briefly."
        ),
    )
    service.register_function("getWeather", get_weather)
    context = LLMContext(tools=ToolsSchema(standard_tools=[schema]))
    pair = LLMContextAggregatorPair(context)
    watch = Watch(service)
    worker = PipelineWorker(
        Pipeline([pair.user(), service, pair.assistant()]),
        cancel_on_idle_timeout=False,
        observers=[watch],
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def on_pipeline_started(_worker, _frame):
        started.set()

    async def say():
        await started.wait()
        await worker.queue_frame(LLMRunFrame())
        # It drops what comes before its session stands.
        while service._connected_time is None:
            await asyncio.sleep(0.05)
        await speak()
        await watch.heard.wait()
        # In the middle of the long answer the user speaks again.
        await speak()

    async def speak():
        for chunk in question():
            await worker.queue_frame(InputAudioRawFrame(audio=chunk, sample_rate=16000, num_channels=1))
            await asyncio.sleep(0.008)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    speaking = asyncio.create_task(say())
    try:
        await asyncio.wait_for(watch.over.wait(), LISTEN)
        timed_out = False
    except TimeoutError:
        timed_out = True
    speaking.cancel()
    await worker.queue_frame(EndFrame())
    done, _ = await asyncio.wait([running], timeout=STOP)
    if not done:
        await worker.cancel()
        raise Differs(f"{watch.error or watch.seen[-3:]}, and then its end does not come")
    if watch.error:
        raise RuntimeError(watch.error)
    if timed_out:
        raise Differs(f"no end and no error within {LISTEN} s; {watch.seen[-6:]}")
    expect(called == ["Lisbon"], f"tools called: {called}; frames {watch.seen}")
    expect(watch.interrupted.is_set(), f"no interruption among {watch.seen}")
    return f"{len(watch.seen)} frames, tool called, interrupted"


CHECKS = {
    "conversation": converse,
    "conversation, wrong secret": lambda: refused(lambda: converse("another secret"), names=["403", "Signature"]),
    "conversation, exception": lambda: refused(converse, names=["Throttling", "Too many"]),
    "conversation, reset": lambda: refused(converse),
    "conversation, cut": lambda: refused(converse),
    "conversation, early end": lambda: refused(converse),
    "conversation, unknown event": converse,
}

asyncio.run(main(CHECKS))
