// The model's speech: a queue that is played in order, counted, and emptied at once when the user speaks over it.

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.queued = 0;
    this.holding = false;
    this.waited = 0;
    this.played = new Map();
    this.changed = new Set();
    this.since = 0;
    this.peak = 0;
    this.last = 0;
    this.port.onmessage = ({ data }) => (data.flush === undefined ? this.push(data) : this.flush(data.flush));
  }

  push({ turn, pcm }) {
    // A little is gathered first, so that the first late packet is not heard.
    if (this.queue.length === 0) {
      this.holding = true;
      this.waited = 0;
    }
    this.queue.push({ turn, pcm: new Int16Array(pcm), at: 0 });
    this.queued += pcm.byteLength / 2;
  }

  flush(turn) {
    this.queue = this.queue.filter((piece) => piece.turn !== turn);
    this.queued = this.queue.reduce((sum, piece) => sum + piece.pcm.length - piece.at, 0);
    this.changed.add(turn);
    this.report();
  }

  process(_, [output]) {
    const out = output[0];
    const gather = sampleRate * 0.06;
    if (this.holding) {
      this.waited += out.length;
      this.holding = this.queued < gather && this.waited < gather;
    }
    for (let at = 0; at < out.length; at += 1) {
      const sample = this.holding ? undefined : this.next();
      // Where there is nothing the last value dies away: a step would click.
      this.last = sample === undefined ? this.last * 0.97 : sample;
      out[at] = this.last;
      this.peak = Math.max(this.peak, Math.abs(this.last));
    }
    this.since += out.length;
    if (this.since >= sampleRate / 10) this.report();
    return true;
  }

  next() {
    const piece = this.queue[0];
    if (piece === undefined) return undefined;
    const sample = piece.pcm[piece.at] / 32768;
    piece.at += 1;
    this.queued -= 1;
    this.played.set(piece.turn, (this.played.get(piece.turn) ?? 0) + 1);
    this.changed.add(piece.turn);
    if (piece.at === piece.pcm.length) {
      this.queue.shift();
      if (this.queue.length === 0) this.since = Infinity;
    }
    return sample;
  }

  report() {
    this.since = 0;
    const played = [...this.changed].sort((a, b) => a - b).map((turn) => [turn, this.played.get(turn) ?? 0]);
    this.changed.clear();
    this.port.postMessage({ played, level: this.peak, idle: this.queue.length === 0 });
    this.peak = 0;
  }
}

registerProcessor('playback', Playback);
