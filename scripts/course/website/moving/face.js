// The face on which figures point, drawn by the pen of the page, and pictures with large pixels.

import {drawFace, drawSigned} from "../../page/colour.js";
import {draw, load, measures} from "../../page/network/pen.js";

export async function face() {
  const pen = await load(new URL("../../page/weights/pen.json", import.meta.url));
  return draw(measures(pen, "surprise"));
}

// Grey values, or with `signed` values of either sign, in the square [left, top, side] of a sheet.
export function picture({pen}, values, [left, top, side], signed = false) {
  const small = document.createElement("canvas"), width = Math.sqrt(values.length);
  small.width = small.height = width;
  if (signed) drawSigned(small, values, width);
  else drawFace(small, values);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, left, top, side, side);
}

export function frame({pen}, box) {
  for ([pen.strokeStyle, pen.lineWidth] of [["#000", 4], ["#fff", 2]]) pen.strokeRect(...box);
}
