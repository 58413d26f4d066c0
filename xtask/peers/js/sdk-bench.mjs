// The official JavaScript SDK to be measured, as examples/bench_client of bedrock-stream is.

import { readFileSync, readSync } from "node:fs";
import {
  BedrockRuntimeClient,
  ConverseStreamCommand,
  InvokeModelWithBidirectionalStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
const PCM = Buffer.alloc(task.pcm, 1);

const client = new BedrockRuntimeClient({
  endpoint: task.url,
  region: task.region,
  credentials: { accessKeyId: task.access_key_id, secretAccessKey: task.secret_access_key },
});

// Says a line, and waits for the word to go on.
function say(line) {
  console.log(JSON.stringify(line));
  readSync(0, Buffer.alloc(64));
  return process.hrtime.bigint();
}

const done = (begun, detail = {}) => say({ micros: Number((process.hrtime.bigint() - begun) / 1000n), detail });

// 32 ms of speech as an event, made anew each time.
function speech() {
  const names = '"promptName":"07070707-0707-4707-8707-070707070707","contentName":"07070707-0707-4707-8707-070707070708"';
  return `{"event":{"audioInput":{${names},"content":"${PCM.toString("base64")}"}}}`;
}

const chunk = (event) => ({ chunk: { bytes: Buffer.from(event) } });
const signal = () => Promise.withResolvers?.() ?? (() => {
  const it = {};
  it.promise = new Promise((resolve) => (it.resolve = resolve));
  return it;
})();

// A call: the opening at once, `events` of audio after `go`, the close after `over`.
async function open(events) {
  const [go, over] = [signal(), signal()];
  async function* body() {
    for (const event of task.open) yield chunk(event);
    await go.promise;
    for (let sent = 0; sent < events; sent += 1) yield chunk(speech());
    await over.promise;
    for (const event of task.close) yield chunk(event);
  }
  const command = new InvokeModelWithBidirectionalStreamCommand({ modelId: task.model, body: body() });
  const response = await client.send(command);
  return { go, over, body: response.body };
}

// The texts of a reply.
async function* reply() {
  const messages = [{ role: "user", content: [{ text: "Go on." }] }];
  const { stream } = await client.send(new ConverseStreamCommand({ modelId: task.text_model, messages }));
  for await (const event of stream) if (event.contentBlockDelta) yield event.contentBlockDelta.delta.text;
}

const calls = (events) => Promise.all(Array.from({ length: task.calls }, () => open(events)));

const benches = {
  async "audio-up"() {
    const opened = await calls(task.events);
    const begun = say({ ready: true });
    await Promise.all(opened.map(async ({ go, over, body }) => {
      go.resolve();
      over.resolve();
      for await (const _ of body);
    }));
    done(begun);
  },

  async "audio-down"() {
    const opened = await calls(1);
    const begun = say({ ready: true });
    await Promise.all(opened.map(async ({ go, over, body }) => {
      go.resolve();
      let heard = 0;
      for await (const output of body) {
        const { event } = JSON.parse(Buffer.from(output.chunk.bytes).toString());
        if (event.audioOutput && Buffer.from(event.audioOutput.content, "base64").length > 0) heard += 1;
        if (heard === task.events) over.resolve();
      }
      if (heard !== task.events) throw new Error(`${heard} events of speech`);
    }));
    done(begun);
  },

  async converse() {
    const count = async () => {
      let deltas = 0;
      for await (const _ of reply()) deltas += 1;
      if (deltas !== task.events) throw new Error(`${deltas} deltas`);
    };
    await count();
    const begun = say({ ready: true });
    await Promise.all(Array.from({ length: task.calls }, count));
    done(begun);
  },

  async delta() {
    const begun = say({ ready: true });
    const ages = [];
    for await (const text of reply()) {
      // Both in microseconds: as nanoseconds since 1970 they would lose their last digits.
      const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
      ages.push(Number(now - BigInt(text.trim()) / 1000n));
    }
    if (ages.length !== task.events) throw new Error(`${ages.length} stamped deltas`);
    ages.sort((a, b) => a - b);
    const at = (part) => ages[Math.floor((ages.length * part) / 100)];
    done(begun, { p50: at(50), p99: at(99) });
  },
};

await benches[task.bench]();
process.exit(0);
