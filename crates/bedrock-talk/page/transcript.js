// What was said, turn by turn: planned, said, and what was really heard.

export class Transcript {
  constructor(list, log, empty) {
    this.list = list;
    this.log = log;
    this.empty = empty;
    this.turns = new Map();
  }

  /** Begins again. */
  clear() {
    this.list.replaceChildren();
    this.turns.clear();
    this.empty.hidden = false;
  }

  /** Takes over what the server knows and this page has missed. */
  merge(entries) {
    for (const { turn, speaker, text, state } of entries) {
      const known = this.turns.has(turn);
      const entry = this.entry(turn, speaker);
      entry.cut ||= state === 'interrupted';
      if (!known || text.length > words(entry).length) {
        entry.snapshot = text;
        entry.blocks = new Map([[-1, { text, final: state !== 'partial' }]]);
      }
      if (!known && state !== 'partial') entry.heard = text;
      this.draw(entry);
    }
  }

  userText(turn, text) {
    const entry = this.entry(turn, 'user');
    entry.blocks.set(entry.blocks.size, { text, final: true });
    this.draw(entry);
    this.announce('You', text);
  }

  assistantText({ turn, block, text, stage }) {
    const entry = this.entry(turn, 'assistant');
    if (entry.snapshot?.includes(text)) return;
    const final = stage !== 'speculative';
    entry.blocks.set(block, { text, final });
    this.draw(entry);
    if (final && !entry.cut) this.announce('Answer', text);
  }

  heard(turn, text) {
    const entry = this.turns.get(turn);
    if (entry === undefined) return;
    entry.heard = text;
    this.draw(entry);
  }

  interrupted(turn) {
    const entry = this.turns.get(turn);
    if (entry === undefined) return;
    entry.cut = true;
    this.draw(entry);
    this.announce('Answer', 'interrupted');
  }

  note(text, bad = false) {
    const item = document.createElement('li');
    item.className = bad ? 'note bad' : 'note';
    item.textContent = text;
    this.add(item);
    this.announce('Note', text);
  }

  entry(turn, speaker) {
    const known = this.turns.get(turn);
    if (known !== undefined) return known;
    const item = document.createElement('li');
    item.className = speaker;
    const who = document.createElement('p');
    who.className = 'who';
    const words = document.createElement('p');
    const heard = document.createElement('span');
    const rest = document.createElement('span');
    rest.className = 'rest';
    words.append(heard, rest);
    item.append(who, words);
    const entry = { turn, speaker, item, who, heardSpan: heard, restSpan: rest, blocks: new Map(), heard: '', cut: false };
    this.turns.set(turn, entry);
    this.add(item);
    return entry;
  }

  draw(entry) {
    const text = words(entry);
    if (entry.speaker === 'user') {
      entry.who.textContent = 'You';
      entry.heardSpan.textContent = text;
    } else {
      const heard = text.startsWith(entry.heard) ? entry.heard : text.slice(0, entry.heard.length);
      entry.heardSpan.textContent = heard;
      entry.restSpan.textContent = text.slice(heard.length);
      entry.who.textContent = `Voice · ${state(entry, heard === text)}`;
      entry.item.classList.toggle('cut', entry.cut);
    }
    this.follow();
  }

  add(item) {
    this.empty.hidden = true;
    this.list.append(item);
    this.follow();
  }

  follow() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  announce(who, text) {
    const line = document.createElement('p');
    line.textContent = `${who}: ${text}`;
    this.log.append(line);
    while (this.log.childElementCount > 20) this.log.firstElementChild.remove();
  }
}

function words(entry) {
  const blocks = [...entry.blocks.entries()].sort(([a], [b]) => a - b);
  return blocks.map(([, block]) => block.text).join(' ');
}

function state(entry, heardAll) {
  if (entry.cut) return 'interrupted; you heard what is not struck out';
  if (heardAll) return 'heard';
  return [...entry.blocks.values()].every((block) => block.final) ? 'said' : 'about to say';
}
