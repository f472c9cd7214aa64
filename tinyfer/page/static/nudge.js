// One weight moved: the loss as a curve, the gradient as its tangent, the difference beside it.

import {Line} from "./ask.js";
import {chart} from "./chart.js";
import {$, bars, fill, make, number} from "./elements.js";
import {on, state, target, whenSeen} from "./state.js";

const POINTS = 41;
let curve = null, now = null;   // {x, y}; the last answer

const shape = () => state.parameters.find(({name}) => name === $("parameter").value).shape;
const question = more => ({
  network: state.network, parameter: $("parameter").value, index: Number($("index").value),
  label: $("nudge-label").value, ...more});

const line = new Line((answer, asked) => {
  if (asked.curve) {
    const [x, y] = [answer.next(Float64Array, POINTS), answer.next(Float64Array, POINTS)];
    curve = {x: [...x], y: [...y]};
    Object.assign($("weight"), {min: answer.low, max: answer.high});
  }
  now = answer;
  if (asked.trained) $("weight").value = answer.value;
  show();
}, $("nudge-shown"));

function show() {
  const {value, loss, gradient, difference, h, trained, low, high} = now;
  const reach = (high - low) / 6, tangent = [value - reach, value + reach];
  $("weight-name").textContent = `${now.name}[${now.place.join(", ")}]`;
  $("weight-value").textContent = number(value);
  chart($("curve"), {
    lines: [{...curve, colour: "--soft", width: 3},
            {x: tangent, y: tangent.map(each => loss + gradient * (each - value)), colour: "--plus",
             width: 2.5}],
    points: [{x: value, y: loss, colour: "--plus"}], marks: [{x: trained, words: "trained"}],
    x: "the weight", y: "loss",
  });
  const most = Math.max(Math.abs(gradient), Math.abs(difference), 1e-8);
  const rows = [["loss", number(loss, 5)],
                ["gradient, by the backward pass", number(gradient, 9)],
                [`(loss(w + h) − loss(w − h)) / 2h, h = ${number(h, 1)}`, number(difference, 9)],
                ["relative error", number(Math.abs(gradient - difference) / most, 2)]];
  $("slopes").replaceChildren(...rows.flatMap(([name, words]) => [
    make("dt", {}, name), make("dd", {}, words)]));
  bars($("nudge-answer"), state.classes.map((name, k) => ({
    name, value: now.probabilities[k], before: state.probabilities[k],
    strong: name === $("nudge-label").value})));
}

function askCurve() {
  const most = shape().reduce((a, b) => a * b, 1) - 1;
  $("index").max = most;
  $("index").value = Math.max(0, Math.min(most, Math.floor(Number($("index").value) || 0)));
  line.ask("nudge", question({curve: true, trained: true}), state.face);
}

const finder = new Line(({index}) => {
  $("index").value = index;
  askCurve();
});

function askSteepest() {
  finder.ask("steepest", question(), state.face);
}

export function startNudge() {
  on("network", () => {
    fill($("parameter"), state.parameters.map(({name, shape}) => (
      [name, `${name} (${shape.join(" × ")})`])), "conv3.w");
    fill($("nudge-label"), state.classes);
    now = null;
  });
  $("parameter").onchange = askSteepest;
  $("index").onchange = askCurve;
  $("nudge-label").onchange = askCurve;
  $("weight").oninput = () => line.ask("nudge", question(
    {curve: false, trained: false, value: Number($("weight").value)}), state.face);
  $("back").onclick = () => line.ask("nudge", question({curve: false, trained: true}), state.face);
  whenSeen("nudge", ["face", "network"], () => {
    if (now) return askCurve();
    $("nudge-label").value = target();
    askSteepest();
  });
  on("scheme", () => now && show());
  addEventListener("resize", () => now && show());
}
