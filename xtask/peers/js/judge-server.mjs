// A Bedrock of nobody's making: Node's HTTP/2 server, the @smithy event-stream codec, @smithy/signature-v4. It re-computes
// the signature of the request and of every event, answers a spoken session in a few fixed events, and reports what it saw.
//
// Prints one line when it listens, as `bedrock serve --json` does, and one JSON line for each call. With a fourth argument, a path
// without extension, it records the head and the body of a call as a fixture there.

import { createSecureServer } from "node:http2";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { EventStreamCodec, HeaderMarshaller, getChunkedStream } from "@smithy/core/event-streams";
import { fromUtf8, toUtf8 } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "@aws-crypto/sha256-js";

const [certificate, key, ca, record] = process.argv.slice(2);
// A recorded session is a short one.
const AUDIO_BEFORE_REPLY = record ? 1 : 32_000;
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const region = "us-east-1";
const codec = new EventStreamCodec(toUtf8, fromUtf8);
const marshaller = new HeaderMarshaller(toUtf8, fromUtf8);
const signer = new SignatureV4({ credentials, region, service: "bedrock", sha256: Sha256, applyChecksum: false });
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const dateOf = (text) => new Date(text.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));

class Refusal extends Error {}
const demand = (what, good) => {
  if (!good) throw new Refusal(what);
};

// Signs the request anew with just the headers that the client signed, and gives both signatures.
async function seedOf(headers) {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? "");
  demand("an Authorization header of SigV4", match);
  const [, credential, names, signature] = match;
  demand("the scope of today", credential === `${credentials.accessKeyId}/${headers["x-amz-date"].slice(0, 8)}/${region}/bedrock/aws4_request`);
  const signed = Object.fromEntries(
    names.split(";").map((name) => [name, name === "host" ? headers.host ?? headers[":authority"] : headers[name]]),
  );
  demand("every signed header in the request", Object.values(signed).every((value) => value !== undefined));
  const [path, query = ""] = headers[":path"].split("?");
  demand("an empty query", query === "");
  const request = { method: "POST", protocol: "https:", hostname: headers[":authority"], path, query: {}, headers: signed, body: "" };
  const options = { signingDate: dateOf(headers["x-amz-date"]), signableHeaders: new Set(Object.keys(signed)), unsignableHeaders: new Set() };
  const result = await signer.sign(request, options);
  const expected = /Signature=([0-9a-f]{64})/.exec(result.headers.authorization)[1];
  demand(`the signature ${expected}, not ${signature}`, expected === signature);
  return signature;
}

// Checks one outer frame and gives the inner one, or nothing for the end frame.
async function open(bytes, prior) {
  const { headers, body } = codec.decode(bytes);
  demand("two outer headers", Object.keys(headers).sort().join() === ":chunk-signature,:date");
  const date = { ":date": headers[":date"] };
  const signable = { headers: marshaller.format(date), payload: body };
  const expected = await signer.sign(signable, { signingDate: headers[":date"].value, priorSignature: prior });
  const signature = hex(headers[":chunk-signature"].value);
  demand(`the event signature ${expected}, not ${signature}`, expected === signature);
  return { signature, inner: body.length === 0 ? undefined : codec.decode(body) };
}

const text = (value) => ({ type: "string", value });
const outgoing = (payload) =>
  codec.encode({
    headers: { ":event-type": text("chunk"), ":content-type": text("application/json"), ":message-type": text("event") },
    body: fromUtf8(JSON.stringify({ bytes: Buffer.from(JSON.stringify(payload)).toString("base64"), p: "abc" })),
  });

async function converse(stream, headers, report) {
  let prior = await seedOf(headers);
  const model = decodeURIComponent(/^\/model\/([^/]+)\/invoke-with-bidirectional-stream$/.exec(headers[":path"].split("?")[0])?.[1] ?? "");
  demand("the path of the operation", model);
  demand("the content type of event streams", headers["content-type"] === "application/vnd.amazon.eventstream");
  let ended = false;
  const body = [];
  for await (const frame of getChunkedStream(stream)) {
    body.push(frame);
    demand("nothing behind the end frame", !ended);
    const { signature, inner } = await open(frame, prior);
    prior = signature;
    report.frames += 1;
    if (inner === undefined) {
      ended = true;
      continue;
    }
    demand(":message-type event", inner.headers[":message-type"]?.value === "event");
    demand(":event-type chunk", inner.headers[":event-type"]?.value === "chunk");
    const { event } = JSON.parse(Buffer.from(JSON.parse(toUtf8(inner.body)).bytes, "base64").toString());
    const [name] = Object.keys(event);
    report.events.push(name);
    answer(stream, name, event[name], report);
  }
  demand("a signed end frame", ended);
  report.complete = true;
  stream.end();
  if (record) save(headers, Buffer.concat(body));
}

