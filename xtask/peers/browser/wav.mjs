// What the browser's fake microphone hears: pieces of a WAV file and silence, as one WAV file.

import { readFileSync, writeFileSync } from 'node:fs';

const HEAD = 44;
const BYTES_PER_SECOND = 32000;

/** Writes the parts, seconds of silence or 'speech', as mono PCM16 at 16 kHz. */
export function write(path, speechPath, parts) {
  const speech = readFileSync(speechPath).subarray(HEAD);
  const silence = (seconds) => Buffer.alloc(Math.round(seconds * 16000) * 2);
  const pcm = Buffer.concat(parts.map((part) => (part === 'speech' ? speech : silence(part))));
  const head = Buffer.alloc(HEAD);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(16000, 24);
  head.writeUInt32LE(BYTES_PER_SECOND, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(pcm.length, 40);
  writeFileSync(path, Buffer.concat([head, pcm]));
}
