// `cargo xtask browser`: the page of `bedrock talk` in Chromium, whose microphone is a file.
//
// Arguments: the `bedrock` program, Chromium, the question's WAV file, a folder to write to. Prints a line a check, and last
// "N passed, N failed".

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Bedrock, Relay, foreignPage } from './servers.mjs';
import { write } from './wav.mjs';

const [program, executablePath, question, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const PATIENCE = 30_000;

const once = join(folder, 'once.wav');
const again = join(folder, 'again.wav');
write(once, question, [1, 'speech', 40]);
// The second question comes while the first is being answered at length.
write(again, question, [1, 'speech', 4, 'speech', 40]);

/** A model that answers at length whatever it hears. */
const talkative = join(folder, 'talkative.json');
const say = (text, tone_ms) => ({ say: { text, tone_ms } });
writeFileSync(talkative, JSON.stringify({
  repeat: true,
  sonic: [
    { when: 'turn', send: [
      { transcript: 'What is the weather like today?' },
      say('The morning is clear and cool, with a light wind from the sea.', 5000),
      say('In the afternoon there will be clouds, and some rain in the hills.', 5000),
    ] },
    { when: 'turn', send: [
      { transcript: 'And tomorrow?' },
      say('Tomorrow will be dry and warm.', 3000),
    ] },
  ],
}));

/** Runs in the page before its own code: listens to what goes to the loudspeaker. */
function tap() {
  const connect = AudioNode.prototype.connect;
  window.loudest = 0;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const analyser = this.context.createAnalyser();
      analyser.fftSize = 2048;
      connect.call(this, analyser);
      const samples = new Float32Array(analyser.fftSize);
      window.soundNow = () => {
        analyser.getFloatTimeDomainData(samples);
        return Math.max(...samples.map(Math.abs));
      };
      setInterval(() => (window.loudest = Math.max(window.loudest, window.soundNow())), 40);
    }
    return connect.call(this, target, ...rest);
  };
}

/** A browser with a microphone of a kind, at a page; `use` is given the page. */
async function visit({ url, microphone, ui = true, colorScheme = 'light', viewport = { width: 1080, height: 760 } }, use) {
  const profile = mkdtempSync(join(tmpdir(), 'bedrock-talk-'));
  const args = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--autoplay-policy=user-gesture-required',
  ];
  if (ui) args.push('--use-fake-ui-for-media-stream');
  if (microphone) args.push('--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}%noloop`);
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args, colorScheme, viewport });
  context.setDefaultTimeout(PATIENCE);
  try {
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.addInitScript(tap);
    await page.goto(url);
    await use(page, complaints);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const state = (page) => page.evaluate(() => document.body.dataset.state);
const until = (page, wanted) => page.waitForFunction((states) => states.includes(document.body.dataset.state), [wanted].flat());
const shot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) });

