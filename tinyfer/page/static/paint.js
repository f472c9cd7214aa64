// 48 x 48 pixels to paint on.

import {drawFace} from "./colour.js";
import {$, make, pixelAt} from "./elements.js";
import {SIZE, on, setFace, state} from "./state.js";

// Calls paint(row, column) for every pixel that a pointer passes, or that the keys choose with
// space; begin() before each stroke, and moved(row, column) when the keys move.
export function brushOn(canvas, {begin, paint, moved}) {
  const place = {row: SIZE >> 1, column: SIZE >> 1};
  let last = null;
  const stroke = ([row, column]) => {
    const [fromRow, fromColumn] = last ?? [row, column];
    const steps = Math.max(1, Math.abs(row - fromRow), Math.abs(column - fromColumn));
    const pixels = [];
    for (let n = 0; n <= steps; n++) {
      pixels.push([Math.round(fromRow + (row - fromRow) * n / steps),
                   Math.round(fromColumn + (column - fromColumn) * n / steps)]);
    }
    last = [row, column];
    [place.row, place.column] = last;
    paint(pixels);
  };
  canvas.onpointerdown = event => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    last = null;
    begin();
    stroke(pixelAt(event, SIZE));
  };
  canvas.onpointermove = event => {
    if (canvas.hasPointerCapture(event.pointerId)) stroke(pixelAt(event, SIZE));
  };
  canvas.onkeydown = event => {
    const [rows, columns] = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1],
                             ArrowRight: [0, 1], " ": [0, 0]}[event.key] ?? [];
    if (rows === undefined) return;
    event.preventDefault();
    if (event.key === " ") {
      last = null;
      begin();
      stroke([place.row, place.column]);
    } else {
      place.row = Math.max(0, Math.min(SIZE - 1, place.row + rows));
      place.column = Math.max(0, Math.min(SIZE - 1, place.column + columns));
    }
    moved(place.row, place.column);
  };
  canvas.onblur = () => moved(null);
}

// The numbers of the pixels in a square of `size` about a row and column.
export function square(row, column, size) {
  const pixels = [], top = row - (size >> 1), left = column - (size >> 1);
  for (let i = Math.max(0, top); i < Math.min(SIZE, top + size); i++) {
    for (let j = Math.max(0, left); j < Math.min(SIZE, left + size); j++) pixels.push(i * SIZE + j);
  }
  return pixels;
}

// Draws the outline of a square of pixels.
export function outline(canvas, row, column, size) {
  const pen = canvas.getContext("2d"), half = size >> 1;
  pen.strokeStyle = "#0072b2";
  pen.lineWidth = 1;
  pen.strokeRect(column - half - 0.5, row - half - 0.5, size + 1, size + 1);
}

export function startPainting() {
  const canvas = $("easel"), undo = [];
  let grey = 0;
  const size = () => Number($("brush").value);

  for (const value of [0, 64, 128, 192, 255]) {
    const button = make("button", {
      type: "button", role: "radio", "aria-label": `grey ${value}`,
      onclick() {
        grey = value;
        for (const each of $("greys").children) each.setAttribute("aria-checked", each === this);
      },
    });
    button.style.background = `rgb(${value} ${value} ${value})`;
    button.setAttribute("aria-checked", value === 0);
    $("greys").append(button);
  }
  brushOn(canvas, {
    begin() { undo.push(state.face); },
    paint(places) {
      const face = state.face.slice();
      for (const [row, column] of places) {
        for (const n of square(row, column, size())) face[n] = grey;
      }
      setFace(face);
    },
    moved(row, column) {
      drawFace(canvas, state.face);
      if (row !== null) outline(canvas, row, column, size());
    },
  });
  $("undo").onclick = () => { if (undo.length) setFace(undo.pop()); };
  $("blank").onclick = () => {
    undo.push(state.face);
    setFace(new Uint8Array(SIZE * SIZE).fill(160));
  };
  on("face", () => drawFace(canvas, state.face));
}
