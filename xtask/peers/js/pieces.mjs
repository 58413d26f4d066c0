// How the bytes of a question arrive (docs/fixtures.md).

function* sizesOf(chunks) {
  yield* chunks;
  for (;;) yield chunks.at(-1) || Infinity;
}

// Cuts `bytes` into pieces of these sizes; the last repeats, and 0 as the last means the rest.
export async function* pieces(bytes, chunks) {
  const sizes = sizesOf(chunks);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + sizes.next().value, bytes.length);
    yield bytes.subarray(at, end);
    at = end;
  }
}
