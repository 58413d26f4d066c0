// The official JavaScript SDK against a local Bedrock: one JSON line a check (docs/interop.md). The argument is as for peer-aws-sdk.

import { readFileSync } from "node:fs";
import {
  BedrockRuntimeClient,
  InvokeModelWithBidirectionalStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const PATIENCE_MS = 60_000;

const checks = {
  async "spoken session"() {
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
