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

// The largest terms of a sum one by one, the others together, the bias, and what ReLU makes of it.
function writtenSum({bias, relu, value}, sums, order, name) {
  const others = order.slice(WRITTEN), rest = others.reduce((total, k) => total + sums[k], 0);
  const parts = order.slice(0, WRITTEN).flatMap((k, n) => [
    n ? ` ${signed(sums[k])}` : number(sums[k]), small(name(k))]);
  if (others.length) parts.push(` ${signed(rest)}`, small(`${others.length} others`));
  const total = sums.reduce((a, b) => a + b) + bias;
  return [line(...parts, ` ${signed(bias)}`, small("bias"), " = ", bold(total)), !relu ? ""
    : line(total > 0 ? "ReLU lets it pass: "
      : "It is below 0, so ReLU makes it 0, and lets no gradient back: ", bold(value))];
}

// Nine (or four) numbers on their colours.
function grid(values, most) {
  return make("div", {className: "grid3"}, ...values.map(value => {
    const cell = make("span", {}, fixed(value));
    cell.style.background = css(value / most);
    return cell;
  }));
}

function convolution(unit) {
  const C = unit.inputs, x = unit.next(Float32Array, 9 * C), w = unit.next(Float32Array, 9 * C);
  const nine = (values, c) => Array.from({length: 9}, (_, n) => values[n * C + c]);
  const sums = Array.from({length: C}, (_, c) => (
    nine(x, c).reduce((sum, each, n) => sum + each * w[n * C + c], 0))), order = ordered(sums);
  const named = (name, element) => make("div", {}, make("small", {}, name), element);
  const terms = order.slice(0, SHOWN).map(c => make("div", {className: "term"},
    named(C > 1 ? `x, map ${c}` : "x", grid(nine(x, c), largest(x))), "·",
    named("w", grid(nine(w, c), largest(w))), `= ${number(sums[c])}`));
  return [make("div", {className: "sum"}, ...terms),
          ...writtenSum(unit, sums, order, c => C > 1 ? `map ${c}` : "nine products")];
}

function dense(unit) {
  const x = unit.next(Float32Array, unit.inputs), w = unit.next(Float32Array, unit.inputs);
  const sums = Array.from(x, (value, n) => value * w[n]);
  return writtenSum(unit, sums, ordered(sums),
                    c => `${number(x[c])} · ${number(w[c])} of unit ${c}`);
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
  const cells = grid(unit.four, largest(unit.four)), winner = unit.four.indexOf(unit.value);
  cells.classList.add("two");
  cells.children[winner].classList.add("won");
  const tie = unit.four.filter(value => value === unit.value).length > 1;
  return [
    make("div", {className: "sum"}, cells, "→ ", bold(unit.value)),
    line(`The ${CORNERS[winner]} one won`,
         tie ? ", as the first of equals in reading order" : "",
         ". It alone gets the gradient; the other three get 0.")];
}

function flatten(unit) {
  const [i, j, k] = unit.comes_from, [, width, channels] = unit.shape;
  return [line(`Row ${i}, column ${j} of map ${k}, under another number: `,
               `(${i} · ${width} + ${j}) · ${channels} + ${k} = ${unit.place[0]}`)];
}

const PARTS = {
  Conv2D: convolution, Dense: dense, BatchNorm: batchNorm, MaxPool2D: pooling,
  Flatten: flatten, Dropout: unit => [
    line(`In evaluation dropout does nothing: ${number(unit.x)} → `, bold(unit.value))],
  ReLU: unit => [line(`max(0, ${number(unit.x)}) = `, bold(unit.value))],
};
