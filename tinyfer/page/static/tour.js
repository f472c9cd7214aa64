// The tour: six steps from the face to the gradient, each with its place on the page.

import {drawExpression} from "./drawn.js";
import {$} from "./elements.js";
import {chooseFirst} from "./layers.js";

// [title, words, panel, what is framed, what is done first]
const STEPS = [
  ["A face", "All that the network gets is this square: 48 × 48 grey pixels, no colour, no name. " +
    "Press an expression or another person, and the square changes.", null, "#face",
   () => { document.querySelector("[data-panel=drawn]").click(); drawExpression("happy"); }],
  ["A pixel", "Each pixel is one number from 0, black, to 255, white. Move over the face to read " +
    "them. The network divides them by 255, and from there on there is only arithmetic.", null,
   ".pair > div:first-child"],
  ["A unit", "A unit of the first layer multiplies the nine pixels of a 3 × 3 window by nine " +
    "weights, adds them up, and keeps the sum if it is above 0. Here it is, number by number; " +
    "click elsewhere on the strip for another.", "layers", "#unit",
   () => chooseFirst({layer: 0, i: 20, j: 16, k: 4})],
  ["A layer", "The same nine weights over the whole face make a map of one feature; a layer has " +
    "many such maps. Later layers take the maps before them instead of pixels, get smaller, and " +
    "see more of the face at once. Scroll down to the last one.", "layers",
   "#strips li:nth-child(3)"],
  ["The answer", "The last layer has one number for each class. Softmax turns them into " +
    "probabilities that add up to 1: the bars beside the face. Cover the mouth here, and see " +
    "which of them it carried.", "cover", "#answer"],
  ["The gradient", "Why these weights? For each of them backpropagation finds how the loss " +
    "changes as it moves: the slope of this curve. Training moves all of them a little down " +
    "their slopes, again and again: press Train, then Play.", "nudge", "#curve"],
];

let steps = STEPS, at = 0;

function show(step) {
  at = Math.max(0, Math.min(steps.length - 1, step));
  const [title, words, panel, framed, prepare] = steps[at];
  $("guide").hidden = false;
  if (panel) document.querySelector(`[data-panel=${panel}]`).click();
  prepare?.();
  $("guide-title").textContent = title;
  $("guide-words").textContent = words;
  $("guide-place").textContent = `${at + 1} of ${steps.length}`;
  $("guide-back").disabled = at === 0;
  $("guide-next").hidden = at === steps.length - 1;
  frame(framed);
}

function frame(selector) {
  document.querySelector(".framed")?.classList.remove("framed");
  const element = selector && document.querySelector(selector);
  element?.classList.add("framed");
  element?.scrollIntoView({block: "center"});
}

function end() {
  $("guide").hidden = true;
  frame(null);
  $("tour").focus();
}

export function startTour({learns}) {
  if (!learns) steps = STEPS.slice(0, -1);      // the last is about a weight that moves
  $("tour").onclick = () => show(0);
  $("guide-back").onclick = () => show(at - 1);
  $("guide-next").onclick = () => show(at + 1);
  $("guide-end").onclick = end;
  document.addEventListener("keydown", event => {
    if (event.key === "Escape" && !$("guide").hidden) end();
  });
}
