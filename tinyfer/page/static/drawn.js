// A face drawn by its measures: an expression, a person, and sliders.

import {Line} from "./ask.js";
import {$, make} from "./elements.js";
import {SIZE, on, setFace, state} from "./state.js";

const asked = {expression: "happy", person: 0, measures: {}};
const inputs = {};

const line = new Line(answer => {
  for (const [name, value] of Object.entries(answer.measures)) {
    if (!(name in asked.measures)) inputs[name].value = value;
  }
  if (state.source === "drawn") setFace(answer.next(Uint8Array, SIZE * SIZE));
});

function draw() {
  line.ask("draw", structuredClone(asked));
  for (const button of $("expressions").children) {
    button.setAttribute("aria-pressed", button.textContent === asked.expression);
  }
}

export function drawExpression(expression) {
  Object.assign(asked, {expression, measures: {}});
  draw();
}

export function startDrawing({expressions, people, sliders}) {
  $("expressions").append(...expressions.map(expression => make("button", {
    type: "button", onclick: () => drawExpression(expression)}, expression)));
  $("person").onclick = () => {
    Object.assign(asked, {person: 1 + Math.floor(Math.random() * people), measures: {}});
    draw();
  };
  $("plain").onclick = () => { Object.assign(asked, {person: 0, measures: {}}); draw(); };
  for (const {name, low, high, group, label} of sliders) {
    inputs[name] = make("input", {
      type: "range", id: `measure-${name}`, min: low, max: high, step: (high - low) / 100,
      oninput() { asked.measures[name] = Number(this.value); draw(); },
    });
    $("sliders").append(
      make("label", {htmlFor: `measure-${name}`}, label ? `${group}: ${label}` : group),
      inputs[name]);
  }
  // On a narrow screen what is inside the network comes before the sliders.
  const narrow = matchMedia("(max-width: 62rem)");
  narrow.onchange = () => $(narrow.matches ? "below" : "measures").append($("sliders"));
  narrow.onchange();
  on("source", () => {
    $("below").hidden = state.source !== "drawn";
    if (state.source === "drawn") draw();
  });
}
