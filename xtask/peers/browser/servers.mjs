// `bedrock` as a child, a relay that can be cut, and a page of somebody else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { createInterface } from 'node:readline';

/** A `bedrock` command that prints JSON lines; `lines` has those behind the first. */
export class Bedrock {
  static async start(program, args, env = {}) {
    const bedrock = new Bedrock();
    bedrock.child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    bedrock.lines = [];
    const reader = createInterface({ input: bedrock.child.stdout });
    const first = new Promise((resolve, reject) => {
      reader.on('line', (line) => {
        const said = JSON.parse(line);
        if (bedrock.address === undefined) resolve((bedrock.address = said));
        else bedrock.lines.push(said);
      });
      bedrock.child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
    });
    await first;
    return bedrock;
  }

  /** As Ctrl-C does; gives the exit code. */
  async stop() {
    if (this.child.exitCode !== null) return this.child.exitCode;
    this.child.kill('SIGINT');
    const [code] = await once(this.child, 'exit');
    return code;
  }
}

/** A TCP relay whose connections can be cut, and which can be closed for a while. */
export class Relay {
  static async start(port) {
    const relay = new Relay();
    relay.sockets = new Set();
    relay.open = true;
    relay.server = net.createServer((near) => {
      if (!relay.open) return near.destroy();
      const far = net.connect(port, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]]) {
        relay.sockets.add(one);
        one.on('error', () => {});
        one.on('close', () => {
          relay.sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
      return undefined;
    });
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    relay.url = `http://127.0.0.1:${relay.server.address().port}/`;
    return relay;
  }

  cut() {
    for (const socket of this.sockets) socket.destroy();
  }

  stop() {
    this.cut();
    this.server.close();
  }
}

/** An empty page of another origin. */
export async function foreignPage() {
  const server = http.createServer((_, response) => response.end('<!doctype html><title>foreign</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}
