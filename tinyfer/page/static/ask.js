// Asks whoever answers. The panels know only this file, not where answers come from (program.js).

const LATE = 200;           // ms after which what an answer will replace fades

let source = null;          // (name, fields, bytes) -> the promise of an answer
let told = 0;               // when the notice was put above the page

export function answersFrom(given) { source = given; }

export async function ask(name, fields = {}, bytes = new Uint8Array(0)) {
  const since = performance.now(), answer = await source(name, fields, bytes);
  if (since > told) report(null);
  return answer;
}

// Questions of one kind, one under way at a time. Where only the newest counts (a slider), one
// waits and those between are never asked; those that change something (a press on a button) are
// all asked, one after the other.
export class Line {
  #presses = [];
  #waiting = null;
  #underWay = false;
  #timer = 0;

  // use(answer, fields of its question); element: what the answer fills, faded until it is there.
  constructor(use, element = null) {
    this.use = use;
    this.element = element;
  }

  ask(...question) {
    this.#waiting = question;
    if (!this.#underWay) this.#send();
  }

  press(...question) {
    this.#presses.push(question);
    this.#waiting = null;
    if (!this.#underWay) this.#send();
  }

  async #send() {
    this.element?.setAttribute("aria-busy", true);
    this.#underWay = true;
    while (this.#presses.length || this.#waiting) {
      const question = this.#presses.shift() ?? this.#waiting, [name, fields, bytes] = question;
      if (question === this.#waiting) this.#waiting = null;
      this.#timer ||= setTimeout(() => this.element?.classList.add("late"), LATE);
      try {
        this.use(await ask(name, fields, bytes), fields);
        this.#inTime();
        if (this.element) fresh(this.element);
      } catch (error) {
        report(error);
      }
    }
    this.#underWay = false;
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
