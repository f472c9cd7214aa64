// What one unit is made of, in numbers, in the words of its kind of layer.

import {css, drawMaps, drawSigned, outlineMask} from "./colour.js";
import {$, fixed, make, number} from "./elements.js";
import {SIZE, tell, state} from "./state.js";

const SHOWN = 3;        // channels whose products are written out
const WRITTEN = 6;      // terms of a sum that are written out

export function showUnit(unit, layer, face) {
  const pixels = unit.next(Float32Array, SIZE * SIZE);
  const title = make("h3", {}, `${unit.name}, unit (${unit.place.join(", ")}) = ${number(unit.value)}`);
  const parts = PARTS[unit.kind](unit);
  $("unit").replaceChildren(title, make("div", {className: "unit"},
    make("div", {}, windowOf(unit, pixels, face)),
    make("div", {}, ...parts, gradient(unit))),
  make("p", {className: "place"}, `Chapter ${layer.chapter}: `, make("code", {}, layer.code)));
}

// The face with what the unit sees framed, and how each pixel moves its value.
function windowOf(unit, pixels, face) {
  const canvas = make("canvas", {className: "window", role: "img",
                                 "aria-label": "The part of the face that the unit sees"});
  const small = document.createElement("canvas"), mask = new Uint8Array(SIZE * SIZE);
  drawSigned(small, pixels, SIZE, face);
  canvas.width = canvas.height = 5 * SIZE;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, canvas.width, canvas.height);
  let words = "It depends on all that the network sees.";
  if (unit.window) {
    const [top, left, height, width] = unit.window;
    for (let i = Math.max(0, top); i < Math.min(SIZE, top + height); i++) {
      mask.fill(1, i * SIZE + Math.max(0, left), i * SIZE + Math.min(SIZE, left + width));
    }
    outlineMask(pen, mask, 5);
    words = `It sees the ${height} × ${width} pixels framed.`;
  }
  return make("figure", {}, canvas, make("figcaption", {className: "note"},
    `${words} Blue: a brighter pixel raises the unit; orange: it lowers it.`));
}

function gradient(unit) {
  return make("p", {className: "equation"},
    `Its gradient: ∂p(${unit.target}) / ∂value = `, make("b", {}, number(unit.gradient)),
    unit.gradient === 0 ? ". What comes after lets nothing through from here." : "");
}

const line = (...parts) => make("p", {className: "equation"}, ...parts);
const bold = value => make("b", {}, number(value));
const signed = value => `${value < 0 ? "−" : "+"} ${number(Math.abs(value))}`;

// The largest terms of a sum one by one, the others together, and the bias.
function writtenSum(unit, order, name) {
  const few = order.slice(0, WRITTEN), rest = order.slice(WRITTEN);
  const parts = few.map((k, n) => [
    n ? ` ${signed(unit.sums[k])}` : number(unit.sums[k]), make("small", {}, ` (${name(k)})`)]);
  const others = rest.reduce((total, k) => total + unit.sums[k], 0);
  if (rest.length) parts.push([` ${signed(others)}`, make("small", {}, ` (${rest.length} others)`)]);
  return line(...parts.flat(), ` ${signed(unit.bias)}`, make("small", {}, " (bias)"), " = ",
              bold(unit.total));
}

function rectified(unit) {
  if (!unit.relu) return "";
  return line(unit.total > 0 ? "ReLU lets it pass: " : "Below 0, so ReLU makes it 0, and lets no gradient back: ",
              bold(unit.value));
}

function ordered(sums) {
  return [...sums.keys()].sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a]));
}

function grid(values, most, pressed = null) {
  return make("div", {className: "grid3"}, ...values.map((value, n) => {
    const cell = make(pressed ? "button" : "span", {}, fixed(value));
    cell.style.background = css(0.55 * value / most);
    if (pressed) Object.assign(cell, {type: "button", title: "Nudge this weight", onclick: () => pressed(n)});
    return cell;
  }));
}

function nudge(name, index) {
  state.weight = {name, index};
  document.querySelector("[data-panel=nudge]").click();
  tell("weight");
}

// 3 x 3 x C values, as pictures of 3 x 3 side by side.
function strip(values, channels, most) {
  const bytes = new Int8Array(values.length);
  for (let k = 0; k < channels; k++) {
    for (let n = 0; n < 9; n++) bytes[9 * k + n] = Math.round(127 * values[n * channels + k] / most);
  }
  const canvas = make("canvas");
  drawMaps(canvas, bytes, 3, 3, channels);
  canvas.style.height = "1.6rem";
  return canvas;
}

