// Training on one face, a step at a time, on a copy of the network.

import {Line} from "./ask.js";
import {chart} from "./chart.js";
import {$, bars, fill, make, number} from "./elements.js";
import {TAB, on, state, target, whenSeen} from "./state.js";

let last = null;

const line = new Line((answer, asked) => {
  if (asked.network !== state.network) return;
  last = {...answer, pressed: asked.steps};
  show();
}, $("step-shown"));

const question = (steps, reset = false) => ["step", {
  network: state.network, label: $("step-label").value, rate: rate(), steps, reset, tab: TAB},
state.face];
const look = () => line.ask(...question(0));
const press = (...what) => line.press(...question(...what));

const rate = () => 10 ** Number($("rate").value);

function show() {
  const {pressed, classes, after, trained, steps, losses} = last;
  bars($("step-answer"), classes.map((name, k) => (
    {name, value: after[k], before: trained[k], strong: name === $("step-label").value})));
  $("steps").textContent = steps ? `${steps} step${steps === 1 ? "" : "s"} taken` : "";
  const label = $("step-label").value;
  $("step-words").textContent = (pressed === 0
    ? `The loss of this face as ${label} is ${number(last.loss_after)}.`
    : `The last press took the loss from ${number(last.loss_before)} to ` +
      `${number(last.loss_after)}.`);
  const y = [...losses, last.loss_after], x = y.map((_, n) => steps - losses.length + n);
  chart($("losses"), {
    lines: [{x: x.length > 1 ? x : [0, 1], y: x.length > 1 ? y : [y[0], y[0]], colour: "--plus"}],
    points: y.length < 30 ? y.map((each, n) => ({x: x[n], y: each, colour: "--plus"})) : [],
    x: "step", y: "loss", whole: true,
  });
}

export function startStep() {
  on("network", () => { fill($("step-label"), state.classes); last = null; });
  $("rate").oninput = () => { $("rate-value").textContent = number(rate(), 2); };
  $("rate").oninput();
  $("step-label").onchange = look;
  $("one").onclick = () => press(1);
  $("ten").onclick = () => press(10);
  $("reset").onclick = () => press(0, true);
  whenSeen("step", ["face", "network"], () => {
    if (!last) $("step-label").value = target();
    look();
  });
  on("scheme", () => last && show());
  addEventListener("resize", () => last && show());
}
