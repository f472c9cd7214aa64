// All layers as strips of feature maps; which unit is chosen. What a unit is made of: unit.js.

import {Line} from "./ask.js";
import {drawMaps} from "./colour.js";
import {$, fixed, make, number} from "./elements.js";
import {on, state, target, whenSeen} from "./state.js";
import {showUnit} from "./unit.js";

let rows = [];          // of the page: {item, canvas, strip, mark, small} for each layer
let layers = [];        // of the network, as Python describes them
let chosen = null;      // {layer, i, j, k}
let wanted = null;      // to be chosen when the strips are there

const strips = new Line(answer => {
  layers = answer.layers;
  if (rows.length !== layers.length) makeRows();
  let bytes;
  layers.forEach((layer, n) => {
    const [height, width, channels] = layer.shape, {canvas, small} = rows[n];
    bytes = answer.next(Int8Array, height * width * channels);
    drawMaps(canvas, bytes, height, width, channels);
    small.textContent = `${layer.shape.join(" × ")}, ±${number(layer.scale, 2)}`;
    size(canvas, layer.shape);
  });
  nameClasses(bytes, layers.at(-1).scale / 127);
  if (wanted) choose(wanted);
  wanted = null;
  place();
}, $("strips-shown"));

const units = new Line(answer => {
  $("unit").hidden = false;
  showUnit(answer, layers[chosen.layer], state.face);
}, $("unit"));

// How large a strip is drawn: small maps need less room, and vectors are rows of cells.
function size(canvas, [height, , channels]) {
  const tall = {1: 1.5, 2: 1.4, 3: 1.4}[height] ?? (height < 12 ? 2.2 : 3.2);
  const cell = channels <= 16 ? 3 : 0.45;
  canvas.style.height = `${tall}rem`;
  canvas.style.width = height === 1 ? `${cell * channels}rem` : "";
}

// The last layer has a unit for each class: its name and its score under it.
function nameClasses(bytes, scale) {
  const {strip, canvas} = rows.at(-1), many = state.classes.length, cell = 2.1;
  const names = make("div", {className: "names"}, ...state.classes.map((name, k) => make(
    "span", {}, name, make("small", {}, fixed(bytes[k] * scale)))));
  canvas.style.width = `${(2 * many - 1) * cell}rem`;     // one free between two
  names.style.width = `${2 * many * cell}rem`;
  strip.querySelector(".names")?.remove();
  canvas.after(names);
}

function makeRows() {
  const unit = $("unit");
  $("inside").append(unit);
  rows = layers.map((layer, n) => {
    const canvas = make("canvas"), small = make("small"), mark = make("div", {className: "mark"});
    mark.hidden = true;
    const strip = make("div", {
      className: "strip", tabIndex: 0, role: "group",
      "aria-label": `${layer.name}, ${layer.title}: feature maps. Arrow keys choose a unit.`,
      onkeydown: event => key(event, n),
    }, canvas, mark);
    canvas.onclick = event => click(event, n);
    const head = make("div", {}, `${n + 1}. ${layer.title}`, small);
    const item = make("li", {}, make("div", {className: "layer"}, head, strip));
    return {item, canvas, small, mark, strip};
  });
  $("strips").replaceChildren(...rows.map(row => row.item));
  chosen = null;
  unit.hidden = true;
}

// Points from one map to the next: there is a free one between two.
const pitch = ([height, width]) => height === 1 && width === 1 ? 1 : width + 1;

function click(event, layer) {
  const {canvas} = rows[layer], box = canvas.getBoundingClientRect(), shape = layers[layer].shape;
  const x = Math.floor((event.clientX - box.left) / box.width * canvas.width);
  const i = Math.floor((event.clientY - box.top) / box.height * canvas.height);
  choose({layer, i, j: x % pitch(shape), k: Math.floor(x / pitch(shape))});
}

function key(event, layer) {
  const flat = layers[layer].shape[0] === 1;
  const move = {ArrowUp: ["i", -1], ArrowDown: ["i", 1], ArrowLeft: [flat ? "k" : "j", -1],
                ArrowRight: [flat ? "k" : "j", 1], PageUp: ["k", -1], PageDown: ["k", 1],
                Enter: ["k", 0]}[event.key];
  if (!move) return;
  event.preventDefault();
  const [height, width] = layers[layer].shape;
  const from = chosen?.layer === layer ? chosen : {layer, i: height >> 1, j: width >> 1, k: 0};
  choose({...from, [move[0]]: from[move[0]] + move[1]});
}

export function choose(unit) {
  const [height, width, channels] = layers[unit.layer].shape;
  const within = (value, most) => Math.max(0, Math.min(most - 1, value));
  chosen = {layer: unit.layer, i: within(unit.i, height), j: within(unit.j, width),
            k: within(unit.k, channels)};
  const {item, strip, mark} = rows[chosen.layer];
  if ($("unit").parentElement !== item) item.append($("unit"));
  place();
  const from = mark.offsetLeft - strip.scrollLeft;
  if (from < 0 || from > strip.clientWidth) {
    strip.scrollLeft = mark.offsetLeft - strip.clientWidth / 2;
  }
  askUnit();
}

// Puts the mark on the chosen unit.
function place() {
  rows.forEach(({mark, canvas}, n) => {
    mark.hidden = chosen?.layer !== n;
    if (mark.hidden) return;
    const wide = canvas.clientWidth / canvas.width, tall = canvas.clientHeight / canvas.height;
    const column = chosen.k * pitch(layers[n].shape) + chosen.j;
    mark.style.left = `${canvas.offsetLeft + column * wide - 2}px`;
    mark.style.top = `${canvas.offsetTop + chosen.i * tall - 2}px`;
    mark.style.width = `${wide + 4}px`;
    mark.style.height = `${tall + 4}px`;
  });
}

function askUnit() {
  if (!chosen || !target()) return;
  units.ask("unit", {network: state.network, ...chosen, target: target()}, state.face);
}

// Chooses a unit as soon as the strips are there.
export function chooseFirst(unit) {
  if (layers.length) choose(unit);
  else wanted = unit;
}

export function startLayers() {
  whenSeen("layers", ["face", "network", "scheme"], () => (
    strips.ask("strips", {network: state.network}, state.face)));
  whenSeen("layers", ["face", "network", "target", "scheme"], askUnit);
  on("network", () => { chosen = null; $("unit").hidden = true; place(); });
  addEventListener("resize", place);
}
