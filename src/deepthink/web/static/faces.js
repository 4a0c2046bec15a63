// The faces of the card: which one is looked at, and which are chosen.

const chosenWords = document.getElementById("chosen");
let here = 0;
let anchor = 0;
let ranging = false;

export const list = () => document.getElementById("faces");
export const all = () => [...(list()?.children ?? [])];
export const isChosen = (face) => face.getAttribute("aria-selected") === "true";
export const current = () => all()[here];

export function begin() {
  here = anchor = 0;
  range(false);
  list()?.focus({ preventScroll: true });
  mark();
}

function mark() {
  const faces = all();
  here = Math.min(Math.max(here, 0), Math.max(0, faces.length - 1));
  faces.forEach((face, at) => face.classList.toggle("here", at === here));
  if (faces[here]) list().setAttribute("aria-activedescendant", faces[here].id);
  const count = faces.filter(isChosen).length;
  chosenWords.textContent = count ? `${count} of ${faces.length} chosen` : "";
}

function choose(face, wanted) {
  face.setAttribute("aria-selected", String(wanted));
}

export function move(step, extend) {
  if (extend && !all().some(isChosen)) anchor = here;
  here += step;
  mark();
  current()?.scrollIntoView({ block: "nearest" });
  if (extend) between(anchor, here);
}

export function columns() {
  const faces = all();
  const next = faces.findIndex((face) => face.offsetTop > faces[0].offsetTop);
  return next < 0 ? faces.length : next;
}

function between(one, other) {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  all().forEach((face, at) => choose(face, at >= first && at <= last));
  mark();
}

export function toggle(face = current()) {
  if (!face) return;
  here = anchor = all().indexOf(face);
  choose(face, !isChosen(face));
  mark();
}

export function touch(face, extend) {
  if (!extend && !ranging) return toggle(face);
  here = all().indexOf(face);
  between(anchor, here);
  return range(false);
}

export function range(wanted = !ranging) {
  ranging = wanted;
  document.querySelector("[data-do=range]").setAttribute("aria-pressed", String(ranging));
}

export function everything() {
  const wanted = !all().every(isChosen);
  all().forEach((face) => choose(face, wanted));
  mark();
}

export function others() {
  all().forEach((face) => choose(face, !isChosen(face)));
  mark();
}

export function nothing() {
  all().forEach((face) => choose(face, false));
  mark();
}

export function only(rows) {
  const wanted = new Set(rows.map(String));
  all().forEach((face) => choose(face, wanted.has(face.dataset.row)));
  mark();
}

// What a decision is about: the chosen faces, or all of the card; each with the stamp under which it was seen.
export function meant() {
  const chosen = all().filter(isChosen);
  const faces = chosen.length ? chosen : all();
  return Object.fromEntries(faces.map((face) => [face.dataset.row, face.dataset.stamp]));
}
