// Which pixels of the face a unit of each layer depends on.

import {face, frame, picture} from "./face.js";
import {stage} from "./stage.js";

// Kernel and stride of the network's layers, by name; batch norm and dropout change neither.
const LAYERS = [1, 2, 3].flatMap(n => [[`conv${2 * n - 1}`, 3, 1], [`conv${2 * n}`, 3, 1],
                                       [`pool${n}`, 2, 2]]);

export async function start(place) {
  const grey = await face();
  let at = [0.5, 0.5];
  stage(place, {
    label: "A face, and the pixels on it that one unit depends on. Arrow keys choose the unit.",
    ratio: 1.9, step: 1 / 1.9 / 23, point: (x, y) => { at = [y, Math.min(1 - 1e-9, x * 1.9)]; },
    controls: {layer: {words: "layer", options: LAYERS.map(([name]) => name)}},
    draw(sheet, {layer}) {
      let rows = 48, size = 1, step = 1;
      for (const [name, kernel, stride] of LAYERS) {
        rows = Math.floor((rows - kernel) / stride) + 1;
        size += (kernel - 1) * step;
        step *= stride;
        if (name === layer) break;
      }
      const unit = sheet.height / 48, [i, j] = at.map(share => Math.floor(share * rows));
      picture(sheet, grey, [0, 0, sheet.height]);
      frame(sheet, [j * step * unit, i * step * unit, size * unit, size * unit]);
      const cell = 0.8 * sheet.height / rows, left = 1.1 * sheet.height, top = 0.1 * sheet.height;
      for (let n = 0; n < rows * rows; n++) {
        sheet.pen.strokeStyle = "#8888";
        sheet.pen.strokeRect(left + n % rows * cell, top + Math.floor(n / rows) * cell, cell, cell);
      }
      frame(sheet, [left + j * cell, top + i * cell, cell, cell]);
      return `Row ${i}, column ${j} of ${layer}, a map of ${rows} × ${rows}: it depends on ` +
        `${size} × ${size} pixels, from row ${i * step}, column ${j * step} on.`;
    }});
}