const checks = {
  async 'speaks, and hears an answer that is not silence'(servers) {
    const talk = await servers.loopback();
    await visit({ url: talk.address.url, microphone: once }, async (page, complaints) => {
      await shot(page, 'talk-idle');
      await page.getByRole('button', { name: 'Start talking' }).click();
      await until(page, 'hearing');
      await until(page, 'speaking');
      await page.waitForFunction(() => window.loudest > 0.05);
      await page.getByText('Voice · heard').waitFor();
      const said = await page.locator('#transcript .assistant').innerText();
      assert.match(said, /I heard .* seconds of speech/);
      assert.equal(await page.locator('#transcript .user').count(), 1);
      assert.ok(parseFloat(await page.locator('#heard').textContent()) > 1);
      assert.ok(parseInt(await page.locator('#tokens-in').textContent(), 10) > 0);
      assert.match(await page.locator('#log').textContent(), /You: .*Answer: /s);
      await page.getByRole('button', { name: 'End', exact: true }).click();
      await until(page, 'ended');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'start');
      assert.deepEqual(complaints, []);
    });
    await talk.seen((line) => line.type === 'ended' && line.reason === 'closed' && line.turns === 1);
  },

  async 'speaks over the answer, which stops at once'(servers) {
    const talk = await servers.talkative();
    await visit({ url: talk.address.url, microphone: again, colorScheme: 'dark' }, async (page) => {
      await page.getByRole('button', { name: 'Start talking' }).click();
      await until(page, 'speaking');
      await page.waitForTimeout(1500);
      await shot(page, 'talk-speaking');
      assert.equal(await page.locator('#transcript .cut').count(), 0);
      await page.locator('#transcript .cut').waitFor();
      await page.waitForFunction(() => window.soundNow() < 0.01, undefined, { timeout: 300 });
      const rest = await page.locator('#transcript .cut .rest').first().textContent();
      assert.ok(rest.length > 5, `all was heard: ${rest}`);
      await until(page, 'speaking');
      await page.getByText('Tomorrow will be dry').first().waitFor();
      await shot(page, 'talk-interrupted');
    });
    await talk.seen((line) => line.type === 'detached');
  },

  async 'comes back after its connection broke, to the same session'(servers) {
    const talk = await servers.talkative();
    const relay = await Relay.start(new URL(talk.address.url).port);
    await visit({ url: relay.url, microphone: once }, async (page) => {
      await page.getByRole('button', { name: 'Start talking' }).click();
      await until(page, 'speaking');
      relay.open = false;
      relay.cut();
      await until(page, 'reconnecting');
      await page.waitForTimeout(1500);
      relay.open = true;
      await page.locator('#transcript').getByText('Back again').first().waitFor();
      // The answer goes on to its end, with what was said meanwhile.
      await page.locator('#transcript').getByText('in the hills').waitFor();
      await page.getByText('Voice · heard').waitFor();
      assert.ok(parseFloat(await page.locator('#heard').textContent()) > 9.5);
      await page.reload();
      await page.getByRole('button', { name: 'Go on talking' }).click();
      await page.getByText('in the hills').first().waitFor();
    });
    relay.stop();
    const resumed = talk.lines.filter((line) => line.type === 'resumed');
    assert.equal(resumed.length, 2, JSON.stringify(talk.lines));
    assert.equal(talk.lines.filter((line) => line.type === 'started').length, 1);
  },

  async 'takes push to talk from the keyboard'(servers) {
    const talk = await servers.loopback();
    await visit({ url: talk.address.url, microphone: again }, async (page) => {
      await page.getByLabel('Push to talk').check();
      await page.getByRole('button', { name: 'Start talking' }).click();
      await until(page, 'listening');
      // The first question is over and was not for the server.
      await page.waitForTimeout(3000);
      assert.equal(await state(page), 'listening');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'talk');
      await page.keyboard.down('Space');
      await until(page, 'hearing');
      assert.equal(await page.locator('#talk').getAttribute('aria-pressed'), 'true');
      await page.waitForTimeout(1000);
      await page.keyboard.up('Space');
      assert.equal(await page.locator('#talk').getAttribute('aria-pressed'), 'false');
      await page.locator('#transcript .assistant').waitFor();
    });
  },

  async 'says so when the microphone is refused, and takes typing instead'(servers) {
    const talk = await servers.loopback();
    const viewport = { width: 390, height: 780 };
    await visit({ url: talk.address.url, microphone: once, ui: false, viewport }, async (page) => {
      await page.getByRole('button', { name: 'Start talking' }).click();
      await page.getByRole('alert').getByText('The microphone was refused').waitFor();
      const text = page.getByLabel('Type instead of speaking');
      await until(page, 'listening');
      await text.fill('Hello there');
      await text.press('Enter');
      await page.locator('#transcript .user').getByText('Hello there').waitFor();
      await page.locator('#transcript .assistant').waitFor();
      await page.waitForFunction(() => window.loudest > 0.05);
      await shot(page, 'talk-refused');
    });
  },

  async 'says so when there is no microphone'(servers) {
    const talk = await servers.loopback();
    await visit({ url: talk.address.url, microphone: undefined }, async (page) => {
      await page.getByRole('button', { name: 'Start talking' }).click();
      await page.getByRole('alert').getByText(/No microphone was found|cannot be used/).waitFor();
    });
  },

  async 'is no way in for a page of another origin'(servers) {
    const talk = await servers.loopback();
    const foreign = await foreignPage();
    await visit({ url: foreign.url }, async (page) => {
      const outcome = await page.evaluate((url) => new Promise((resolve) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}talk`);
        socket.onopen = () => resolve('open');
        socket.onclose = ({ code }) => resolve(code);
      }), talk.address.url);
      assert.equal(outcome, 1006);
    });
    foreign.stop();
    await talk.seen((line) => line.type === 'refused' && line.why === 'origin');
  },

  async 'wants its token, and takes it out of the address'(servers) {
    const talk = await servers.loopback('--token', 'a secret');
    assert.match(talk.address.url, /#token=/);
    await visit({ url: talk.address.url.split('#')[0], microphone: once }, async (page) => {
      await page.getByRole('button', { name: 'Start talking' }).click();
      await page.getByRole('alert').getByText('The address lacks its token').waitFor();
    });
    await visit({ url: talk.address.url, microphone: once }, async (page) => {
      assert.equal(new URL(page.url()).hash, '');
      await page.getByRole('button', { name: 'Start talking' }).click();
      await until(page, ['listening', 'hearing']);
    });
  },
};

/** The servers of one check. */
class Servers {
  constructor() {
    this.running = [];
  }

  loopback(...more) {
    return this.talk('--loopback', ...more);
  }

  async talkative() {
    const bedrock = await Bedrock.start(program, ['serve', '--json', '--quiet', '--scenario', talkative]);
    this.running.unshift(bedrock);
    const { url, ca_file, region, access_key_id, secret_access_key } = bedrock.address;
    this.env = { AWS_ACCESS_KEY_ID: access_key_id, AWS_SECRET_ACCESS_KEY: secret_access_key };
    return this.talk('--endpoint-url', url, '--ca-file', ca_file, '--region', region);
  }

  async talk(...more) {
    const talk = await Bedrock.start(program, ['talk', '--json', '--listen', '127.0.0.1:0', ...more], this.env);
    this.running.push(talk);
    talk.seen = async (wanted) => {
      for (let tries = 0; tries < 100; tries += 1) {
        if (talk.lines.some(wanted)) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.fail(`not among ${JSON.stringify(talk.lines)}`);
    };
    return talk;
  }

  async stop() {
    const codes = [];
    for (const server of this.running.toReversed()) codes.push(await server.stop());
    return codes;
  }
}

let passed = 0;
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const servers = new Servers();
  const began = Date.now();
  const wrong = await check(servers).then(() => undefined, (error) => error);
  const codes = await servers.stop();
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  if (wrong === undefined && codes.every((code) => code === 0)) {
    passed += 1;
    console.log(`passed  ${name} (${seconds} s)`);
  } else {
    failed += 1;
    console.log(`FAILED  ${name}: ${wrong?.stack ?? `exit codes ${codes}`}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
