// A game: make the face that is named.

import {drawExpression} from "./drawn.js";
import {$} from "./elements.js";
import {on, state} from "./state.js";

const SECONDS = 20;

let round = null;           // {wanted, best, end, timer}

function begin() {
  const names = state.classes.filter(name => name !== "neutral");
  round = {wanted: names[Math.floor(Math.random() * names.length)], best: 0,
           end: performance.now() + 1000 * SECONDS, timer: setInterval(tick, 200)};
  // The sliders have to make it: a button that is named like it would be no game.
  if (state.source === "drawn") drawExpression("neutral");
  document.body.classList.add("playing");
  $("game-start").hidden = true;
  $("game-end").hidden = $("game-track").hidden = false;
  $("game-wanted").textContent = `Make this face: ${round.wanted}`;
  $("game-words").textContent = "";
  tick();
}

function tick() {
  const left = Math.max(0, round.end - performance.now());
  $("game-time").textContent = `${Math.ceil(left / 1000)} s left`;
  if (left === 0) end();
}

function look() {
  if (!round) return;
  const p = state.probabilities[state.classes.indexOf(round.wanted)];
  round.best = Math.max(round.best, p);
  const [now, best] = $("game-track").children;
  now.style.width = `${100 * p}%`;
  best.style.left = `${100 * round.best}%`;
  $("game-words").textContent = `${round.wanted} ${p.toFixed(2)}, best ${round.best.toFixed(2)}`;
}

function end() {
  clearInterval(round.timer);
  document.body.classList.remove("playing");
  $("game-start").hidden = false;
  $("game-end").hidden = $("game-track").hidden = true;
  $("game-time").textContent = $("game-wanted").textContent = "";
  const points = Math.round(100 * round.best);
  $("game-words").textContent = `${points} of 100 points for ${round.wanted}.`;
  round = null;
}

export function startGame() {
  $("game-start").onclick = begin;
  $("game-end").onclick = end;
  on("answer", look);
  on("network", () => { if (round) end(); });
  on("panel", () => { if (round && $("game").hidden) end(); });
}
