// Calls the modules of tinyfer/page/static/network, for test_network_js.py:
// node network_answers.mjs FOLDER, where asked.json is and answered.json is written; an array is a
// file there.

import {readFileSync, writeFileSync} from "node:fs";

const folder = process.argv[2];
const here = new URL("../../tinyfer/page/static/network/", import.meta.url);
const bytes = name => new Uint8Array(readFileSync(`${folder}/${name}`)).buffer;
globalThis.fetch = async name => new Response(bytes(name));

const [networks, finders, pens, {start}] = await Promise.all(
  ["network", "finder", "pen", "remote"].map(name => import(new URL(`${name}.js`, here))));
const opened = {}, open = file => opened[file] ??= networks.load(file);
const answers = {
  about: async file => {
    const {classNames, window, seen} = await open(file);
    return [classNames, window, seen];
  },
  network: async (file, name, ...given) => (await open(file))[name](...given),
  find: async (file, ...given) => (await finders.load(file)).find(...given),
  cut: finders.cut,
  pen: pens.load,
  draw: async (file, expression, person, moved) =>
    pens.draw({...pens.measures(await pens.load(file), expression, person), ...moved}),
};

// A thread that answers in this one.
const listeners = {};
const ask = start({
  addEventListener: (type, listener) => { listeners[type] = listener; },
  postMessage: async ([number, name, ...given]) => {
    if (name === "stop") return listeners.error();
    const answer = Promise.resolve().then(() => answers[name](...given));
    listeners.message({data: await answer.then(it => [number, it],
                                               error => [number, null, error.message])});
  },
});

const taken = value => value?.file
  ? new {uint8: Uint8Array, float32: Float32Array}[value.type](bytes(value.file)) : value;
let files = 0;
const given = (_, value) => {
  if (!(value instanceof Float32Array)) return value;
  writeFileSync(`${folder}/${++files}.f4`, value);
  return `${files}.f4`;
};
const found = [];
for (const question of JSON.parse(readFileSync(`${folder}/asked.json`))) {
  found.push(await ask(...question.map(taken)).catch(error => ({error: error.message})));
}
writeFileSync(`${folder}/answered.json`, JSON.stringify(found, given));
