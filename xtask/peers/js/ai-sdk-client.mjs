// The Vercel AI SDK's Bedrock provider, unmodified, against a local Bedrock: one JSON line a check (docs/interop.md).
import { readFileSync } from "node:fs";
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const PATIENCE = 40_000;

function expect(condition, what) {
  if (!condition) throw new Error(`differs: ${what}`);
}

async function answer() {
  const bedrock = createAmazonBedrock({
    region: settings.region,
    accessKeyId: settings.access_key_id,
    secretAccessKey: settings.secret_access_key,
    baseURL: settings.url,
  });
  const { stream } = await bedrock(settings.text_model).doStream({
    prompt: [{ role: "user", content: [{ type: "text", text: settings.text }] }],
    tools: [
      {
        type: "function",
        name: "getWeather",
        description: "The weather in a city",
        inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    ],
  });
  let text = "";
  let thoughts = "";
  let finish;
  const calls = [];
  for await (const part of stream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") text += part.delta;
    if (part.type === "reasoning-delta") thoughts += part.delta ?? "";
    if (part.type === "tool-call") calls.push(part);
    if (part.type === "finish") finish = part;
  }
  const reason = finish?.finishReason?.unified ?? finish?.finishReason;
  expect(finish && reason !== "other" && reason !== "unknown", `finish ${JSON.stringify(finish?.finishReason)}`);
  expect(calls.length === 1 && JSON.parse(calls[0].input).city === "Lisbon", `${calls.length} tool calls`);
  expect(text === "Let me look.", `a text of ${text.length} characters`);
  expect(thoughts.includes("the weather."), "the thoughts are missing");
  expect(JSON.stringify(finish.usage).includes("12"), "the usage is missing");
  return `${reason}, ${calls.length} tool call`;
}

function refused(...names) {
  return async () => {
    let found;
    try {
      found = await answer();
    } catch (error) {
      if (error?.message?.startsWith("differs: ")) throw error;
      const words = `${error?.name}: ${error?.message ?? JSON.stringify(error)}`;
      if (names.length && !names.some((name) => words.includes(name))) throw new Error(`an error without the cause: ${words}`);
      return words;
    }
    throw new Error(`the end was reported as one in order (${found})`);
  };
}

const checks = {
  answer,
  "answer, HTTP 503 once": answer,
  "answer, unknown event": answer,
  "answer, exception": refused("hrottling", "Too many"),
  "answer, HTTP 400": refused("AI_APICallError"),
  "answer, cut": refused(),
  "answer, early end": refused(),
};

function deadline() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("no end and no error in time")), PATIENCE).unref());
}

for (const check of settings.checks) {
  let found;
  try {
    found = { check, ok: true, detail: String(await Promise.race([checks[check](), deadline()])).slice(0, 200) };
  } catch (error) {
    found = { check, ok: false, detail: `${error.message}`.slice(0, 300) };
  }
  console.log(JSON.stringify(found));
}
process.exit(0);
