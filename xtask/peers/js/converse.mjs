// ConverseStream as the official JavaScript SDK reads it, behind the JSON lines of docs/fixtures.md: what it hands out, folded by block.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { client } from "./canned.mjs";

const { version } = createRequire(import.meta.url)("@aws-sdk/client-bedrock-runtime/package.json");

const operations = {
  describe: () => ({ version: `@aws-sdk/client-bedrock-runtime ${version}` }),

  async converse(question) {
    const heard = { text: "", reasoning: "", stop_reason: null, usage: null };
    const calls = new Map();
    let error = null;
    try {
      const response = await client(question).send(new ConverseStreamCommand({ modelId: "m" }));
      for await (const event of response.stream) take(heard, calls, event);
    } catch (failed) {
      error = { code: failed.name, message: failed.message ?? null };
      if (failed.originalStatusCode !== undefined) error.originalStatus = failed.originalStatusCode;
      if (failed.originalMessage !== undefined) error.originalMessage = failed.originalMessage;
    }
    const callers = [...calls.values()].filter(({ type }) => type !== "server_tool_use");
    // Half a surrogate pair, which the SDK lets through, is no JSON to others.
    heard.text = heard.text.toWellFormed();
    return { outcome: error ? "failed" : "complete", error, ...heard, calls: callers };
  },
};

function take(heard, calls, { contentBlockStart, contentBlockDelta, messageStop, metadata }) {
  const use = contentBlockStart?.start?.toolUse;
  if (use) {
    const { toolUseId: id, name, type } = use;
    calls.set(contentBlockStart.contentBlockIndex, { id, name, type, input: "" });
  }
  const delta = contentBlockDelta?.delta;
  heard.text += delta?.text ?? "";
  heard.reasoning += delta?.reasoningContent?.text ?? "";
  if (delta?.toolUse) {
    const index = contentBlockDelta.contentBlockIndex;
    if (!calls.has(index)) calls.set(index, { name: null, input: "" });
    calls.get(index).input += delta.toolUse.input ?? "";
  }
  if (messageStop) heard.stop_reason = messageStop.stopReason ?? null;
  if (metadata?.usage) {
    const counts = Object.entries(metadata.usage).filter(([name, count]) => name.endsWith("Tokens") && count !== undefined);
    heard.usage = Object.fromEntries(counts);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const operation = operations[question.op];
  const answer = operation ? await operation(question) : { unable: "the SDK's client shows no frames" };
  process.stdout.write(JSON.stringify(answer) + "\n");
}
