// A picture or the camera, with a square on it that becomes the face.

import {Line, report, stale} from "./ask.js";
import {$, make} from "./elements.js";
import {SIZE, on, setFace, state} from "./state.js";

const CUT = 480;                // pixels of the square that is scaled, at most
const VIEW = 480;               // of the picture in which it looks for faces, at most,
const FOLLOW = 320;             // and of a frame of the camera
const FRAME = 50;               // ms between two pictures of the camera
const CLICK = 4;                // pixels that a pointer may move while it clicks

const cuts = new Line(answer => setFace(answer.next(Uint8Array, SIZE * SIZE)), $("face"));

const scrap = document.createElement("canvas");

// Red, green, blue and opacity of a part [left, top, width, height] of a picture or video.
function pixelsOf(source, part, width, height) {
  scrap.width = width;
  scrap.height = height;
  const pen = scrap.getContext("2d", {willReadFrequently: true});
  pen.drawImage(source, ...part, 0, 0, width, height);
  return new Uint8Array(pen.getImageData(0, 0, width, height).data.buffer);
}

// A view of a picture or video, and the square on it: put on a face by a click, moved by dragging
// or arrow keys, made larger or smaller by + and -.
class Square {
  // mirrored: as in a mirror, for a camera; found(faces): called after each search with the [left,
  // top, side] of all faces, in a picture the surest first.
  constructor(parent, name, {mirrored = false, found}) {
    Object.assign(this, {mirrored, source: null, faces: []});
    this.canvas = make("canvas", {
      className: "square", tabIndex: 0, role: "application", hidden: true,
      "aria-label": `${name} with a square about the face. Arrow keys move it, plus and minus ` +
        "change its size."});
    this.zoom = make("input", {type: "range", min: 8, max: 100, value: 60});
    this.label = make("label", {className: "field wide", hidden: true}, "Square ", this.zoom);
    this.words = make("p", {className: "note"});
    this.buttons = make("div", {className: "row", role: "group", "aria-label": "Faces"});
    parent.append(this.canvas, this.words, this.buttons, this.label);
    this.finder = new Line(({faces}, {scale}) => {
      found(faces.map(face => face.slice(0, 3).map(value => value / scale)));
    }, mirrored ? null : this.canvas);
    this.zoom.oninput = () => this.resize(Number(this.zoom.value) / 100);
    this.canvas.onpointerdown = event => this.drag(event);
    this.canvas.onkeydown = event => this.key(event);
  }

  show(source, width, height) {
    Object.assign(this, {source, width, height});
    this.offer([]);
    this.canvas.hidden = this.label.hidden = false;
    this.canvas.width = Math.min(width, 640);
    this.canvas.height = Math.round(this.canvas.width * height / width);
    const side = 0.75 * Math.min(width, height);
    this.place((width - side) / 2, (height - side) / 2, side);
  }

  place(left, top, side) {
    const shorter = Math.min(this.width, this.height);
    this.side = Math.max(Math.min(16, shorter), Math.min(side, shorter));
    this.left = Math.max(0, Math.min(this.width - this.side, left));
    this.top = Math.max(0, Math.min(this.height - this.side, top));
    this.share = this.side / shorter;
    this.zoom.value = 100 * this.share;
    this.update();
  }

  resize(share) {
    this.moved = true;
    const side = share * Math.min(this.width, this.height);
    this.place(this.left + (this.side - side) / 2, this.top + (this.side - side) / 2, side);
  }

  drag(start) {
    const {canvas, left, top, mirrored} = this, box = canvas.getBoundingClientRect();
    const scale = this.width / box.width;
    let clicked = true;
    canvas.setPointerCapture(start.pointerId);
    canvas.onpointermove = event => {
      const [right, down] = [event.clientX - start.clientX, event.clientY - start.clientY];
      clicked &&= Math.hypot(right, down) <= CLICK;
      if (clicked) return;
      this.moved = true;
      this.place(left + right * scale * (mirrored ? -1 : 1), top + down * scale, this.side);
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      canvas.onpointermove = null;
      const across = (start.clientX - box.left) * scale, y = (start.clientY - box.top) * scale;
      const x = mirrored ? this.width - across : across;
      const n = this.faces.findIndex(([left, top, side]) => (
        x >= left && x < left + side && y >= top && y < top + side));
      if (clicked && n >= 0) this.choose(n);
    };
  }

  key(event) {
    const step = this.side / 40, right = this.mirrored ? -step : step;
    const [x, y, larger] = {ArrowLeft: [-right, 0, 1], ArrowRight: [right, 0, 1],
                            ArrowUp: [0, -step, 1], ArrowDown: [0, step, 1], "+": [0, 0, 1.06],
                            "-": [0, 0, 1 / 1.06]}[event.key] ?? [];
    if (!larger) return;
    event.preventDefault();
    this.left += x;
    this.top += y;
    this.resize(this.share * larger);
  }

