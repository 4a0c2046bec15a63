// Which key does what: one table, from which the help sheet is made too.

const TABLE = [
  [["Enter"], "accept", "accept as the person proposed"],
  [["r"], "name", "name, or rename; with completion"],
  [["1", "5"], "nearest", "name as the first to fifth nearest person"],
  [["s"], "stranger", "a stranger: kept for the threshold"],
  [["x"], "remove", "not a face"],
  [["d"], "refuse", "not the person proposed: never proposed again"],
  [["v"], "revoke", "out of the gallery"],
  [["w"], "wait", "put back among those that wait"],
  [["z"], "undo", "undo, as often as you like"],
  [["y"], "redo", "do again"],
  [["j", "n"], "next", "next card"],
  [["k", "p"], "previous", "card before"],
  [["←", "→", "↑", "↓"], "", "go from face to face; with Shift choose a range"],
  [[" "], "toggle", "choose a face, or not"],
  [["a"], "all", "choose all, or none"],
  [["i"], "others", "choose the others instead"],
  [["l"], "alike", "choose all that look like this one"],
  [["m"], "map", "the map of these faces: draw around some to choose them"],
  [["Escape"], "none", "choose none"],
  [["f"], "frame", "the whole picture, its neighbours, the nearest of the gallery"],
  [["+"], "zoom", "larger faces, or smaller"],
  [["?"], "help", "this sheet"],
];
const SHOWN = { " ": "Space", Escape: "Esc" };
const DEEDS = Object.fromEntries(TABLE.flatMap(([keys, deed]) => keys.map((key) => [key, deed])));

export function listKeys(sheet) {
  for (const [keys, deed, words] of TABLE) {
    const term = document.createElement("dt");
    const meaning = document.createElement("dd");
    for (const key of keys) {
      const cap = document.createElement("kbd");
      cap.textContent = SHOWN[key] ?? (key.length === 1 ? key.toUpperCase() : key);
      term.append(cap, deed === "nearest" && key === "1" ? "–" : " ");
    }
    meaning.textContent = words;
    sheet.append(term, meaning);
  }
}

function arrows(event, faces) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -faces.columns(), ArrowDown: faces.columns() };
  const far = faces.all().length;
  return { ...steps, Home: -far, End: far }[event.key];
}

function elsewhere(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return true;
  const target = event.target.closest("input, select, textarea, button, a");
  return Boolean(target) && (["Enter", " "].includes(event.key) || target.matches("input, select, textarea"));
}

export function onKeys(deeds, faces, nearest) {
  document.addEventListener("keydown", (event) => {
    if (elsewhere(event)) return;
    const step = arrows(event, faces);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (step !== undefined) faces.move(step, event.shiftKey);
    else if (/^[1-5]$/.test(key) && !event.repeat) nearest(Number(key) - 1);
    else if (key === "z" && event.shiftKey) deeds.redo();
    else if (DEEDS[key] && !event.repeat) deeds[DEEDS[key]]();
    else return;
    event.preventDefault();
  });
}
