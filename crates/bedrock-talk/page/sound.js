// Microphone in, speech out.

/** Why there is no microphone, in words for people. */
export class MicrophoneTrouble extends Error {
  constructor(title, text) {
    super(text);
    this.title = title;
  }

  /** What a page lacks that did not come over https or from this machine. */
  static insecure() {
    return new MicrophoneTrouble('This page may not use microphone and loudspeaker',
      'Browsers allow that only over https, or on localhost. You can type instead, and read the answer.');
  }

  static of(error) {
    if (error instanceof MicrophoneTrouble) return error;
    const instead = 'You can type instead, and hear the answer.';
    switch (error.name) {
      case 'NotAllowedError':
      case 'SecurityError':
        return new MicrophoneTrouble('The microphone was refused',
          `Allow it in the browser’s address bar or in the system’s settings, then start again. ${instead}`);
      case 'NotFoundError':
      case 'OverconstrainedError':
        return new MicrophoneTrouble('No microphone was found', `Plug one in, then start again. ${instead}`);
      case 'NotReadableError':
      case 'AbortError':
        return new MicrophoneTrouble('The microphone cannot be used',
          `Another program may have it. Close that, then start again. ${instead}`);
      default:
        return new MicrophoneTrouble('The microphone does not work', `${error.message} ${instead}`);
    }
  }
}

/** Gives pieces of 32 ms to `onPiece(pcm, level)`. */
export class Microphone {
  static async open(rate, onPiece) {
    const microphone = new Microphone();
    try {
      const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      microphone.stream = await navigator.mediaDevices.getUserMedia({ audio });
      microphone.context = new AudioContext();
      await microphone.context.audioWorklet.addModule(new URL('capture.js', import.meta.url));
      const source = microphone.context.createMediaStreamSource(microphone.stream);
      const node = new AudioWorkletNode(microphone.context, 'capture', { numberOfOutputs: 0, processorOptions: { rate } });
      node.port.onmessage = ({ data }) => onPiece(data.pcm, data.level);
      source.connect(node);
      await microphone.context.resume();
      return microphone;
    } catch (error) {
      microphone.close();
      throw MicrophoneTrouble.of(error);
    }
  }

  /** Is called when the device goes away. */
  onLost(lost) {
    for (const track of this.stream.getTracks()) track.addEventListener('ended', lost);
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.context?.close();
  }
}

/** Plays speech; `onPlayed(turn, samples)` tells how much of an answer was played, `onLevel(level, idle)` how loud. */
export class Player {
  static async open(rate, { onPlayed, onLevel }) {
    const player = new Player();
    // The browser brings it to the rate of the device.
    player.context = new AudioContext({ sampleRate: rate });
    await player.context.audioWorklet.addModule(new URL('playback.js', import.meta.url));
    player.node = new AudioWorkletNode(player.context, 'playback', { numberOfInputs: 0, outputChannelCount: [1] });
    player.node.port.onmessage = ({ data }) => {
      for (const [turn, samples] of data.played) onPlayed(turn, (player.skipped.get(turn) ?? 0) + samples);
      onLevel(data.level, data.idle);
    };
    player.node.connect(player.context.destination);
    player.arrived = new Map();
    player.skipped = new Map();
    await player.context.resume();
    return player;
  }

  /** Speech of an answer, from the sample `offset` on. What has come before is not played twice. */
  push(turn, offset, pcm) {
    const arrived = this.arrived.get(turn);
    if (arrived === undefined) this.skipped.set(turn, offset);
    const known = Math.max(0, (arrived ?? offset) - offset);
    const fresh = pcm.subarray(known);
    if (fresh.length === 0) return;
    this.arrived.set(turn, offset + pcm.length);
    const copy = fresh.slice().buffer;
    this.node.port.postMessage({ turn, pcm: copy }, [copy]);
  }

  /** Stops an answer at once. */
  flush(turn) {
    this.node.port.postMessage({ flush: turn });
  }

  close() {
    this.context.close();
  }
}
