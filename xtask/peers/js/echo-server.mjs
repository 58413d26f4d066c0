// Node's HTTP/2 server, doing as the path says: for the transport alone, without signatures.
//
// node echo-server.mjs CERTIFICATE KEY AUTHORITY
//
// Prints one line when it listens, as `bedrock serve --json` does.

import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";

const [certificate, key, ca] = process.argv.slice(2);
const NO_ERROR = 0;
// Bytes that are echoed before a call is reset or goes away: a few events.
const SOME = 10_000;

function respond(stream) {
  stream.respond({ ":status": 200, "content-type": "application/vnd.amazon.eventstream" });
}

// Calls `then` once, when so many bytes have come.
function after(stream, bytes, then) {
  let came = 0;
  stream.on("data", (chunk) => {
    const due = came < bytes && came + chunk.length >= bytes;
    came += chunk.length;
    if (due) then();
  });
}

function late(stream) {
  const body = [];
  stream.on("data", (chunk) => body.push(chunk));
  stream.on("end", () => {
    respond(stream);
    stream.end(Buffer.concat(body));
  });
}

function refuse(stream) {
  stream.respond({ ":status": 403, "content-type": "application/json" });
  stream.end(JSON.stringify({ message: "No. ".repeat(10_000) }));
}

// Node ends a stream before it resets it, unless trailers are still to come.
function reset(stream, code) {
  stream.respond({ ":status": 200 }, { waitForTrailers: true });
  stream.on("wantTrailers", () => {});
  after(stream, SOME, () => stream.write("some bytes", () => stream.close(code)));
}

function answer(stream, path) {
  const [, what, how] = path.split("/");
  if (what === "late") return late(stream);
  if (what === "refuse") return refuse(stream);
  // The last call that is taken: the one before this, or this. Node takes 0 for "this".
  if (what === "goaway" && how === "below") return stream.session.goaway(NO_ERROR, stream.id - 2);
  if (what === "goaway") after(stream, SOME, () => stream.session.goaway(NO_ERROR, stream.id));
  if (what === "reset") return reset(stream, Number(how));
  respond(stream);
  stream.pipe(stream);
}

const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: false });
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  answer(stream, headers[":path"]);
});
server.on("sessionError", () => {});
server.listen(0, "127.0.0.1", () => {
  const url = `https://localhost:${server.address().port}`;
  console.log(JSON.stringify({ url, ca_file: ca, region: "", access_key_id: "", secret_access_key: "" }));
});
