// The microphone, brought to the session's rate and cut into pieces of 32 ms.

const TAPS_EACH_SIDE = 16;

/** A windowed-sinc filter between two rates, a table of taps for each phase that there is. */
class Resampler {
  constructor(from, to) {
    const divisor = gcd(from, to);
    this.step = from / divisor;
    this.phases = to / divisor;
    const cutoff = Math.min(1, to / from) * 0.94;
    this.half = Math.ceil(TAPS_EACH_SIDE / cutoff);
    this.taps = Array.from({ length: this.phases }, (_, phase) => taps(phase / this.phases, this.half, cutoff));
    this.input = new Float32Array(2 * this.half);
    this.position = 0;
    this.phase = 0;
  }

  push(samples, out) {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    while (this.position + 2 * this.half < input.length) {
      const filter = this.taps[this.phase];
      let sum = 0;
      for (let tap = 0; tap < filter.length; tap += 1) sum += filter[tap] * input[this.position + tap];
      out(sum);
      this.phase += this.step;
      this.position += Math.floor(this.phase / this.phases);
      this.phase %= this.phases;
    }
    const keep = Math.min(this.position, input.length);
    this.input = input.slice(keep);
    this.position -= keep;
  }
}

function taps(fraction, half, cutoff) {
  const filter = new Float32Array(2 * half);
  let sum = 0;
  for (let at = 0; at < filter.length; at += 1) {
    const x = at - half + 1 - fraction;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
    const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / half);
    filter[at] = sinc * Math.max(0, window);
    sum += filter[at];
  }
  return filter.map((tap) => tap / sum);
}

function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.resampler = new Resampler(Math.round(sampleRate), processorOptions.rate);
    this.size = Math.round(processorOptions.rate * 0.032);
    this.piece = new Int16Array(this.size);
    this.filled = 0;
    this.power = 0;
  }

  process([input]) {
    if (input.length === 0) return true;
    let samples = input[0];
    if (input.length > 1) samples = samples.map((sample, at) => (sample + input[1][at]) / 2);
    this.resampler.push(samples, (sample) => this.take(sample));
    return true;
  }

  take(sample) {
    const clipped = Math.max(-1, Math.min(1, sample));
    this.piece[this.filled] = Math.round(clipped * 32767);
    this.power += clipped * clipped;
    this.filled += 1;
    if (this.filled < this.size) return;
    const level = Math.sqrt(this.power / this.size);
    this.port.postMessage({ pcm: this.piece.buffer, level }, [this.piece.buffer]);
    this.piece = new Int16Array(this.size);
    this.filled = 0;
    this.power = 0;
  }
}

registerProcessor('capture', Capture);
