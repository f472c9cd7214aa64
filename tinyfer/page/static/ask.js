// Asks Python. A message, either way, is the length of a JSON, the JSON, and bytes: see message.py.

const encoder = new TextEncoder(), decoder = new TextDecoder();
const IMPATIENT = 250;      // ms after which a question is given up where a newer one has come

export class Answer {
  #buffer;
  #start;

  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    this.#buffer = buffer;
    this.#start = 4 + length;
    Object.assign(this, JSON.parse(decoder.decode(new Uint8Array(buffer, 4, length))));
  }

  // The next `length` numbers of the bytes: answer.next(Float32Array, 2304).
  next(Numbers, length) {
    const start = this.#start;
    this.#start += length * Numbers.BYTES_PER_ELEMENT;
    return new Numbers(this.#buffer.slice(start, this.#start));
  }
}

export async function ask(name, fields = {}, bytes = new Uint8Array(0), signal = undefined) {
  const json = encoder.encode(JSON.stringify(fields));
  const message = new Uint8Array(4 + json.length + bytes.length);
  new DataView(message.buffer).setUint32(0, json.length, true);
  message.set(json, 4);
  message.set(bytes, 4 + json.length);
  const reply = await fetch(name, {method: "POST", body: message, signal});
  if (!reply.ok) throw new Error((await reply.json()).error);
  return new Answer(await reply.arrayBuffer());
}

// A line on which only the newest question counts: one is under way, one may wait, and those
// between are never asked.
export class Line {
  static failed = false;        // whether the notice above the page is about a question

  // use(answer, fields of its question); element: what is marked as busy meanwhile.
  constructor(use, element = null) {
    this.use = use;
    this.element = element;
    this.waiting = null;
    this.underWay = null;
  }

  ask(name, fields, bytes) {
    this.waiting = [name, fields, bytes];
    if (!this.underWay) this.send();
    else if (performance.now() - this.since > IMPATIENT) this.underWay.abort();
  }

  async send() {
    this.element?.setAttribute("aria-busy", true);
    while (this.waiting) {
      const [name, fields, bytes] = this.waiting;
      this.waiting = null;
      this.underWay = new AbortController();
      this.since = performance.now();
      try {
        const answer = await ask(name, fields, bytes, this.underWay.signal);
        if (Line.failed) report(null);
        Line.failed = false;
        this.use(answer, fields);
      } catch (error) {
        if (error.name !== "AbortError") {
          Line.failed = true;
          report(error);
        }
      }
      this.underWay = null;
    }
    this.element?.setAttribute("aria-busy", false);
  }
}

// Says what went wrong above the page; null takes it back.
export function report(error) {
  const notice = document.getElementById("notice");
  notice.hidden = !error;
  if (!error) return;
  notice.textContent = error instanceof TypeError
    ? "The program in the terminal does not answer: start it again with python scripts/play.py"
    : error.message;
}
