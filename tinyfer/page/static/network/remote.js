// Questions to another thread, so that the page never stops while they are answered:
//
//   const ask = start(new Worker(new URL("answers.js", import.meta.url), {type: "module"}));
//   const answer = await ask(name, ...given);
//
// The thread gets [number, name, ...given], and posts [number, answer] or [number, null, what went
// wrong].

export function start(worker) {
  const waiting = new Map();
  let asked = 0;
  worker.addEventListener("message", ({data: [number, answer, wrong]}) => {
    const {resolve, reject} = waiting.get(number);
    waiting.delete(number);
    if (wrong === undefined) resolve(answer);
    else reject(new Error(wrong));
  });
  worker.addEventListener("error", () => {              // of its script: it will not answer
    for (const {reject} of waiting.values()) reject(new Error("the network could not be started"));
    waiting.clear();
  });
  return (...question) => new Promise((resolve, reject) => {
    waiting.set(asked, {resolve, reject});
    worker.postMessage([asked++, ...question]);
  });
}
