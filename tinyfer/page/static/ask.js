// Asks whoever answers. The panels know only this file, not where answers come from (program.js).

const IMPATIENT = 250;      // ms after which a question is given up where a newer one has come,
const PATIENT = 1000;       // unless no answer has been seen for so long: a camera never rests
const LATE = 200;           // ms after which what an answer will replace fades

let source = null;          // (name, fields, bytes, signal) -> the promise of an answer
let told = 0;               // when the notice was put above the page

export function answersFrom(given) { source = given; }

export async function ask(name, fields = {}, bytes = new Uint8Array(0), signal = undefined) {
  const since = performance.now(), answer = await source(name, fields, bytes, signal);
  if (since > told) report(null);
  return answer;
}

// Questions of one kind, one under way at a time. Where only the newest counts (a slider), one
// waits and those between are never asked; those that change something (a press on a button) are
// all asked, one after the other.
export class Line {
  #presses = [];
  #waiting = null;
  #underWay = null;
  #since = 0;               // the question under way
  #shown = 0;               // the last answer
  #timer = 0;

  // use(answer, fields of its question); element: what the answer fills, faded until it is there.
  constructor(use, element = null) {
    this.use = use;
    this.element = element;
  }

  ask(...question) {
    this.#waiting = question;
    if (!this.#underWay) return void this.#send();
    const now = performance.now();
    if (now - this.#since > IMPATIENT && now - this.#shown < PATIENT) this.#underWay.abort();
  }

  press(...question) {
    this.#presses.push(question);
    this.#waiting = null;
    if (!this.#underWay) this.#send();
  }

  async #send() {
    this.element?.setAttribute("aria-busy", true);
    while (this.#presses.length || this.#waiting) {
      const pressed = this.#presses.shift(), [name, fields, bytes] = pressed ?? this.#waiting;
      if (!pressed) this.#waiting = null;
      this.#underWay = new AbortController();     // a press does not listen to it
      this.#since = performance.now();
      this.#timer ||= setTimeout(() => this.element?.classList.add("late"), LATE);
      try {
        const signal = pressed ? undefined : this.#underWay.signal;
        this.use(await ask(name, fields, bytes, signal), fields);
        this.#shown = performance.now();
        this.#inTime();
        if (this.element) fresh(this.element);
      } catch (error) {
        if (error.name !== "AbortError") report(error);
      }
      this.#underWay = null;
    }
    this.#inTime();
    this.element?.setAttribute("aria-busy", false);
  }

  #inTime() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.element?.classList.remove("late");
  }
}

// What is shown in an element is that of now.
export function fresh(element) {
  element.classList.remove("old");
  element.classList.add("filled");
}

// A new picture has come: all that is shown of the old one fades until there is something new.
export function stale() {
  for (const element of document.querySelectorAll(".filled")) element.classList.add("old");
}

// Says what went wrong above the page; null takes it back, as does the next success.
export function report(error) {
  const notice = document.getElementById("notice");
  notice.hidden = !error;
  if (error) notice.textContent = error.message;
  if (error) told = performance.now();
}
