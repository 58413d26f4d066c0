// The official JavaScript SDK against a local Bedrock: one JSON line a check (docs/interop.md). The argument is as for peer-aws-sdk.

import { readFileSync } from "node:fs";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithBidirectionalStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const PATIENCE_MS = 40_000;

const checks = {
  async "spoken session"() {
    const seen = await readSession();
    const text = `${seen.events} events, ${seen.audio} bytes of speech`;
    if (!seen.spoken || !seen.completed || seen.audio === 0) {
      throw new Error(`${text}; spoken to its end: ${seen.spoken}, completed: ${seen.completed}`);
    }
    return text;
  },

  async "exception in the stream"() {
    const events = new Queue([settings.open[0], settings.open.at(-1)]);
    const name = await failure(async () => {
      const response = await call(client(settings.secret_access_key), events);
      for await (const _ of response.body);
    });
    events.end();
    if (name.name !== "ValidationException") throw new Error(String(name));
    return `${name.name}: ${name.message}`;
  },

  async "wrong secret"() {
    const events = new Queue([settings.open[0]]);
    const error = await failure(() => call(client("another secret"), events));
    events.end();
    const status = error.$metadata?.httpStatusCode;
    if (status !== 403) throw new Error(`HTTP ${status}, ${error.name}`);
    return `HTTP ${status}, ${error.name}`;
  },
};

// Plays the session and reads until the SDK says that the stream has ended.
async function readSession() {
  const events = new Queue(settings.open);
  // send() resolves only with the first output event, so all of `open` lies ready before it.
  const response = await call(client(settings.secret_access_key), events);
  const seen = { events: 0, audio: 0, spoken: false, completed: false };
  for await (const output of response.body) {
    const { event } = JSON.parse(Buffer.from(output.chunk.bytes).toString());
    seen.events += 1;
    seen.audio += Math.floor((event.audioOutput?.content.length ?? 0) / 4) * 3;
    seen.completed ||= event.completionEnd !== undefined;
    if (event.contentEnd?.type === "AUDIO" && event.contentEnd.stopReason === "END_TURN" && !seen.spoken) {
      seen.spoken = true;
      settings.close.forEach((text) => events.push(text));
      events.end();
    }
  }
  return seen;
}

// The server breaks the session off: the SDK must report an error, not an end.
async function brokenSession() {
  const error = await failure(readSession);
  return String(error.message).slice(0, 160);
}
for (const how of ["reset", "cut", "closed"]) checks[`spoken session, ${how}`] = brokenSession;

const conversation = () => ({
  modelId: settings.text_model,
  messages: [{ role: "user", content: [{ text: settings.text }] }],
});
const native = () => ({
  modelId: settings.text_model,
  body: JSON.stringify({ messages: conversation().messages, inferenceConfig: { maxTokens: 100 } }),
});
const ask = (command) => client(settings.secret_access_key).send(command);

checks["converse"] = checks["converse, HTTP 503 once"] = async () => {
  const { output, usage } = await ask(new ConverseCommand(conversation()));
  if (!output.message.content.some(({ text }) => text)) throw new Error("no text");
  return `${usage.totalTokens} tokens`;
};

checks["converse stream"] = async () => {
  const { stream } = await ask(new ConverseStreamCommand(conversation()));
  let text = "";
  let stop;
  let tokens;
  for await (const event of stream) {
    text += event.contentBlockDelta?.delta?.text ?? "";
    stop ??= event.messageStop?.stopReason;
    tokens ??= event.metadata?.usage?.totalTokens;
  }
  if (!text || !stop || !tokens) throw new Error(`text ${text.length}, stop ${stop}, tokens ${tokens}`);
  return `${text.length} characters, ${stop}, ${tokens} tokens`;
};

checks["converse stream, exception"] = async () => {
  const error = await failure(checks["converse stream"]);
  if (error.name !== "ThrottlingException") throw error;
  return `${error.name}: ${error.message}`;
};

checks["converse, HTTP 400"] = async () => {
  const error = await failure(checks["converse"]);
  const found = `HTTP ${error.$metadata?.httpStatusCode}, ${error.name}`;
  if (error.$metadata?.httpStatusCode !== 400) throw new Error(found);
  return found;
};

checks["invoke"] = async () => {
  const { body } = await ask(new InvokeModelCommand(native()));
  JSON.parse(Buffer.from(body).toString());
  return `${body.length} bytes of JSON`;
};

checks["invoke stream"] = async () => {
  const { body } = await ask(new InvokeModelWithResponseStreamCommand(native()));
  let chunks = 0;
  for await (const event of body) {
    JSON.parse(Buffer.from(event.chunk.bytes).toString());
    chunks += 1;
  }
  if (chunks === 0) throw new Error("no chunk");
  return `${chunks} chunks`;
};

function client(secret) {
  return new BedrockRuntimeClient({
    region: settings.region,
    endpoint: settings.url,
    credentials: { accessKeyId: settings.access_key_id, secretAccessKey: secret },
  });
}

const call = (client, events) =>
  client.send(new InvokeModelWithBidirectionalStreamCommand({ modelId: settings.model, body: events.stream() }));

async function failure(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("it went well");
}

// Events that are sent, and more of them later.
class Queue {
  #waiting;
  #done = false;
  #wake = () => {};

  constructor(texts) {
    this.#waiting = [...texts];
  }

  push(text) {
    this.#waiting.push(text);
    this.#wake();
  }

  end() {
    this.#done = true;
    this.#wake();
  }

  async *stream() {
    for (;;) {
      while (this.#waiting.length > 0) yield { chunk: { bytes: Buffer.from(this.#waiting.shift()) } };
      if (this.#done) return;
      await new Promise((wake) => (this.#wake = wake));
    }
  }
}

const late = () =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing came of it in ${PATIENCE_MS / 1000} s`)), PATIENCE_MS).unref();
  });

for (const check of settings.checks) {
  const work = checks[check] ?? (() => Promise.reject(new Error(`this client has no check "${check}"`)));
  const finding = await Promise.race([work(), late()]).then(
    (detail) => ({ check, ok: true, detail }),
    (error) => ({ check, ok: false, detail: String(error.message).slice(0, 200) }),
  );
  console.log(JSON.stringify(finding));
}
process.exit(0);