function convolution(unit) {
  const channels = unit.sums.length, length = 9 * channels, order = ordered(unit.sums);
  const x = unit.next(Float32Array, length), w = unit.next(Float32Array, length);
  const largest = values => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
  const [mostX, mostW] = [largest(x), largest(w)], products = x.map((value, n) => value * w[n]);
  const of = (values, c) => Array.from({length: 9}, (_, n) => values[n * channels + c]);
  const outputs = layerChannels(unit);
  const terms = order.slice(0, SHOWN).map(c => make("div", {className: "term"},
    make("div", {}, make("small", {}, channels > 1 ? `x of map ${c}` : "x"), grid(of(x, c), mostX)), "·",
    make("div", {}, make("small", {}, "w"), grid(of(w, c), mostW,
      n => nudge(`${unit.name}.w`, (n * channels + c) * outputs + unit.place[2]))),
    "= ", number(unit.sums[c])));
  const rows = channels === 1 ? [] : [make("div", {className: "strip"},
    ...[["x", x, mostX], ["w", w, mostW], ["x · w", products, largest(products)]].flatMap(
      ([name, values, most]) => [make("small", {className: "note"}, `${name}, all ${channels} maps`),
                                 strip(values, channels, most)]))];
  return [make("div", {className: "sum"}, ...terms), ...rows,
          writtenSum(unit, order, c => channels > 1 ? `map ${c}` : "9 products"), rectified(unit)];
}

function layerChannels(unit) {
  return state.parameters.find(({name}) => name === `${unit.name}.w`).shape.at(-1);
}

function dense(unit) {
  const order = ordered(unit.sums), length = unit.sums.length;
  const x = unit.next(Float32Array, length), w = unit.next(Float32Array, length);
  const rows = order.slice(0, WRITTEN).map(c => make("tr", {},
    make("td", {}, `${c}`), make("td", {}, number(x[c])), make("td", {}, make("button", {
      type: "button", title: "Nudge this weight",
      onclick: () => nudge(`${unit.name}.w`, c * layerChannels(unit) + unit.place[0]),
    }, number(w[c]))), make("td", {}, number(unit.sums[c]))));
  const head = make("tr", {}, ...["unit", "x", "w", "x · w"].map(name => make("th", {scope: "col"}, name)));
  return [make("table", {className: "products"}, head, ...rows),
          writtenSum(unit, order, c => `unit ${c}`), rectified(unit)];
}

const PARTS = {
  Conv2D: convolution,
  Dense: dense,
  BatchNorm: unit => [
    line("γ (x − mean) / √(var + ε) + β"),
    line(`= ${number(unit.gamma)} · (${number(unit.x)} − ${number(unit.mean)}) / √(${number(unit.var)} + ` +
         `${unit.epsilon}) ${signed(unit.beta)} = `, bold(unit.value)),
    make("p", {className: "note"}, unit.training
      ? `In training, mean and var are those of this map over the batch: ${unit.counted.toLocaleString("en")} ` +
        `values of ${unit.faces} faces. The gradient goes through them, too.`
      : "In evaluation, mean and var are the running ones that training left behind: constants.")],
  MaxPool2D: unit => {
    const most = Math.max(...unit.four.map(Math.abs)) || 1;
    const four = make("div", {className: "grid3 two"}, ...unit.four.map((value, n) => {
      const cell = make("span", {className: n === unit.winner ? "won" : ""}, number(value));
      cell.style.background = css(0.55 * value / most);
      return cell;
    }));
    const place = ["top left", "top right", "bottom left", "bottom right"][unit.winner];
    const tie = unit.four.filter(value => value === unit.four[unit.winner]).length > 1;
    return [make("div", {className: "sum"}, four, "→ ", bold(unit.value)),
            line(`The ${place} one won` + (tie ? ", the first of equal ones in reading order" : "") +
                 ": it alone gets the gradient; the other three get 0.")];
  },
  Dropout: unit => [
    line(unit.training
      ? unit.kept ? `Kept, and divided by 1 − ${unit.rate}: ${number(unit.x)} → ` : `Dropped: ${number(unit.x)} → `
      : `In evaluation dropout does nothing: ${number(unit.x)} → `, bold(unit.value)),
    make("p", {className: "note"}, unit.training
      ? `Each unit is dropped with probability ${unit.rate}; the others grow, so that the mean stays.`
      : "Tick “as in training” above to see it drop units.")],
  Flatten: unit => {
    const [i, j, k] = unit.comes_from, [, width, channels] = unit.shape;
    return [line(`Unit (${i}, ${j}) of map ${k}, by another number: (${i} · ${width} + ${j}) · ${channels} + ` +
                 `${k} = ${unit.place[0]}`)];
  },
  ReLU: unit => [line(`max(0, ${number(unit.x)}) = `, bold(unit.value))],
};
