// The dialog that asks for a name, and completes it.

import { json } from "/static/server.js";

const dialog = document.getElementById("name-dialog");
const input = document.getElementById("name");
const options = document.getElementById("names");
const wrong = document.getElementById("name-wrong");
let people = [];
let at = 0;
let done = () => {};
let loading = Promise.resolve();

async function load() {
  people = (await json("/api/names")).map(({ name, shown }) => [name, shown]);
  suggest();
}

export async function askName(title, then, { typed = "", complaint = "" } = {}) {
  done = then;
  document.getElementById("name-title").textContent = title;
  input.value = typed;
  wrong.textContent = complaint;
  dialog.showModal();
  input.focus();
  input.select();
  suggest();
  loading = load();
  await loading;
}

function matches() {
  const typed = input.value.trim().toLowerCase();
  const fits = ([name, shown]) => [name, shown].some((word) => word.toLowerCase().startsWith(typed));
  const within = ([name, shown]) => `${name} ${shown}`.toLowerCase().includes(typed);
  const first = people.filter(fits);
  const known = [...first, ...people.filter((one) => within(one) && !first.includes(one))].slice(0, 8);
  const exact = people.some(([name]) => name.toLowerCase() === typed);
  return typed && !exact ? [...known, [input.value.trim(), null]] : known;
}

function suggest() {
  const found = matches();
  at = Math.min(at, Math.max(0, found.length - 1));
  options.replaceChildren(...found.map(([name, shown], place) => option(name, shown, place)));
  input.setAttribute("aria-expanded", String(found.length > 0));
  if (found.length) input.setAttribute("aria-activedescendant", `name-${at}`);
  else input.removeAttribute("aria-activedescendant");
}

function option(name, shown, place) {
  const item = document.createElement("li");
  item.id = `name-${place}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", String(place === at));
  item.textContent = shown === null ? `New person: ${name}` : shown;
  item.addEventListener("click", () => finish(name));
  return item;
}

function finish(name) {
  dialog.close();
  if (name) done(name);
}

input.addEventListener("input", () => {
  at = 0;
  suggest();
});

input.addEventListener("keydown", (event) => {
  const found = matches();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(1, found.length);
    suggest();
    event.preventDefault();
  } else if (event.key === "Tab" && found[at] && input.value !== found[at][0]) {
    input.value = found[at][0];
    suggest();
    event.preventDefault();
  }
});

// Who types faster than the names come has not said "a new person" by that.
dialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  await loading.catch(() => {});
  finish((matches()[at] ?? [input.value.trim()])[0]);
});
