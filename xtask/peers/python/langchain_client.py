"""langchain-aws' ChatBedrockConverse, unmodified, against a local Bedrock: one JSON line a check (docs/interop.md)."""

import asyncio
import os

from checks import SETTINGS, expect, main, refused

os.environ["AWS_CA_BUNDLE"] = SETTINGS["ca_file"]

from langchain_aws import ChatBedrockConverse  # noqa: E402

TOOL = {
    "name": "getWeather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def stream():
    model = ChatBedrockConverse(
        model=SETTINGS["text_model"],
        region_name=SETTINGS["region"],
        endpoint_url=SETTINGS["url"],
        aws_access_key_id=SETTINGS["access_key_id"],
        aws_secret_access_key=SETTINGS["secret_access_key"],
    ).bind_tools([TOOL])
    whole = None
    for chunk in model.stream(SETTINGS["text"]):
        whole = chunk if whole is None else whole + chunk
    return whole


async def answer():
    whole = await asyncio.to_thread(stream)
    calls = [(call["name"], call["args"]) for call in whole.tool_calls]
    expect(calls == [("getWeather", {"city": "Lisbon"})], f"tool calls {calls}")
    thoughts = [b for b in whole.content if isinstance(b, dict) and b.get("type") == "reasoning_content"]
    expect(thoughts and "the weather." in str(thoughts), f"thoughts {thoughts}")
    expect("Let me look." in str(whole.content), "the text is missing")
    expect((whole.usage_metadata or {}).get("total_tokens") == 42, f"usage {whole.usage_metadata}")
    return f"{len(whole.content)} blocks, {whole.response_metadata.get('stopReason')}"


CHECKS = {
    "answer": answer,
    "answer, HTTP 503 once": answer,
    "answer, unknown event": answer,
    "answer, exception": lambda: refused(answer, names=["hrottling"]),
    "answer, HTTP 400": lambda: refused(answer, names=["ValidationException"]),
    "answer, cut": lambda: refused(answer),
    "answer, early end": lambda: refused(answer),
}

asyncio.run(main(CHECKS))
