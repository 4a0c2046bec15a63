// The map of a card: its faces where their embeddings lie, and a line drawn around some chooses them.

import { json } from "/static/server.js";

const dialog = document.getElementById("map-dialog");
const map = document.getElementById("map");
const lasso = document.querySelector("#map-line polygon");
const chosenWords = document.getElementById("map-chosen");
let line = [];
let choose = () => {};

export async function draw(faces, chosen) {
  choose = chosen;
  const among = faces.map((one) => `among=${one.dataset.row}`).join("&");
  const spots = await json(`/api/map?${among}`);
  const pictures = new Map(faces.map((one) => [Number(one.dataset.row), one.querySelector("img")]));
  map.replaceChildren(...spots.map((spot) => shownAt(spot, pictures.get(spot.row))));
  count();
  lasso.setAttribute("points", "");
  dialog.showModal();
}

function shownAt({ row, x, y }, picture) {
  const face = document.createElement("button");
  const image = document.createElement("img");
  face.type = "button";
  face.dataset.row = row;
  face.setAttribute("aria-pressed", "false");
  face.style.left = `${100 * x}%`;
  face.style.top = `${100 * y}%`;
  image.src = picture.src;
  image.alt = picture.alt;
  image.draggable = false;
  face.append(image);
  return face;
}

const press = (face, wanted) => face.setAttribute("aria-pressed", String(wanted));
const isPressed = (face) => face.getAttribute("aria-pressed") === "true";
const pressed = () => [...map.children].filter(isPressed);

function count() {
  chosenWords.textContent = `${pressed().length} of ${map.children.length} chosen`;
}

// Whether a place is within a line: a ray from it crosses the line an odd number of times.
function within([x, y], corners) {
  return corners.reduce((inside, [x1, y1], at) => {
    const [x2, y2] = corners[(at + 1) % corners.length];
    return y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1) ? !inside : inside;
  }, false);
}

function middle(face) {
  const { left, top, width, height } = face.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}

function drawn() {
  const { left, top } = lasso.ownerSVGElement.getBoundingClientRect();
  lasso.setAttribute("points", line.map(([x, y]) => `${x - left},${y - top}`).join(" "));
}

map.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  line = [[event.clientX, event.clientY]];
  map.setPointerCapture(event.pointerId);
});

map.addEventListener("pointermove", (event) => {
  if (!line.length) return;
  line.push([event.clientX, event.clientY]);
  drawn();
});

map.addEventListener("pointerup", () => {
  if (!line.length) return;
  const corners = line;
  line = [];
  const [[x, y]] = corners;
  if (corners.every(([a, b]) => Math.hypot(a - x, b - y) < 6)) tap(x, y);
  else [...map.children].filter((face) => within(middle(face), corners)).forEach((face) => press(face, true));
  count();
});

map.addEventListener("pointercancel", () => {
  line = [];
  lasso.setAttribute("points", "");
});

function tap(x, y) {
  const face = document.elementsFromPoint(x, y).find((one) => one.matches("#map button"));
  if (face) press(face, !isPressed(face));
}

// A key presses a face as a finger does; what the pointer presses comes by pointerup.
map.addEventListener("click", (event) => {
  const face = event.target.closest("button");
  if (!face || event.detail) return;
  press(face, !isPressed(face));
  count();
});

document.getElementById("map-clear").addEventListener("click", () => {
  pressed().forEach((face) => press(face, false));
  lasso.setAttribute("points", "");
  count();
});

document.getElementById("map-choose").addEventListener("click", () => {
  choose(pressed().map((face) => face.dataset.row));
  dialog.close();
});
