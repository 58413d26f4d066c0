"""LiteLLM's Bedrock provider, unmodified, against a local Bedrock: one JSON line a check (docs/interop.md)."""

import asyncio
import json
import os

from checks import SETTINGS, expect, main, refused

os.environ["SSL_CERT_FILE"] = SETTINGS["ca_file"]
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_TELEMETRY"] = "False"

import litellm  # noqa: E402

litellm.ssl_verify = SETTINGS["ca_file"]
litellm.suppress_debug_info = True

TOOL = {
    "type": "function",
    "function": {
        "name": "getWeather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def stream():
    chunks = litellm.completion(
        model=f"bedrock/converse/{SETTINGS['text_model']}",
        messages=[{"role": "user", "content": SETTINGS["text"]}],
        tools=[TOOL],
        stream=True,
        stream_options={"include_usage": True},
        api_base=SETTINGS["url"],
        aws_bedrock_runtime_endpoint=SETTINGS["url"],
        aws_region_name=SETTINGS["region"],
        aws_access_key_id=SETTINGS["access_key_id"],
        aws_secret_access_key=SETTINGS["secret_access_key"],
    )
    return litellm.stream_chunk_builder(list(chunks))


async def answer():
    whole = await asyncio.to_thread(stream)
    message = whole.choices[0].message
    calls = [(c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or []]
    expect(calls == [("getWeather", {"city": "Lisbon"})], f"tool calls {calls}")
    expect("the weather." in str(getattr(message, "reasoning_content", "")), "the thoughts are missing")
    expect(message.content == "Let me look.", f"text of {len(message.content or '')} characters")
    expect(whole.usage.total_tokens == 42, f"usage {whole.usage.total_tokens}")
    return f"{whole.choices[0].finish_reason}, {whole.usage.total_tokens} tokens"


CHECKS = {
    "answer": answer,
    "answer, HTTP 503 once": answer,
    "answer, unknown event": answer,
    "answer, exception": lambda: refused(answer, names=["hrottling", "RateLimit", "Too many"]),
    "answer, HTTP 400": lambda: refused(answer, names=["BadRequest", "Validation"]),
    "answer, cut": lambda: refused(answer),
    "answer, early end": lambda: refused(answer),
}

asyncio.run(main(CHECKS))
