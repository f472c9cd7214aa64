// The page: what there is to choose from, the face, and the answer. Each panel has its own file.

import {answersFrom, ask, fresh, Line, report} from "./ask.js";
import {drawFace} from "./colour.js";
import {$, bars, fill, make, pixelAt, tabs} from "./elements.js";
import {SIZE, on, state, target, tell} from "./state.js";
import {startDrawing} from "./drawn.js";
import {startPictures} from "./pictures.js";
import {startPainting} from "./paint.js";
import {startCover} from "./cover.js";
import {startLayers} from "./layers.js";
import {startNudge} from "./nudge.js";
import {startStep} from "./step.js";
import {startTraining} from "./train.js";
import {startGame} from "./game.js";
import {startTour} from "./tour.js";

const answers = new Line(({probabilities, unsure}, {network}) => {
  if (network !== state.network) return;
  const before = target();
  Object.assign(state, {probabilities, unsure});
  tell("answer");
  if (target() !== before) tell("target");
}, $("answer"));

function askAnswer() {
  if (state.face && state.network) answers.ask("answer", {network: state.network}, state.face);
}

function showAnswer() {
  const most = Math.max(...state.probabilities);
  bars($("answer"), state.classes.map((name, k) => (
    {name, value: state.probabilities[k], strong: state.probabilities[k] === most})));
}

const networks = new Line(({classes, parameters, learnt_from: learntFrom}, {network}) => {
  Object.assign(state, {network, classes, parameters, learntFrom, probabilities: []});
  fill($("target"), [["", "most probable"], ...classes], "");
  state.chosen = $("target").value;
  tell("network");
  askAnswer();
}, $("answers-by"));

// Which network answers, and what faces it knows.
function sayWho() {
  const {network, learntFrom, source} = state;
  $("answers-by").textContent = `${network} ${state.unsure ? "is unsure" : "answers"}.`
    + (!learntFrom ? ""
    : ` It has learnt from ${learntFrom}` + (source === "drawn" && learntFrom === "photographs"
      ? ": drawn faces are strange to it." : "."));
  fresh($("answers-by"));
}

// The grey value under the pointer.
function readPixel(event) {
  const [row, column] = pixelAt(event, SIZE);
  $("pixel").textContent = `row ${row}, column ${column}: ${state.face[row * SIZE + column]}`;
}

function startScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)"), root = document.documentElement.dataset;
  const set = scheme => { root.scheme = scheme; tell("scheme"); };
  dark.onchange = () => set(dark.matches ? "dark" : "light");
  $("scheme").onclick = () => set(root.scheme === "dark" ? "light" : "dark");
  dark.onchange();
}

async function start() {
  answersFrom((await import(document.documentElement.dataset.answers)).answer);
  startScheme();
  const choices = await ask("start");
  fill($("network"), choices.networks);
  $("network").onchange = () => networks.ask("network", {network: $("network").value});
  $("target").onchange = () => { state.chosen = $("target").value; tell("target"); };
  on("face", () => { drawFace($("face"), state.face); askAnswer(); });
  on("answer", showAnswer);
  for (const event of ["network", "answer", "source"]) on(event, sayWho);
  $("face").onpointermove = $("face").onpointerdown = event => state.face && readPixel(event);
  $("face").onpointerleave = () => { $("pixel").textContent = `${SIZE} × ${SIZE} pixels`; };

  const [sources, inside] = document.querySelectorAll("[role=tablist]");
  startDrawing(choices);
  startPictures(choices);
  startPainting();
  startCover(choices);
  startLayers();
  if (choices.learns) {
    startNudge();
    startStep();
    startTraining();
  } else {
    for (const panel of [$("nudge"), $("step"), $("train")]) {
      panel.replaceChildren(panel.firstElementChild, make("p", {},
        "Here the network only answers. To move its weights, run the program on your machine: ",
        make("code", {}, "tinyfer play")));
    }
  }
  startGame();
  startTour(choices);
  $("network").onchange();
  tabs(sources, name => { state.source = name; tell("source"); })("drawn");
  tabs(inside, name => {
    history.replaceState(null, "", `#${name}`);
    tell("panel");
  })(location.hash.slice(1));
}

start().catch(report);