// A few fixed answers, so that a client has a whole turn to read.
function answer(stream, name, event, report) {
  const ids = { sessionId: "s", promptName: report.prompt, completionId: "c" };
  const send = (type, members) => stream.write(outgoing({ event: { [type]: { ...ids, ...members } } }));
  if (report.events.length === 1) {
    stream.respond({ ":status": 200, "content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "judge" });
  }
  if (name === "promptStart") report.prompt = event.promptName;
  if (name === "audioInput") {
    report.audio += Buffer.from(event.content, "base64").length;
    if (report.audio >= AUDIO_BEFORE_REPLY && !report.answered) {
      report.answered = true;
      const audio = { mediaType: "audio/lpcm", sampleRateHertz: 24000, sampleSizeBits: 16, encoding: "base64", channelCount: 1 };
      const pcm = Buffer.alloc(4800);
      for (let i = 0; i < pcm.length; i += 2) pcm.writeInt16LE(Math.round(8000 * Math.sin(i / 20)), i);
      send("completionStart", {});
      send("contentStart", { contentId: "t", type: "TEXT", role: "ASSISTANT", textOutputConfiguration: { mediaType: "text/plain" }, additionalModelFields: '{"generationStage":"SPECULATIVE"}' });
      send("textOutput", { contentId: "t", role: "ASSISTANT", content: "A tone." });
      send("contentEnd", { contentId: "t", type: "TEXT", stopReason: "PARTIAL_TURN" });
      send("contentStart", { contentId: "a", type: "AUDIO", role: "ASSISTANT", audioOutputConfiguration: audio });
      for (let i = 0; i < 10; i += 1) send("audioOutput", { contentId: "a", role: "ASSISTANT", content: pcm.toString("base64") });
      send("contentEnd", { contentId: "a", type: "AUDIO", stopReason: "END_TURN" });
      // The text once more, as what was really said.
      send("contentStart", { contentId: "f", type: "TEXT", role: "ASSISTANT", textOutputConfiguration: { mediaType: "text/plain" }, additionalModelFields: '{"generationStage":"FINAL"}' });
      send("textOutput", { contentId: "f", role: "ASSISTANT", content: "A tone." });
      send("contentEnd", { contentId: "f", type: "TEXT", stopReason: "END_TURN" });
    }
  }
  if (name === "promptEnd") send("completionEnd", { stopReason: "END_TURN" });
}

// The call as a case of docs/fixtures.md.
function save(headers, body) {
  const name = basename(record);
  // The user agent, which nobody signs, names the kernel of the machine.
  const neutral = (value) => value.replace(/os\/linux#\S+/, "os/linux");
  const head = Object.entries(headers).map(([key, value]) => [key, key === "user-agent" ? neutral(value) : value]);
  const source = `${neutral(headers["user-agent"])}, unmodified, recorded by cargo xtask interop --record`;
  const keys = { access_key_id: credentials.accessKeyId, secret_access_key: credentials.secretAccessKey };
  const fixture = { kind: "signed-stream", name, source, ...keys, region, service: "bedrock", head, bin: `${name}.bin`, len: body.length };
  writeFileSync(`${record}.bin`, body);
  writeFileSync(`${record}.json`, JSON.stringify(fixture, null, 2) + "\n");
}

const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: false });
server.on("stream", (stream, headers) => {
  const report = { frames: 0, events: [], audio: 0, complete: false };
  stream.on("error", () => {});
  converse(stream, headers, report)
    .catch((error) => {
      report.refused = error instanceof Refusal ? `demanded ${error.message}` : String(error);
      if (!stream.headersSent) {
        stream.respond({ ":status": 403, "content-type": "application/json", "x-amzn-errortype": "InvalidSignatureException" });
        stream.end(JSON.stringify({ message: report.refused }));
      } else {
        stream.close(2);
      }
    })
    .finally(() => {
      const counts = {};
      for (const name of report.events) counts[name] = (counts[name] ?? 0) + 1;
      console.log(JSON.stringify({ ...report, events: counts }));
    });
});
server.listen(0, "127.0.0.1", () => {
  const url = `https://localhost:${server.address().port}`;
  const keys = { access_key_id: credentials.accessKeyId, secret_access_key: credentials.secretAccessKey };
  console.log(JSON.stringify({ url, ca_file: ca, region, ...keys }));
});
