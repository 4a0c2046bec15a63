// The desk: shows one card after another, and carries out what keys, buttons and fingers want.

import * as faces from "/static/faces.js";
import { look } from "/static/frame.js";
import { listKeys, onKeys } from "/static/keys.js";
import { draw } from "/static/map.js";
import { askName } from "/static/names.js";
import { Lost, Refused, html, isThere, json, tell } from "/static/server.js";

const desk = document.getElementById("desk");
const notice = document.getElementById("notice");
const mayDecide = desk.dataset.may !== "look";
const query = new URLSearchParams(location.search);
let busy = false;

document.documentElement.classList.add("scripted");
const card = () => document.getElementById("current").dataset;

function say(words, bad = false) {
  notice.hidden = !words;
  notice.textContent = words;
  notice.classList.toggle("bad", bad);
}

function address(more) {
  const asked = new URLSearchParams(query);
  Object.entries(more).forEach(([name, value]) => asked.set(name, value));
  return `/card?${asked}`;
}

async function show(more) {
  const answer = await html(address(more));
  for (const part of answer.querySelectorAll("template")) {
    document.getElementById(part.dataset.for).replaceChildren(document.importNode(part.content, true));
  }
  document.title = `${document.querySelector(".progress b").textContent} to review · DeepThink`;
  faces.begin();
  setTimeout(() => warm(Number(card().place) + 1), 150);
}

// Fetches the next card's pictures beforehand.
async function warm(place) {
  const answer = await html(address({ at: place })).catch(() => null);
  answer?.querySelector("template")?.content.querySelectorAll("img").forEach((one) => (new Image().src = one.src));
}

// Does one thing at a time; a key that comes meanwhile was meant for what was to be seen before, and is let fall.
async function alone(work) {
  if (busy) return;
  busy = true;
  desk.classList.add("busy");
  try {
    await work();
  } catch (error) {
    await mend(error);
  } finally {
    busy = false;
    desk.classList.remove("busy");
  }
}

async function mend(error) {
  if (error instanceof Lost) return wait();
  if (!(error instanceof Refused)) throw error;
  say(error.message, true);
  if (error.status === 409) await show({ at: card().id }).catch(() => {});
}

async function wait() {
  const before = JSON.stringify(faces.meant());
  const { id } = card();
  say("No connection to the server. It is not known whether the last decision was saved; trying again ...", true);
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 1000));
  await show({ at: id });
  const same = card().id === id && JSON.stringify(faces.meant()) === before;
  say(same ? "Connected again. The last decision was not saved: decide again." : "Connected again. Look where you are.");
}

function decide(verb, name = "") {
  if (!mayDecide) return say("You may look, not decide.", true);
  const seen = faces.meant();
  if (!Object.keys(seen).length) return undefined;
  const { place, lane } = card();
  return alone(async () => {
    try {
      const done = await tell("/api/act", { verb, seen, name, lane });
      say(`${done.text}. Undo: Z`);
    } catch (error) {
      if (!error.suggestion) throw error;
      return askName("Who is this?", (other) => decide(verb, other), { typed: error.suggestion, complaint: error.message });
    }
    return show({ at: place });
  });
}

function turn(path) {
  if (!mayDecide) return say("You may look, not decide.", true);
  return alone(async () => {
    const done = await tell(path, {});
    await show(done.rows.length ? { holds: done.rows[0] } : { at: card().place });
    say(`${done.text}.`);
  });
}

const go = (step) => alone(() => show({ at: Number(card().place) + step, step }));
const ask = (verb) => askName("Who is this?", (name) => decide(verb, name));

async function alike() {
  const face = faces.current();
  if (!face) return;
  const among = faces.all().map((one) => `among=${one.dataset.row}`).join("&");
  faces.only(await json(`/api/faces/${face.dataset.row}/alike?${among}`));
}

function nearest(place) {
  const button = document.querySelectorAll(".near button")[place];
  if (button) decide("name", button.dataset.name);
}

function accept() {
  const { person, lane } = card();
  if (lane === "faults") return decide("accept");
  return person ? decide("accept", person) : ask("name");
}

function refuse() {
  const { person } = card();
  return person ? decide("refuse", person) : say("Nobody is proposed here.");
}

const deeds = {
  accept,
  refuse,
  name: () => ask(["enrolled", "gallery", "faults"].includes(card().lane) ? "relabel" : "name"),
  stranger: () => decide("stranger"),
  remove: () => decide("remove"),
  revoke: () => decide("revoke"),
  wait: () => decide("wait"),
  undo: () => turn("/api/undo"),
  redo: () => turn("/api/redo"),
  next: () => go(1),
  previous: () => go(-1),
  toggle: () => faces.toggle(),
  range: () => faces.range(),
  all: () => faces.everything(),
  others: () => faces.others(),
  none: () => faces.nothing(),
  alike: () => alone(alike),
  map: () => faces.all().length && alone(() => draw(faces.all(), faces.only)),
  frame: () => faces.current() && alone(() => look(faces.current().dataset.row)),
  zoom: () => document.getElementById("card").classList.toggle("large"),
  help: () => document.getElementById("help-dialog").showModal(),
};

document.getElementById("tools").addEventListener("click", (event) => {
  const deed = event.target.closest("[data-do]")?.dataset.do;
  if (deed) deeds[deed]();
});

document.getElementById("card").addEventListener("click", (event) => {
  const face = event.target.closest(".faces li");
  const near = event.target.closest("[data-name]");
  if (near) decide("name", near.dataset.name);
  if (face && !face.dataset.held) faces.touch(face, event.shiftKey);
  if (face) delete face.dataset.held;
});

// A long press looks at a face, as a double click does.
let press;
document.getElementById("card").addEventListener("pointerdown", (event) => {
  const face = event.target.closest(".faces li");
  if (!face || event.pointerType === "mouse") return;
  press = setTimeout(() => {
    face.dataset.held = "yes";
    alone(() => look(face.dataset.row));
  }, 550);
});
for (const end of ["pointerup", "pointercancel", "pointermove", "scroll"]) {
  document.addEventListener(end, () => clearTimeout(press), { passive: true });
}
document.getElementById("card").addEventListener("dblclick", (event) => {
  const face = event.target.closest(".faces li");
  if (face) alone(() => look(face.dataset.row));
});

document.getElementById("filters").addEventListener("change", (event) => event.currentTarget.requestSubmit());
document.getElementById("open-help").addEventListener("click", deeds.help);
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
onKeys(deeds, faces, nearest);
listKeys(document.getElementById("keys"));
faces.begin();
