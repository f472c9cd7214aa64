// Cover a part of the face, and compare the new answer with what saliency maps had promised.

import {Line, fresh} from "./ask.js";
import {drawFace, drawOutlined} from "./colour.js";
import {$, bars, difference, make} from "./elements.js";
import {brushOn, outline, square} from "./paint.js";
import {SIZE, on, state, target, whenSeen} from "./state.js";

const PIXELS = SIZE * SIZE;
// What a map promises for p of the class when the pixels of the mask change: its number and words.
const gone = map => -sum(n => mask[n] && map[n]);
const PROMISES = {
  "gradient": [(map, change) => sum(n => map[n] * change[n]), "to first order"],
  "gradient*input": [gone, "as if black"],
  "integrated": [gone, "as if black"],
  "occlusion": [map => gone(map) / sum(n => mask[n]), "for one 8 × 8 square there"],
};

const mask = new Uint8Array(PIXELS);
const shown = new Map();        // method -> its figure, line and map
let regions, after = null;

const sum = of => { let total = 0; for (let n = 0; n < PIXELS; n++) total += of(n); return total; };

function covered() {
  const grey = Math.round(state.face.reduce((a, b) => a + b) / PIXELS);
  return state.face.map((value, n) => mask[n] ? grey : value);
}

const answers = new Line(answer => { after = answer.probabilities; showAnswer(); },
                         $("cover-shown"));

function askAnswer() {
  if (mask.some(Boolean)) return answers.ask("answer", {network: state.network}, covered());
  after = null;
  fresh($("cover-shown"));
  showAnswer();
}

function showAnswer() {
  const before = state.probabilities, now = after ?? before;
  if (now.length !== state.classes.length) return;
  bars($("cover-answer"), state.classes.map((name, k) => (
    {name, value: now[k], before: before[k], strong: name === target()})));
  const share = sum(n => mask[n]) / PIXELS, k = state.classes.indexOf(target());
  $("cover-words").textContent = after === null
    ? "Nothing is covered yet."
    : `With ${Math.round(100 * share)} % of the pixels covered, the probability of ${target()} ` +
      `goes from ${before[k].toFixed(2)} to ${after[k].toFixed(2)}.`;
  for (const method of shown.keys()) describe(method);
}

function describe(method) {
  const {words, map} = shown.get(method);
  if (!map) return;
  const any = mask.some(Boolean), total = sum(n => Math.abs(map[n])) || 1;
  const inside = sum(n => mask[n] && Math.abs(map[n])) / total;
  const face = covered(), changes = Array.from(face, (grey, n) => (grey - state.face[n]) / 255);
  const [promise, how] = PROMISES[method];
  words.textContent = !any ? "" : `${Math.round(100 * inside)} % of the map is covered; promised ` +
    `${difference(promise(map, changes)) || "0.00"} ${how}`;
}

function showMap(method) {
  const {canvas, map} = shown.get(method);
  if (!map) return;
  drawOutlined(canvas, map, state.face, mask);
  describe(method);
}

function askMaps() {
  const {face, network} = state, blank = face.every(grey => grey === face[0]);
  for (const [method, {line, words}] of shown) {
    if (blank) words.textContent = "a single grey: there is nothing to explain";
    else line.ask("map", {network, method, target: target()}, face);
  }
}

function changeMask(change) {
  change();
  drawCovered();
  for (const method of shown.keys()) showMap(method);
  askAnswer();
}

function drawCovered(row = null, column = null) {
  drawFace($("covered"), covered());
  if (row !== null) outline($("covered"), row, column, Number($("patch").value));
}

export function startCover({methods, regions: given}) {
  regions = given;
  for (const method of methods) {
    const canvas = make("canvas", {role: "img", "aria-label": `The map of ${method}`});
    const words = make("small"), figure = make(
      "figure", {}, canvas, make("figcaption", {}, method, words));
    $("maps").append(figure);
    const line = new Line(answer => {
      shown.get(method).map = answer.next(Float32Array, PIXELS);
      showMap(method);
    }, figure);
    shown.set(method, {canvas, words, line, map: null});
  }
  brushOn($("covered"), {
    begin() {},
    paint: places => changeMask(() => {
      for (const [row, column] of places) {
        for (const n of square(row, column, Number($("patch").value))) mask[n] = 1;
      }
    }),
    moved: drawCovered,
  });
  for (const button of document.querySelectorAll("[data-region]")) {
    button.onclick = () => changeMask(() => {
      const kind = state.source === "drawn" ? "drawn faces" : "FER-2013";
      const [top, bottom, left, right] = regions[kind][button.dataset.region];
      for (let i = top; i < bottom; i++) mask.fill(1, i * SIZE + left, i * SIZE + right);
    });
  }
  $("uncover").onclick = () => changeMask(() => mask.fill(0));
  whenSeen("cover", ["face", "network"], () => { drawCovered(); askAnswer(); });
  whenSeen("cover", ["face", "network", "target", "scheme"], askMaps);
  on("answer", showAnswer);
  on("target", showAnswer);
}
