// A game: make the face that is named.

import {drawExpression} from "./drawn.js";
import {drawFace} from "./colour.js";
import {$, make} from "./elements.js";
import {on, state} from "./state.js";

const SECONDS = 20, ROUNDS = 5;

let round = null;           // {wanted, best, face, end, timer}
let played = [];            // points of the rounds before

function begin() {
  if (played.length === 0) $("game-faces").replaceChildren();
  // Every class once before one comes again.
  const left = state.classes.filter(name => !played.some(each => each.wanted === name));
  const names = left.length ? left : state.classes;
  round = {wanted: names[Math.floor(Math.random() * names.length)], best: 0, face: null,
           end: performance.now() + 1000 * SECONDS, timer: setInterval(tick, 200)};
  // The sliders have to make it: a button that is named like it would be no game.
  if (state.source === "drawn") drawExpression("neutral");
  document.body.classList.add("playing");
  $("game-start").hidden = true;
  $("game-next").hidden = $("game-track").hidden = false;
  $("game-wanted").textContent = `Make this face: ${round.wanted}`;
  $("game-words").textContent = state.source === "picture"
    ? "A picture cannot move: choose Draw or Camera on the left." : "";
  tick();
}

function tick() {
  const left = Math.max(0, round.end - performance.now());
  $("game-time").textContent = `round ${played.length + 1} of ${ROUNDS}, ` +
    `${Math.ceil(left / 1000)} s left`;
  if (left === 0) finish();
}

function look() {
  if (!round) return;
  const p = state.probabilities[state.classes.indexOf(round.wanted)];
  if (p > round.best) Object.assign(round, {best: p, face: state.face});
  const [now, best] = $("game-track").children;
  now.style.width = `${100 * p}%`;
  best.style.left = `${100 * round.best}%`;
  $("game-words").textContent = `${round.wanted} ${p.toFixed(2)}, best ${round.best.toFixed(2)}`;
}

function stop() {
  clearInterval(round?.timer);
  round = null;
  document.body.classList.remove("playing");
  $("game-start").hidden = false;
  $("game-next").hidden = $("game-track").hidden = true;
  $("game-time").textContent = $("game-wanted").textContent = "";
}

function finish() {
  const {wanted, best, face} = round, points = Math.round(100 * best);
  played.push({wanted, points});
  const canvas = make("canvas", {width: 48, height: 48, role: "img", "aria-label": wanted});
  if (face) drawFace(canvas, face);
  $("game-faces").append(make("div", {}, canvas, make("small", {}, `${wanted} ${points}`)));
  const total = played.reduce((sum, each) => sum + each.points, 0), rounds = played.length;
  stop();
  if (rounds < ROUNDS) {
    $("game-start").textContent = "Next round";
  } else {
    $("game-start").textContent = "Play again";
    played = [];
  }
  $("game-words").textContent = `${points} points for ${wanted}. ` + (rounds < ROUNDS
    ? `${total} after ${rounds} of ${ROUNDS} rounds.`
    : `That makes ${total} of ${100 * ROUNDS} points.`);
}

export function startGame() {
  $("game-start").onclick = begin;
  $("game-next").onclick = finish;
  on("answer", look);
  on("network", () => { if (round) stop(); });
  on("panel", () => { if (round && $("game").hidden) stop(); });
}
