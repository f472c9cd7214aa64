// What all panels share: the face, the network, the class explained. Whoever needs one listens.

export const SIZE = 48;

export const state = {
  face: new Uint8Array(SIZE * SIZE),
  network: "",
  classes: [],
  probabilities: [],
  chosen: "",         // the class to explain, or "" for the most probable one
};

const listeners = {};

export function on(event, listener) {
  (listeners[event] ??= []).push(listener);
}

export function tell(event) {
  for (const listener of listeners[event] ?? []) listener();
}

export function setFace(face) {
  state.face = face;
  tell("face");
}

// The class that is explained.
export function target() {
  if (state.classes.includes(state.chosen)) return state.chosen;
  return state.classes[state.probabilities.indexOf(Math.max(...state.probabilities))];
}

// Nothing to explain: all pixels alike.
export function blank(face) {
  return face.every(grey => grey === face[0]);
}

// Calls `work` when the panel is seen and one of the events has happened since it last was.
export function whenSeen(panel, events, work) {
  let stale = true;
  const look = () => {
    if (!stale || document.getElementById(panel).hidden) return;
    stale = false;
    work();
  };
  for (const event of events) on(event, () => { stale = true; look(); });
  on("panel", look);
}
