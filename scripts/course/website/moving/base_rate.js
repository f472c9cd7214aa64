// What an alarm is worth: a thousand people, of whom some are angry, and a detector of anger.

import {ink, stage} from "./stage.js";

const PEOPLE = 1000, COLUMNS = 50;

export function start(place) {
  const percent = share => `${share} %`;
  stage(place, {
    label: "A thousand small squares, one for each person, by what they are and are called",
    ratio: 2.4,
    controls: {
      angry: {words: "angry, of 1,000", min: 1, max: 500, value: 10},
      recall: {words: "of them found", min: 0, max: 100, value: 70, shown: percent},
      false_: {words: "false alarms among the others", min: 0, max: 50, value: 10, shown: percent}},
    legend: [["--plus", "angry, flagged"], ["--ink", "angry, missed (hollow)"],
             ["--minus", "not angry, flagged"], ["--line", "not angry"]],
    draw(sheet, {angry, recall, false_}) {
      const found = Math.round(angry * recall / 100);
      const flagged = Math.round((PEOPLE - angry) * false_ / 100);
      const {pen, width} = sheet, cell = width / COLUMNS;
      for (let person = 0; person < PEOPLE; person++) {
        const place = [Math.floor(person / 20) * cell, person % 20 * cell, 0.8 * cell, 0.8 * cell];
        pen.fillStyle = ink(person < found ? "--plus"
          : person < angry ? "--ink" : person < angry + flagged ? "--minus" : "--line");
        if (person >= found && person < angry) {
          pen.strokeStyle = ink("--ink");
          pen.strokeRect(...place);
        } else pen.fillRect(...place);
      }
      const alarms = found + flagged;
      if (alarms === 0) return "There is no alarm at all.";
      return `Of ${alarms} alarms ${found} are right: ` +
        `${Math.round(100 * found / alarms)} of 100. Of the ${angry} who are angry, ` +
        `${angry - found} are missed.`;
    }});
}
