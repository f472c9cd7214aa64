// The page: what there is to choose from, the face, and the answer. Each panel has its own file.

import {ask, Line, report} from "./ask.js";
import {drawFace} from "./colour.js";
import {$, bars, fill, tabs} from "./elements.js";
import {on, state, target, tell} from "./state.js";
import {startDrawing} from "./drawn.js";
import {startPictures} from "./pictures.js";
import {startPainting} from "./paint.js";
import {startCover} from "./cover.js";
import {startLayers} from "./layers.js";
import {startNudge} from "./nudge.js";
import {startStep} from "./step.js";

const answers = new Line(({classes, probabilities}, {network}) => {
  if (network !== state.network) return;
  const before = target();
  state.probabilities = probabilities;
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

const networks = new Line(({classes, parameters}, {network}) => {
  Object.assign(state, {network, classes, parameters, probabilities: []});
  fill($("target"), [["", "most probable"], ...classes], "");
  state.chosen = $("target").value;
  tell("network");
  askAnswer();
}, $("network"));

function startScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = scheme => {
    document.documentElement.dataset.scheme = scheme;
    tell("scheme");
  };
  dark.onchange = () => set(dark.matches ? "dark" : "light");
  $("scheme").onclick = () => {
    set(document.documentElement.dataset.scheme === "dark" ? "light" : "dark");
  };
  dark.onchange();
}

async function start() {
  startScheme();
  const choices = await ask("start");
  fill($("network"), choices.networks);
  $("network").onchange = () => networks.ask("network", {network: $("network").value});
  $("target").onchange = () => { state.chosen = $("target").value; tell("target"); };
  on("face", () => { drawFace($("face"), state.face); askAnswer(); });
  on("answer", showAnswer);

  const [sources, inside] = document.querySelectorAll("[role=tablist]");
  startDrawing(choices);
  startPictures(choices);
  startPainting();
  startCover(choices);
  startLayers();
  startNudge();
  startStep();
  $("network").onchange();
  tabs(sources, name => { state.source = name; tell("source"); })("drawn");
  tabs(inside, name => {
    history.replaceState(null, "", `#${name}`);
    tell("panel");
  })(location.hash.slice(1));
}

start().catch(report);
