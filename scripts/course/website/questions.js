// The quick questions, the predictions and the exercises by hand, answered in the page. What was
// answered is kept in this browser, and goes nowhere else.

import {make} from "../page/elements.js";

const page = location.pathname.split("/").at(-1).replace(".html", "");
const kept = JSON.parse(localStorage.getItem(`tinyfer ${page}`) ?? "{}");

function keep(name, value) {
  kept[name] = value;
  localStorage.setItem(`tinyfer ${page}`, JSON.stringify(kept));
}

// 1,000 or 2/3 or −0.5 as a number; NaN for anything else.
function numberOf(text) {
  const plain = text.trim().replace(/,(?=\d{3})/g, "").replaceAll("−", "-").replace(/ ?%$/, "");
  const parts = plain.split("/");
  return parts.length > 2 || parts.some(part => part.trim() === "") ? NaN
    : parts.map(Number).reduce((a, b) => a / b);
}

// Quick questions: a number is typed in and checked; any other answer is shown.

function question(item, answer, name) {
  const hidden = make("div", {className: "answer", hidden: true}, ...answer.childNodes);
  const verdict = make("span", {role: "status"});
  const say = value => {
    verdict.textContent = {right: "right", wrong: "not yet"}[value] ?? "";
    verdict.className = value ?? "";
  };
  const show = make("button", {type: "button", onclick() {
    hidden.hidden = false;
    show.hidden = true;
  }}, "Show the answer");
  const begin = hidden.textContent.trim().match(
    /^[−-]?\d[\d,]*(\.\d+)?( ?%)?(?=[.;:,]? |[.;:]?$)/);
  const field = begin && make("input", {
    type: "text", inputMode: "decimal", "aria-label": "Your answer, a number",
    onchange() {
      if (!this.value.trim()) return;
      const right = numberOf(begin[0]), off = Math.abs(numberOf(this.value) - right);
      keep(name, off <= 0.005 * Math.abs(right) ? "right" : "wrong");
      say(kept[name]);
    }});
  const row = make("div", {className: "row"}, ...field ? [field] : [], show, verdict);
  item.append(row, hidden);
  say(kept[name]);
}

function questions() {
  const place = document.getElementById("five-quick-questions");
  const asked = place?.querySelectorAll(":scope > ol > li") ?? [];
  const answers = place?.querySelectorAll("details ol > li") ?? [];
  if (!asked.length || asked.length !== answers.length) return;
  asked.forEach((item, n) => question(item, answers[n], `question ${n + 1}`));
  place.querySelector("details").hidden = true;
  place.append(make("p", {}, "What you answer is kept in this browser only."));
}

// What is expected of the experiment, above its result.

function prediction() {
  document.querySelector("#predict-then-run strong")?.closest("p").after(make("textarea", {
    value: kept.expected ?? "", rows: 3, "aria-label": "What you expect of the experiment",
    onchange() { keep("expected", this.value); }}));
}

// Exercises by hand: each number against its hash. Mirrors by_hand of docs/exercises/checker.py.

async function digest(topic, place, number) {
  const text = new TextEncoder().encode(`${topic} ${place} ${number.toFixed(3)}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return Array.from(hash.subarray(0, 6), byte => byte.toString(16).padStart(2, "0")).join("");
}

function byHand(item, topic, {right, known}) {
  const fields = right.map(([label, hash], place) => {
    const name = `${topic} ${place}`, said = make("small", {role: "status"});
    const field = make("input", {type: "text", inputMode: "decimal", value: kept[name] ?? ""});
    const check = async () => {
      const number = numberOf(field.value) + 0;
      said.className = said.textContent = "";
      if (Number.isNaN(number)) return;
      const near = await Promise.all(
        [0, 0.0004, -0.0004].map(d => digest(topic, place, number + d)));
      const mistake = near.map(each => known[each]).find(Boolean);
      said.className = near.includes(hash) ? "right" : "wrong";
      said.textContent = near.includes(hash) ? "right" : mistake ? `no: ${mistake}` : "no";
    };
    field.onchange = () => { keep(name, field.value); check(); };
    check();
    return make("label", {}, make("span", {}, label), field, said);
  });
  item.append(make("div", {className: "by-hand"}, ...fields));
}

async function exercises() {
  const all = await (await fetch(new URL("by_hand.json", import.meta.url))).json();
  const items = [...document.querySelectorAll("#exercises > ol > li")].filter(
    item => item.querySelector("em")?.textContent === "By hand.");
  Object.entries(all[page] ?? {}).forEach(([topic, answers], n) => (
    items[n] && byHand(items[n], topic, answers)));
}

prediction();
questions();
await exercises();
