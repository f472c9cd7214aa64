// What all figures here have: a canvas, controls below it, and a sentence that says what one sees.
// Nothing moves unless a reader moves it.

import {paper} from "../../page/chart.js";
import {make} from "../../page/elements.js";
import {on, tell} from "../../page/state.js";

export {chart, dot, ink, trace} from "../../page/chart.js";
export {number} from "../../page/elements.js";

// label: what the canvas is, for who does not see it; ratio: of its width to its height.
// controls: name -> {words, min, max, step, value, shown} of a slider, shown(value) what stands
// beside it, or {words, options} of a list. draw(sheet, values): draws, and returns the sentence.
// point(x, y): the place on the canvas, as fractions of it, where a pointer is or where the arrow
// keys have gone by `step`.
export function stage(place, {label, ratio, controls, legend = [], draw, point, step}) {
  const canvas = make("canvas", {className: "stage", "aria-label": label,
                                 ...point ? {role: "application", tabIndex: 0} : {role: "img"}});
  const said = make("p", {className: "said", "aria-live": "polite"}), values = {}, reads = [];
  const show = () => {
    for (const read of reads) read();
    const sheet = paper(canvas);
    if (sheet) said.textContent = draw(sheet, values);
  };
  const rows = Object.entries(controls).map(([name, {words, options, shown, ...range}]) => {
    const input = options
      ? make("select", {}, ...options.map(each => make("option", {}, each)))
      : make("input", {type: "range", ...range});
    const output = make("output");
    reads.push(() => {
      values[name] = options ? input.value : Number(input.value);
      output.textContent = options ? "" : shown?.(values[name]) ?? input.value.replace("-", "−");
    });
    input.addEventListener("input", show);
    return make("label", {}, make("span", {}, words), input, output);
  });
  canvas.style.aspectRatio = ratio;
  place.append(canvas, ...legend.length ? [legendOf(legend)] : [],
               make("div", {className: "controls"}, ...rows), said);
  if (point) follow(canvas, step, (x, y) => { point(x, y); show(); });
  new ResizeObserver(show).observe(canvas);
  on("scheme", show);
}

function legendOf(legend) {
  return make("p", {className: "legend"}, ...legend.flatMap(([colour, words]) => {
    const swatch = make("i");
    swatch.style.background = `var(${colour})`;
    return [make("span", {}, swatch, words)];
  }));
}

const MOVES = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

function follow(canvas, step, point) {
  let at = [0.5, 0.5];
  const go = (x, y) => {
    at = [x, y].map(share => Math.max(0, Math.min(1 - 1e-9, share)));
    point(...at);
  };
  const pointed = event => {
    const box = canvas.getBoundingClientRect();
    go((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  canvas.addEventListener("pointermove", event => {
    if (event.pointerType === "mouse" || event.buttons) pointed(event);
  });
  canvas.addEventListener("pointerdown", pointed);
  canvas.addEventListener("keydown", event => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const ratio = canvas.clientWidth / canvas.clientHeight;
    go(at[0] + move[0] * step, at[1] + move[1] * step * ratio);
  });
}

// Light or dark has been chosen.
const chosen = () => tell("scheme");
new MutationObserver(chosen).observe(document.body, {attributeFilter: ["data-theme"]});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", chosen);
