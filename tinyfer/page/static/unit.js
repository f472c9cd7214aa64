// What one unit is made of, in numbers, in the words of its kind of layer.

import {css, drawOutlined} from "./colour.js";
import {$, fixed, make, number} from "./elements.js";
import {SIZE} from "./state.js";

const SHOWN = 3;        // channels whose products are written out
const WRITTEN = 6;      // terms of a sum that are written out
const CORNERS = ["top left", "top right", "bottom left", "bottom right"];

export function showUnit(unit, layer, face) {
  const [row, column, map] = unit.place;
  const place = map === undefined ? `unit ${row}` : `row ${row}, column ${column} of map ${map}`;
  const pixels = unit.next(Float32Array, SIZE * SIZE);
  $("unit").replaceChildren(
    make("h3", {}, `${unit.name}, ${place}: ${number(unit.value)}`),
    make("div", {className: "unit"},
      seen(unit, pixels, face), make("div", {}, ...PARTS[unit.kind](unit), gradient(unit))),
    make("p", {className: "place"}, `Chapter ${layer.chapter}: `, make("code", {}, layer.code)));
}

// The face with what the unit sees framed, and how each pixel moves its value.
function seen(unit, pixels, face) {
  const canvas = make("canvas", {className: "window", role: "img",
                                 "aria-label": "What the unit sees of the face"});
  const mask = new Uint8Array(SIZE * SIZE), [top, left, height, width] = unit.window ?? [];
  for (let i = Math.max(0, top); i < Math.min(SIZE, top + height); i++) {
    mask.fill(1, i * SIZE + Math.max(0, left), i * SIZE + Math.min(SIZE, left + width));
  }
  drawOutlined(canvas, pixels, face, mask);
  const words = unit.window ? `It sees the ${height} × ${width} pixels framed.`
    : "It hangs on all that the network sees.";
  return make("figure", {}, canvas, make("figcaption", {className: "note"},
    `${words} Blue: a brighter pixel raises it; orange: lowers it.`));
}

function gradient(unit) {
  return line(`Its gradient, ∂p(${unit.target}) / ∂value, is `, bold(unit.gradient),
    unit.gradient === 0 ? ": what comes after lets nothing through from here." : ".");
}

const line = (...parts) => make("p", {className: "equation"}, ...parts);
const small = words => make("small", {}, ` ${words}`);
const bold = value => make("b", {}, number(value));
const signed = value => `${value < 0 ? "−" : "+"} ${number(Math.abs(value))}`;
const largest = values => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);

// The numbers of the terms, the largest term first.
const ordered = sums => [...sums.keys()].sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a]));

// The largest terms of a sum one by one, the others together, and the bias.
function writtenSum(unit, order, name) {
  const rest = order.slice(WRITTEN), others = rest.reduce((total, k) => total + unit.sums[k], 0);
  const parts = order.slice(0, WRITTEN).flatMap((k, n) => [
    n ? ` ${signed(unit.sums[k])}` : number(unit.sums[k]), small(name(k))]);
  if (rest.length) parts.push(` ${signed(others)}`, small(`${rest.length} others`));
  return line(...parts, ` ${signed(unit.bias)}`, small("bias"), " = ", bold(unit.total));
}

function rectified(unit) {
  if (!unit.relu) return "";
  return line(unit.total > 0 ? "ReLU lets it pass: "
    : "It is below 0, so ReLU makes it 0, and lets no gradient back: ", bold(unit.value));
}

// Nine (or four) numbers on their colours.
function grid(values, most) {
  return make("div", {className: "grid3"}, ...values.map(value => {
    const cell = make("span", {}, fixed(value));
    cell.style.background = css(0.55 * value / most);
    return cell;
  }));
}

function convolution(unit) {
  const channels = unit.sums.length, length = 9 * channels, order = ordered(unit.sums);
  const x = unit.next(Float32Array, length), w = unit.next(Float32Array, length);
  const nine = (values, c) => Array.from({length: 9}, (_, n) => values[n * channels + c]);
  const named = (name, element) => make("div", {}, make("small", {}, name), element);
  const terms = order.slice(0, SHOWN).map(c => make("div", {className: "term"},
    named(channels > 1 ? `x, map ${c}` : "x", grid(nine(x, c), largest(x))), "·",
    named("w", grid(nine(w, c), largest(w))),
    `= ${number(unit.sums[c])}`));
  return [make("div", {className: "sum"}, ...terms),
          writtenSum(unit, order, c => channels > 1 ? `map ${c}` : "nine products"),
          rectified(unit)];
}

function dense(unit) {
  const order = ordered(unit.sums), length = unit.sums.length;
  const x = unit.next(Float32Array, length), w = unit.next(Float32Array, length);
  return [writtenSum(unit, order, c => `${number(x[c])} · ${number(w[c])} of unit ${c}`),
          rectified(unit)];
}

function batchNorm(unit) {
  const {x, mean, epsilon, gamma, beta} = unit;
  return [
    line("γ (x − mean) / √(var + ε) + β"),
    line(`= ${number(gamma)} · (${number(x)} − ${number(mean)}) / `,
         `√(${number(unit.var)} + ${epsilon}) ${signed(beta)} = `, bold(unit.value)),
    make("p", {className: "note"},
         "In evaluation, mean and var are the running ones that training left behind: constants.")];
}

function pooling(unit) {
  const cells = grid(unit.four, largest(unit.four));
  cells.classList.add("two");
  cells.children[unit.winner].classList.add("won");
  const tie = unit.four.filter(value => value === unit.four[unit.winner]).length > 1;
  return [
    make("div", {className: "sum"}, cells, "→ ", bold(unit.value)),
    line(`The ${CORNERS[unit.winner]} one won`,
         tie ? ", as the first of equals in reading order" : "",
         ". It alone gets the gradient; the other three get 0.")];
}

function dropout(unit) {
  return [line(`In evaluation dropout does nothing: ${number(unit.x)} → `, bold(unit.value))];
}

function flatten(unit) {
  const [i, j, k] = unit.comes_from, [, width, channels] = unit.shape;
  return [line(`Row ${i}, column ${j} of map ${k}, under another number: `,
               `(${i} · ${width} + ${j}) · ${channels} + ${k} = ${unit.place[0]}`)];
}

const PARTS = {
  Conv2D: convolution, Dense: dense, BatchNorm: batchNorm, MaxPool2D: pooling, Dropout: dropout,
  Flatten: flatten, ReLU: unit => [line(`max(0, ${number(unit.x)}) = `, bold(unit.value))],
};
