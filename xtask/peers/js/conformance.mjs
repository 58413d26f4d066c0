// The @smithy event-stream codec and signer behind the JSON lines of docs/fixtures.md.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { EventStreamCodec, HeaderMarshaller, Int64, getChunkedStream } from "@smithy/core/event-streams";
import { fromUtf8, toUtf8 } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "@aws-crypto/sha256-js";
import { pieces } from "./pieces.mjs";

const require = createRequire(import.meta.url);
const version = (name) => `${name} ${require(`${name}/package.json`).version}`;
const codec = new EventStreamCodec(toUtf8, fromUtf8);
const marshaller = new HeaderMarshaller(toUtf8, fromUtf8);
const base64 = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

const operations = {
  describe: () => ({ version: `${version("@smithy/core")}, ${version("@smithy/signature-v4")}` }),

  async decode({ profile, input, chunks }) {
    if (profile === "strict") return { unable: "the @smithy codec has no strict profile" };
    const frames = [];
    try {
      for await (const bytes of getChunkedStream(pieces(bytesOf(input), chunks))) {
        const { headers, body } = codec.decode(bytes);
        frames.push({ headers: headersToJson(headers), payload_base64: base64(body) });
      }
    } catch (error) {
      return { frames, error: fault(error) };
    }
    return { frames, error: null };
  },

  decode_headers({ profile, input }) {
    if (profile === "strict") return { unable: "the @smithy codec has no strict profile" };
    const block = bytesOf(input);
    try {
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
      return { headers: headersToJson(marshaller.parse(view)), error: null };
    } catch (error) {
      return { headers: [], error: fault(error) };
    }
  },

  encode({ headers, payload_base64 }) {
    try {
      const body = Uint8Array.from(Buffer.from(payload_base64, "base64"));
      return { frame_base64: base64(codec.encode({ headers: headersFromJson(headers), body })) };
    } catch (error) {
      return { error: fault(error) };
    }
  },

  async sign({ key, events }) {
    const signer = new SignatureV4({
      credentials: { accessKeyId: key.access_key_id, secretAccessKey: key.secret_access_key },
      region: key.region,
      service: key.service,
      sha256: Sha256,
    });
    const signatures = [];
    for (const event of events) {
      const signable = { headers: fromHex(event.hashed_headers_hex), payload: fromHex(event.payload_hex) };
      const options = { signingDate: dateOf(event.timestamp), priorSignature: event.prior_signature };
      signatures.push(await signer.sign(signable, options));
    }
    return { signatures };
  },
};

function bytesOf(input) {
  if (input.base64 !== undefined) return Uint8Array.from(Buffer.from(input.base64, "base64"));
  const fill = new Uint8Array(input.fill_len).fill(parseInt(input.fill_byte_hex, 16));
  return Uint8Array.from(Buffer.concat([fromHex(input.prefix_hex), fill, fromHex(input.suffix_hex)]));
}

const fromHex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const fault = (error) => ({ message: String(error.message) });
const dateOf = (text) => new Date(text.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));

// A JSON number loses digits here beyond 2^53, so 64-bit values cross the loop at the end as marked text.
const longToText = ({ bytes }) => `long:${Buffer.from(bytes).readBigInt64BE()}`;

function longFromText(text) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(text.slice("long:".length)));
  return new Int64(Uint8Array.from(bytes));
}

const NUMBERS = { byte: 2, short: 3, integer: 4 };

function headersToJson(headers) {
  return Object.entries(headers).map(([name, { type, value }]) => {
    switch (type) {
      case "boolean": return { name, type: value ? 0 : 1, value };
      case "long": return { name, type: 5, value: longToText(value) };
      case "binary": return { name, type: 6, value: base64(value) };
      case "string": return { name, type: 7, value };
      case "timestamp": return { name, type: 8, value: value.valueOf() };
      case "uuid": return { name, type: 9, value };
      default: return { name, type: NUMBERS[type], value };
    }
  });
}

function headersFromJson(headers) {
  const typed = ({ type, value }) => {
    switch (type) {
      case 0: case 1: return { type: "boolean", value };
      case 2: return { type: "byte", value };
      case 3: return { type: "short", value };
      case 4: return { type: "integer", value };
      case 5: return { type: "long", value: longFromText(value) };
      case 6: return { type: "binary", value: Uint8Array.from(Buffer.from(value, "base64")) };
      case 7: return { type: "string", value };
      case 8: return { type: "timestamp", value: new Date(value) };
      case 9: return { type: "uuid", value };
    }
  };
  return Object.fromEntries(headers.map((header) => [header.name, typed(header)]));
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line.replace(/("type":5,"value":)(-?\d+)/g, '$1"long:$2"'));
  const operation = operations[question.op];
  const answer = operation ? await operation(question) : { unable: `no such operation: ${question.op}` };
  process.stdout.write(JSON.stringify(answer).replace(/"long:(-?\d+)"/g, "$1") + "\n");
}
