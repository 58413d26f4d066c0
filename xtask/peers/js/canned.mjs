// The SDK's client on a transport that answers from memory.

import { Readable } from "node:stream";
import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { HttpResponse } from "@smithy/core/protocols";
import { pieces } from "./pieces.mjs";

// `transport_end` is "cut" where the connection is lost behind the body.
export function client({ input, chunks = [], transport_end = "clean" }) {
  async function* body() {
    yield* pieces(Buffer.from(input.base64, "base64"), chunks);
    if (transport_end === "cut") throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  }
  const headers = { "content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "r-1" };
  const response = () => new HttpResponse({ statusCode: 200, headers, body: Readable.from(body()) });
  return new BedrockRuntimeClient({
    region: "us-east-1",
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    maxAttempts: 1,
    requestHandler: { handle: async () => ({ response: response() }) },
  });
}
