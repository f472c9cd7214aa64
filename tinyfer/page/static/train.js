// Training from scratch on drawn faces, while one watches.

import {Line, fresh} from "./ask.js";
import {chart} from "./chart.js";
import {css, drawMaps} from "./colour.js";
import {$, bars, make, number} from "./elements.js";
import {TAB, on, state, whenSeen} from "./state.js";

const SPEEDS = {slow: [1, 1000], steady: [1, 0], fast: [10, 0]};    // steps a question, ms between
const KEPT = 2000;          // losses
const SMOOTH = 0.9;         // of the running mean stays at each step

let playing = false, last = null, timer = 0, losses = [], means = [];

const rate = () => 10 ** Number($("play-rate").value);
const question = (steps, reset = false) => ["train", {
  rate: rate(), steps, reset, tab: TAB}, state.face];

const line = new Line(answer => {
  if (answer.steps === answer.losses.length) [losses, means] = [[], []];
  for (const loss of answer.losses) {
    losses.push(loss);
    means.push(SMOOTH * (means.at(-1) ?? loss) + (1 - SMOOTH) * loss);
  }
  [losses, means] = [losses.slice(-KEPT), means.slice(-KEPT)];
  const [side, , channels] = answer.shape;
  last = {...answer, filters: answer.next(Int8Array, 9 * channels),
          maps: answer.next(Int8Array, side * side * channels)};
  fresh($("train-shown"));
  show();
  clearTimeout(timer);
  if (playing) timer = setTimeout(go, SPEEDS[$("speed").value][1]);
});

function go() {
  if (playing) line.press(...question(SPEEDS[$("speed").value][0]));
}

function play(on) {
  playing = on;
  $("play").textContent = on ? "Pause" : "Play";
  go();
}

function show() {
  const {classes, labels, predicted, steps} = last, many = labels.length;
  const right = predicted.filter((k, n) => k === labels[n]).length;
  $("train-words").textContent = steps === 0
    ? "Its weights are random numbers: it knows nothing yet."
    : `After ${steps} step${steps === 1 ? "" : "s"} the loss is about ${number(means.at(-1))}; ` +
      `guessing has ${number(Math.log(classes.length))}. It reads ${right} of ${many} faces that ` +
      `it never learns from as they were drawn; guessing, ${Math.round(many / classes.length)}.`;
  const first = steps - losses.length + 1, x = losses.map((_, n) => first + n);
  const flat = Array(2).fill(Math.log(classes.length));
  chart($("train-losses"), {
    lines: losses.length > 1 ? [{x, y: losses, colour: "--line"},
                                {x, y: means, colour: "--plus", width: 2.5}]
      : [{x: [0, 1], y: flat, colour: "--line"}],
    points: losses.length === 1 ? [{x: 1, y: losses[0], colour: "--plus"}] : [],
    x: "step", y: "loss", whole: true,
  });
  confusion(classes, labels, predicted);
  tiles();
  const most = Math.max(...last.probabilities);
  bars($("train-answer"), classes.map((name, k) => (
    {name, value: last.probabilities[k], strong: last.probabilities[k] === most})));
}

function confusion(classes, labels, predicted) {
  const counts = classes.map(() => classes.map(() => 0));
  labels.forEach((label, n) => { counts[label][predicted[n]] += 1; });
  const most = Math.max(...counts.flat());
  const head = make("tr", {}, make("td", {}, "drawn as"), ...classes.map(name => (
    make("th", {scope: "col"}, make("span", {}, name)))));
  $("confusion").replaceChildren(head, ...classes.map((name, row) => make("tr", {},
    make("th", {scope: "row"}, name), ...counts[row].map((count, column) => {
      const cell = make("td", {}, count || "");
      cell.style.background = css((row === column ? count : -count) / most);
      return cell;
    }))));
}

// The filters, each above its map of the face.
function tiles() {
  const [side, , channels] = last.shape;
  while ($("filters").children.length > channels) $("filters").lastChild.remove();
  for (let k = 0; k < channels; k++) {
    const tile = $("filters").children[k] ?? $("filters").appendChild(
      make("div", {}, make("canvas"), make("canvas")));
    drawMaps(tile.firstChild, last.filters.subarray(9 * k, 9 * k + 9), 3, 3, 1);
    drawMaps(tile.lastChild, last.maps.subarray(side * side * k, side * side * (k + 1)), side, side,
             1);
  }
}

export function startTraining() {
  $("play").onclick = () => play(!playing);
  $("play-step").onclick = () => { play(false); line.press(...question(1)); };
  $("play-reset").onclick = () => { play(false); line.press(...question(0, true)); };
  $("play-rate").oninput = () => { $("play-rate-value").textContent = number(rate(), 2); };
  $("play-rate").oninput();
  whenSeen("train", ["face"], () => line.ask(...question(0)));
  on("panel", () => { if ($("train").hidden && playing) play(false); });
  on("scheme", () => last && show());
  addEventListener("resize", () => last && show());
}
