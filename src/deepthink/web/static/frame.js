// The dialog that shows a face's whole picture, its neighbours in the event, and the nearest faces of the gallery.

import { json } from "/static/server.js";

const dialog = document.getElementById("frame-dialog");
const picture = document.getElementById("frame");
const boxes = document.getElementById("boxes");
const place = document.getElementById("frame-place");
const words = document.getElementById("face-words");
const likes = document.getElementById("likes");
let row = null;
let shown = null;

export async function look(number) {
  row = number;
  shown = null;
  likes.replaceChildren();
  words.textContent = "";
  if (!dialog.open) dialog.showModal();
  await Promise.all([turnTo(null), compare()]);
}

async function turnTo(wanted) {
  const asked = row;
  const found = await json(`/api/frames/${asked}${wanted === null ? "" : `?place=${wanted}`}`);
  if (asked !== row) return;
  shown = found;
  boxes.replaceChildren();
  picture.onload = draw;
  picture.src = shown.picture;
  place.textContent = `${shown.place + 1} of ${shown.pictures} · ${shown.time.slice(0, 23)}`;
  picture.alt = `The whole picture, ${shown.time}`;
}

function draw() {
  boxes.setAttribute("viewBox", `0 0 ${picture.naturalWidth} ${picture.naturalHeight}`);
  boxes.replaceChildren(
    ...shown.boxes.map(([x1, y1, x2, y2], at) => {
      const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const sides = { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) };
      Object.entries(sides).forEach(([name, value]) => box.setAttribute(name, value));
      if (shown.rows[at] === Number(row)) box.classList.add("own");
      return box;
    }),
  );
}

async function compare() {
  const asked = row;
  const face = await json(`/api/faces/${asked}`);
  if (asked !== row) return;
  const near = face.people.slice(0, 3).map((one) => `${one.shown} ${one.distance.toFixed(2)}`);
  const said = face.name === "Unknown" ? "no name" : `${face.name}, ${(100 * face.probability).toFixed(1)} %`;
  words.textContent =
    `Row ${asked} · ${face.camera || "camera unknown"} · ${face.state}, ${said}` +
    `${face.distance < 9 ? ` · distance ${face.distance.toFixed(2)}` : ""} · focus ${face.focus.toFixed(0)}${near.length ? ` · nearest: ${near.join(", ")}` : ""}`;
  likes.replaceChildren(...face.faces.map(like));
}

function like(one) {
  const item = document.createElement("li");
  const image = document.createElement("img");
  image.src = `/faces/${one.row}/small.jpg`;
  image.alt = `${one.shown}, distance ${one.distance.toFixed(2)}`;
  item.append(image, `${one.shown} ${one.distance.toFixed(2)}`);
  return item;
}

export function step(by) {
  const wanted = shown ? shown.place + by : -1;
  if (shown && wanted >= 0 && wanted < shown.pictures) turnTo(wanted);
}

dialog.addEventListener("click", (event) => {
  const by = event.target.closest("[data-step]")?.dataset.step;
  if (by) step(Number(by));
});

dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft" || event.key === "[") step(-1);
  if (event.key === "ArrowRight" || event.key === "]") step(1);
  if (event.key === "f") dialog.close();
});
