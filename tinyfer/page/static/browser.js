// Answers from the network in the browser itself, by answers.js: nothing leaves the machine. Of two
// threads one has the quick questions, so that a slider never waits for a map.

const QUICK = ["start", "network", "draw", "cut", "answer", "find"];
const [quick, other] = [0, 1].map(start);

// A thread gets [number, name, ...given], and posts [number, answer] or [number, null, what went
// wrong].
function start() {
  const worker = new Worker(new URL("answers.js", import.meta.url), {type: "module"});
  const waiting = new Map();
  let asked = 0;
  worker.onmessage = ({data: [number, answer, wrong]}) => {
    const {resolve, reject} = waiting.get(number);
    waiting.delete(number);
    if (wrong === undefined) resolve(answer);
    else reject(new Error(wrong));
  };
  worker.onerror = () => {              // of its script: it will not answer
    for (const {reject} of waiting.values()) reject(new Error("the network could not be started"));
  };
  return (...question) => new Promise((resolve, reject) => {
    waiting.set(asked, {resolve, reject});
    worker.postMessage([asked++, ...question]);
  });
}

export async function answer(name, fields, bytes) {
  const ask = QUICK.includes(name) ? quick : other;
  const {arrays = [], ...told} = await ask(name, fields, bytes);
  return {...told, next: () => arrays.shift()};
}
