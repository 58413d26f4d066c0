// The wrappers of npm `ai` 3 behind the official SDK: a JSON line for each question in the file that the argument names.

import { readFileSync } from "node:fs";
import { InvokeModelWithResponseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import {
  AWSBedrockAnthropicMessagesStream,
  AWSBedrockAnthropicStream,
  AWSBedrockCohereStream,
  AWSBedrockLlama2Stream,
  AWSBedrockStream,
} from "ai";
import { client } from "./canned.mjs";

const wrappers = {
  AWSBedrockAnthropicMessagesStream,
  AWSBedrockAnthropicStream,
  AWSBedrockCohereStream,
  AWSBedrockLlama2Stream,
  AWSBedrockStream: (response, callbacks) => AWSBedrockStream(response, callbacks, (chunk) => chunk.outputText),
};

for (const question of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const told = [];
  const note = (name) => (text) => void told.push(text === undefined ? name : `${name} ${text}`);
  const callbacks = {
    onStart: note("start"),
    onToken: note("token"),
    onText: note("text"),
    onCompletion: note("completion"),
    onFinal: note("final"),
  };
  const command = new InvokeModelWithResponseStreamCommand({ modelId: "m", body: "{}" });
  const response = await client(question).send(command);
  const decoder = new TextDecoder();
  let written = "";
  let failed = false;
  try {
    for await (const piece of wrappers[question.wrapper](response, callbacks)) {
      written += decoder.decode(piece, { stream: true });
    }
  } catch {
    failed = true;
  }
  console.log(JSON.stringify({ told, written, failed }));
}
