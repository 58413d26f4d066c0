// The WebSocket beneath: docs/talk.md, version 1. Comes back by itself while the session waits for it.

const VERSION = 1;
const SPEECH = 1;
const HEADER = 12;
/** Audio that may wait in the browser, in bytes: a second. More is thrown away, since nobody wants to be heard late. */
const BACKLOG = 32000;

/** Fires `message` (detail: the JSON), `speech` (turn, offset, pcm), `lost`, `gone` (detail: why). */
export class Session extends EventTarget {
  constructor({ token, resume }) {
    super();
    this.token = token;
    this.resume = resume;
    this.droppedMs = 0;
    this.over = false;
    this.ready = false;
  }

  connect() {
    const url = new URL('talk', window.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.send({ type: 'hello', version: VERSION, token: this.token, resume: this.resume });
    socket.onmessage = ({ data }) => (typeof data === 'string' ? this.hear(JSON.parse(data)) : this.hearSpeech(data));
    socket.onclose = ({ code, reason }) => this.closed(socket, code, reason);
    this.socket = socket;
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  sendAudio(pcm) {
    if (!this.ready) return;
    if (this.socket.bufferedAmount > BACKLOG) {
      this.droppedMs += pcm.byteLength / 32;
      return;
    }
    this.socket.send(pcm);
  }

  /** Ends the session in order. */
  end() {
    if (this.ready) {
      this.send({ type: 'bye' });
      return;
    }
    this.over = true;
    clearTimeout(this.timer);
    this.socket.close();
    this.fire('gone', { code: 'closed' });
  }

  hear(message) {
    if (message.type === 'ready') {
      this.ready = true;
      this.resume = message.session;
      this.graceMs = message.graceMs;
      this.lostAt = undefined;
      this.attempt = 0;
    } else if (message.type === 'error' && !this.ready) {
      this.refusal = message;
      return;
    } else if (message.type === 'ended') {
      this.over = true;
    }
    this.fire('message', message);
  }

  hearSpeech(data) {
    const head = new DataView(data);
    if (head.getUint8(0) !== SPEECH) return;
    const turn = head.getUint32(4, true);
    const offset = head.getUint32(8, true);
    this.fire('speech', { turn, offset, pcm: new Int16Array(data, HEADER) });
  }

  closed(socket, code, reason) {
    if (socket !== this.socket || this.over) return;
    this.ready = false;
    const refused = this.refusal;
    this.refusal = undefined;
    const final = refused !== undefined && refused.code !== 'service';
    this.lostAt ??= Date.now();
    if (final || this.graceMs === undefined || Date.now() - this.lostAt > this.graceMs || code === 4409) {
      this.over = true;
      this.fire('gone', { code: refused?.code ?? String(code), message: refused?.message ?? reason });
      return;
    }
    this.attempt = (this.attempt ?? 0) + 1;
    this.fire('lost', { attempt: this.attempt });
    this.timer = setTimeout(() => this.connect(), Math.min(250 * 2 ** (this.attempt - 1), 4000));
  }

  fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