  // Have the faces looked for in a picture or the next frame of a camera.
  find(most = VIEW) {
    const scale = Math.min(1, most / Math.max(this.width, this.height));
    const [width, height] = [this.width, this.height].map(side => Math.round(side * scale));
    const pixels = pixelsOf(this.source, [0, 0, this.width, this.height], width, height);
    this.finder.ask("find", {width, height, scale}, pixels);
  }

  // A frame and a button for each face.
  offer(faces) {
    this.faces = faces;
    this.buttons.replaceChildren(...(faces.length < 2 ? [] : faces).map((_, n) => make("button", {
      type: "button", "aria-label": `Face ${n + 1}`, onclick: () => this.choose(n)}, n + 1)));
    this.words.textContent = faces.length > 1 ? `${faces.length} faces: click on one.` : "";
    // Who has moved the square meanwhile knows best.
    if (faces.length && !this.moved) this.choose(0);
  }

  choose(n) {
    for (const [m, button] of [...this.buttons.children].entries()) {
      button.setAttribute("aria-pressed", m === n);
    }
    this.place(...this.faces[n]);
  }

  // Draw the view, and have the square cut out.
  update() {
    const {canvas, source, left, top, side} = this, pen = canvas.getContext("2d");
    const scale = canvas.width / this.width;
    pen.save();
    if (this.mirrored) { pen.translate(canvas.width, 0); pen.scale(-1, 1); }
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    const box = [left, top, side, side].map(value => value * scale);
    pen.lineWidth = 2;
    pen.strokeStyle = "#fff";
    for (const [x, y, size] of this.faces) {
      pen.strokeRect(x * scale, y * scale, size * scale, size * scale);
    }
    pen.fillStyle = "rgb(0 0 0 / 0.45)";
    pen.beginPath();
    pen.rect(0, 0, canvas.width, canvas.height);
    pen.rect(...box);
    pen.fill("evenodd");
    for ([pen.strokeStyle, pen.lineWidth] of [["#000", 5], ["#fff", 2.5]]) pen.strokeRect(...box);
    pen.restore();
    const size = Math.max(1, Math.min(CUT, Math.round(side)));
    const pixels = pixelsOf(source, [left, top, side, side], size, size);
    cuts.ask("cut", {width: size, height: size}, pixels);
  }
}

async function open(file, square) {
  if (!file) return;
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is no picture that this browser can read`);
  });
  stale();
  square.source?.close?.();
  square.moved = false;
  square.show(picture, picture.width, picture.height);
  square.find();
  $("drop").hidden = true;
}

function startCamera() {
  const video = make("video", {muted: true, playsInline: true});
  const square = new Square($("camera-square"), "The camera", {mirrored: true, found: follow});
  let timer = null, since = 0;

  function look() {
    if (square.moved) return;           // it was taken in hand
    since = performance.now();
    square.find(FOLLOW);
  }

  // The square goes to the face that is nearest to it, or that is clicked on. The next search
  // begins after half the time that this one took, so that the answers have their turn.
  function follow(faces) {
    if (!video.srcObject) return;
    square.faces = faces;
    square.words.textContent = faces.length ? "" : "No face is found.";
    setTimeout(look, Math.max(FRAME, (performance.now() - since) / 2));
    if (!faces.length || square.moved) return;
    const {left, top, side} = square;
    const away = ([x, y, size]) => Math.hypot(x + (size - side) / 2 - left,
                                              y + (size - side) / 2 - top);
    square.place(...faces.reduce((best, face) => away(face) < away(best) ? face : best));
  }

  const stop = () => {
    clearInterval(timer);
    video.srcObject?.getTracks().forEach(track => track.stop());
    video.srcObject = null;
    $("camera-start").hidden = false;
    $("camera-stop").hidden = true;
  };
  $("camera-stop").onclick = stop;
  on("source", () => { if (state.source !== "camera") stop(); });
  $("camera-start").onclick = async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia(
        {video: {width: 640, height: 480, facingMode: "user"}});
    } catch (error) {
      return report(new Error(`The camera cannot be used: ${error.message}`));
    }
    await video.play();
    $("camera-start").hidden = true;
    $("camera-stop").hidden = false;
    square.moved = false;
    square.show(video, video.videoWidth, video.videoHeight);
    timer = setInterval(() => square.update(), FRAME);
    look();
  };
}

export function startPictures() {
  const square = new Square($("picture-square"), "The picture", {found: faces => {
    square.offer(faces);
    if (faces.length) return;
    square.words.textContent = "No face was found: put the square on it by hand.";
  }});
  const take = file => open(file, square).catch(report);
  $("file").onchange = () => take($("file").files[0]);
  // A picture may be dropped anywhere; the browser must not leave the page for it.
  document.ondragover = event => event.preventDefault();
  document.ondrop = event => {
    event.preventDefault();
    document.querySelector("[data-panel=picture]").click();
    take(event.dataTransfer.files[0]);
  };
  on("source", () => { if (state.source === "picture" && square.source) square.update(); });
  startCamera();
  $("use-camera")?.addEventListener("click", () => {       // of the front page
    document.querySelector("[data-panel=camera]").click();
    $("camera-start").click();
  });
}
