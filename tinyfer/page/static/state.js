// What all panels share: the face, the network, the class explained. Whoever needs one listens.

export const SIZE = 48;

// Which tab this is, of all that the program serves: each has networks of its own that learn.
export const TAB = crypto.getRandomValues(new Uint32Array(1))[0];

export const state = {
  face: null,         // its 48 x 48 grey values; a new array for each new face
  network: "",
  classes: [],
  probabilities: [],
  unsure: false,
  chosen: "",         // the class to explain, or "" for the most probable one
  parameters: [],     // {name, shape} of all that the network has learnt
  learntFrom: null,   // from what faces, in words, where that is known
  source: "",         // where the face comes from
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
  return state.classes[state.probabilities.indexOf(Math.max(...state.probabilities))] ?? "";
}

// Calls `work` when the panel is seen and one of the events has happened since it last was, as soon
// as there is a face and a first answer.
export function whenSeen(panel, events, work) {
  let stale = true;
  const look = () => {
    if (!stale || !state.face || !state.probabilities.length) return;
    if (document.getElementById(panel).hidden) return;
    stale = false;
    work();
  };
  for (const event of events) on(event, () => { stale = true; look(); });
  on("panel", look);
  on("answer", look);
}
