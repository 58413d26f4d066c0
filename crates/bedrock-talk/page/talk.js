// The page: buttons, keys, states.

import { Session } from './session.js';
import { Microphone, MicrophoneTrouble, Player } from './sound.js';
import { Transcript } from './transcript.js';

const element = (id) => document.getElementById(id);
const transcript = new Transcript(element('transcript'), element('log'), element('empty'));
const talk = element('talk');
const RATE = 16000;

const REFUSALS = {
  token: ['The address lacks its token', 'Open the whole address that bedrock talk printed, with what stands behind the #.'],
  tooManySessions: ['All lines are busy', 'Try again in a minute.'],
  origin: ['This page may not talk to the server', 'The server allows only its own page, unless it is told otherwise.'],
  service: ['The model could not be reached', 'The server did not get a session. Whoever runs it finds the reason in its output.'],
};

const STATES = {
  idle: 'Not connected',
  connecting: 'Connecting',
  reconnecting: 'Connection lost, coming back',
  listening: 'Listening',
  hearing: 'You are speaking',
  thinking: 'Thinking',
  speaking: 'Answering',
  ended: 'Ended',
  failed: 'Something is wrong',
};

let session;
let microphone;
let player;
let muted = false;
let pressed = false;
let heardSamples = new Map();
let outputRate = 24000;

takeToken();
setMode(document.querySelector('input[name=mode]:checked').value);
if (stored('session')) element('start').textContent = 'Go on talking';

element('start').addEventListener('click', () => start());
element('end').addEventListener('click', () => session?.end());
element('type').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = element('text').value.trim();
  if (text === '') return;
  session.send({ type: 'text', text });
  element('text').value = '';
});
for (const radio of document.querySelectorAll('input[name=mode]')) {
  radio.addEventListener('change', () => setMode(radio.value));
}

talk.addEventListener('click', () => mode() === 'open' && setMuted(!muted));
talk.addEventListener('pointerdown', (event) => {
  if (mode() !== 'push') return;
  talk.setPointerCapture(event.pointerId);
  press(true);
});
for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) talk.addEventListener(end, () => press(false));

document.addEventListener('keydown', (event) => {
  if (!isTalkKey(event)) return;
  event.preventDefault();
  if (!event.repeat) press(true);
});
document.addEventListener('keyup', (event) => {
  if (!isTalkKey(event)) return;
  event.preventDefault();
  press(false);
});
// A key that is let go in another window is never heard of here.
window.addEventListener('blur', () => press(false));

/** Space, unless it means something else where the focus is; on the talk button Enter does the same. */
function isTalkKey(event) {
  if (mode() !== 'push' || session === undefined || event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.target === talk) return event.key === ' ' || event.key === 'Enter';
  return event.key === ' ' && !event.target.closest('input, textarea, select, button, summary, a');
}

async function start() {
  element('start').disabled = true;
  trouble();
  setState('connecting');
  heardSamples = new Map();
  session = new Session({ token: stored('token'), resume: stored('session') });
  try {
    if (!window.isSecureContext || navigator.mediaDevices === undefined) throw MicrophoneTrouble.insecure();
    // Within the click, or the browser keeps it silent.
    player = await Player.open(outputRate, { onPlayed, onLevel });
    microphone = await Microphone.open(RATE, onPiece);
    microphone.onLost(() => trouble('The microphone is gone', 'Plug it in again and start anew, or go on typing.'));
  } catch (error) {
    const { title, message } = MicrophoneTrouble.of(error);
    trouble(title, message);
  }
  session.addEventListener('message', ({ detail }) => hear(detail));
  session.addEventListener('speech', ({ detail }) => player?.push(detail.turn, detail.offset, detail.pcm));
  session.addEventListener('lost', () => setState('reconnecting'));
  session.addEventListener('gone', ({ detail }) => gone(detail));
  session.connect();
}

function onPiece(pcm, level) {
  const open = mode() === 'open' ? !muted : pressed;
  meter('in', open ? level : 0);
  if (open) session?.sendAudio(pcm);
}

function onPlayed(turn, samples) {
  heardSamples.set(turn, samples);
  session?.send({ type: 'played', turn, samples });
  const seconds = [...heardSamples.values()].reduce((sum, count) => sum + count, 0) / outputRate;
  element('heard').textContent = `${seconds.toFixed(1)} s`;
}

function onLevel(level, idle) {
  meter('out', level);
  if (idle && document.body.dataset.state === 'speaking') setState('listening');
  if (!idle && ['thinking', 'listening'].includes(document.body.dataset.state)) setState('speaking');
}

function hear(message) {
  switch (message.type) {
    case 'ready': return ready(message);
    case 'userSpeechStarted': return setState('hearing');
    case 'userSpeechEnded': return setState('thinking');
    case 'userText': return transcript.userText(message.turn, message.text);
    case 'assistantText': return transcript.assistantText(message);
    case 'heard': return transcript.heard(message.turn, message.text);
    case 'interrupted':
      player?.flush(message.turn);
      return transcript.interrupted(message.turn);
    case 'toolCall': return transcript.note(`Tool: ${message.call.toolName}`);
    case 'toolTimedOut': return transcript.note('A tool took too long', true);
    case 'renewing': return transcript.note('A new connection to the model is being made');
    case 'renewed': return transcript.note(`Connection to the model renewed (${message.gapMs} ms without one)`);
    case 'recovering': return transcript.note('Connection to the model lost, making another', true);
    case 'audioDropped': return transcript.note(`${message.ms} ms of what you said were lost`, true);
    case 'usage': return usage(message.total);
    case 'figures': return figures(message);
    case 'ending': return transcript.note(`This session ends in ${Math.round(message.inMs / 1000)} s`);
    case 'error': return transcript.note(message.message, true);
    case 'ended': return ended(message);
    default: return undefined;
  }
}

