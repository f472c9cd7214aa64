// Answers from the network in the browser itself, by answers.js: nothing leaves the machine. Of two
// threads one has the quick questions, so that a slider never waits for a map.

import {start} from "./network/remote.js";

const QUICK = ["start", "network", "draw", "cut", "answer"];
const [quick, other] = [0, 1].map(() => start(
  new Worker(new URL("answers.js", import.meta.url), {type: "module"})));

export async function answer(name, fields, bytes) {
  const ask = QUICK.includes(name) ? quick : other;
  const {arrays = [], ...told} = await ask(name, fields, bytes);
  return {...told, next: () => arrays.shift()};
}