function ready(message) {
  store('session', message.session);
  if (!message.resumed) transcript.clear();
  transcript.merge(message.transcript);
  if (message.resumed) transcript.note('Back again');
  const started = element('talk').hidden;
  setState('listening');
  for (const control of element('type').elements) control.disabled = false;
  element('start').hidden = true;
  element('end').hidden = false;
  for (const id of ['talk', 'hint', 'modes']) element(id).hidden = microphone === undefined;
  tellMuted();
  if (started) (microphone === undefined ? element('text') : talk).focus();
}

function ended({ reason, message }) {
  const words = {
    closed: 'The conversation is over',
    sessionTime: 'The conversation has lasted as long as it may',
    shutdown: 'The server was stopped',
    failed: `The conversation failed${message === undefined ? '' : `: ${message}`}`,
  };
  transcript.note(words[reason] ?? 'The conversation is over', reason === 'failed');
  stop(reason === 'failed' ? 'failed' : 'ended');
}

function gone({ code, message }) {
  if (code === 'unknownSession') {
    // It waited no longer: a new one then.
    store('session', undefined);
    transcript.clear();
    stop('connecting');
    start();
    return;
  }
  const [title, text] = REFUSALS[code] ?? ['The connection is lost', message || 'Is the server still running?'];
  if (code !== 'closed') trouble(title, text);
  stop(code === 'closed' ? 'ended' : 'failed');
}

function stop(state) {
  store('session', undefined);
  session = undefined;
  microphone?.close();
  player?.close();
  microphone = undefined;
  player = undefined;
  press(false);
  meter('in', 0);
  meter('out', 0);
  const hadFocus = [talk, element('end')].includes(document.activeElement);
  element('start').textContent = 'Start again';
  element('start').disabled = false;
  element('start').hidden = false;
  element('end').hidden = true;
  talk.hidden = true;
  for (const id of ['hint', 'modes']) element(id).hidden = false;
  for (const control of element('type').elements) control.disabled = true;
  if (hadFocus) element('start').focus();
  setState(state);
}

function usage(total) {
  const count = (tokens) => tokens.speech + tokens.text;
  element('tokens-in').textContent = String(count(total.input));
  element('tokens-out').textContent = String(count(total.output));
}

function figures({ speechToAudioMs, turns, interruptions, legs, droppedMs }) {
  if (speechToAudioMs !== null) element('latency').textContent = `${speechToAudioMs} ms`;
  element('turns').textContent = String(turns);
  element('interruptions').textContent = String(interruptions);
  element('legs').textContent = String(legs);
  element('lost').textContent = `${Math.round(droppedMs + (session?.droppedMs ?? 0))} ms`;
}

function mode() {
  return document.body.dataset.mode;
}

function setMode(wanted) {
  document.body.dataset.mode = wanted;
  press(false);
  tellMuted();
}

function setMuted(wanted) {
  muted = wanted;
  tellMuted();
}

function press(down) {
  if (pressed === down) return;
  pressed = down && session !== undefined;
  tellMuted();
}

/** The button says what it does; the server sends silence while nobody may be heard. */
function tellMuted() {
  const push = mode() === 'push';
  const silent = microphone === undefined || (push ? !pressed : muted);
  talk.textContent = push ? (pressed ? 'Listening: let go to send' : 'Hold to talk') : muted ? 'Unmute' : 'Mute';
  talk.setAttribute('aria-pressed', String(push ? pressed : muted));
  element('hint').textContent = push
    ? 'Hold the button, or the space bar anywhere on this page.'
    : 'Headphones keep the answer out of your microphone.';
  if (session?.ready) session.send({ type: silent ? 'mute' : 'unmute' });
}

function setState(state) {
  document.body.dataset.state = state;
  const text = element('status-text');
  if (text.textContent !== STATES[state]) text.textContent = STATES[state];
}

function trouble(title, text) {
  element('trouble').hidden = title === undefined;
  element('trouble-title').textContent = title ?? '';
  element('trouble-text').textContent = text ?? '';
}

/** Levels as the ear has them: 60 dB from end to end. */
function meter(which, level) {
  const shown = Math.max(0, Math.min(1, 1 + (20 * Math.log10(level + 1e-6)) / 60));
  element(`meter-${which}`).style.transform = `scaleX(${shown})`;
  element('orb').style.setProperty(`--${which}`, shown);
}

/** The token comes behind the #, which no server and no other page ever sees. */
function takeToken() {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (token === null) return;
  store('token', token);
  history.replaceState(null, '', window.location.pathname);
}

function stored(name) {
  return sessionStorage.getItem(`talk-${name}`) ?? undefined;
}

function store(name, value) {
  if (value === undefined) sessionStorage.removeItem(`talk-${name}`);
  else sessionStorage.setItem(`talk-${name}`, value);
}
