// The status page: parts that have changed come as server-sent events; while the connection is lost they are asked for.

import { Lost, Refused, json, tell } from "/static/server.js";

const AGAIN = [2, 4, 8, 15, 30]; // seconds until the connection is tried anew
const link = document.getElementById("link");
const notice = document.getElementById("notice");
let source = null;
let failures = 0;
let waiting = 0;
let known = new Date();

function marks() {
  return [...document.querySelectorAll(".part")].map((part) => part.dataset.mark).join(",");
}

// A part is put in place of the former one; what was opened stays open, and who was there with the keys stays there.
function show(part) {
  const place = document.getElementById(`part-${part.id}`);
  if (!place || place.dataset.mark === part.mark) return;
  const opened = [...place.querySelectorAll("details[open]")].map((one) => one.id);
  const focused = place.contains(document.activeElement) ? [...place.querySelectorAll("a, summary, [tabindex]")].indexOf(document.activeElement) : -1;
  place.replaceChildren(...new DOMParser().parseFromString(part.html, "text/html").body.childNodes);
  place.dataset.mark = part.mark;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused >= 0) place.querySelectorAll("a, summary, [tabindex]")[focused]?.focus();
  ago(place);
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// Moments are shown as how long ago they were: the server sends nothing only because time goes by.
function ago(within) {
  for (const time of within.querySelectorAll("time")) {
    const seconds = (new Date(time.dateTime) - new Date()) / 1000;
    if (Number.isNaN(seconds)) continue;
    const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
    time.title ||= time.textContent;
    time.textContent = unit ? words.format(Math.round(seconds / unit[1]), unit[0]) : "just now";
  }
}

function say(state, text) {
  link.dataset.state = state;
  if (link.textContent !== text) link.textContent = text;
}

function listen() {
  clearTimeout(waiting);
  source?.close();
  const own = (source = new EventSource(`/status/events?have=${marks()}`));
  own.onopen = () => {
    failures = 0;
    say("live", "live");
  };
  own.addEventListener("part", (event) => {
    known = new Date();
    show(JSON.parse(event.data));
  });
  own.addEventListener("end", () => {
    leave(); // before the connection ends too, and is taken for a lost one
    location.assign(`/login?next=${encodeURIComponent("/status")}`);
  });
  own.onerror = () => {
    own.close();
    if (own === source) lost();
  };
}

async function lost() {
  waiting = setTimeout(listen, 1000 * AGAIN[Math.min(failures++, AGAIN.length - 1)]);
  try {
    for (const part of await json(`/status/parts?have=${marks()}`)) show(part);
    known = new Date();
    say("slow", "looks now and then");
  } catch (error) {
    if (error instanceof Lost) say("lost", `connection lost: as it stood at ${known.toTimeString().slice(0, 5)}`);
    else if (!(error instanceof Refused && error.status === 401)) say("lost", error.message);
  }
}

function leave() {
  clearTimeout(waiting);
  source?.close();
  source = null;
}

// A page that nobody sees asks for nothing.
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => event.persisted && listen());

for (const button of document.querySelectorAll("button[data-post]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      notice.textContent = (await tell(button.dataset.post, {})).text;
      notice.classList.remove("bad");
    } catch (error) {
      notice.textContent = error.message;
      notice.classList.add("bad");
    }
    notice.hidden = false;
    button.disabled = false;
    button.focus();
  });
}

ago(document);
setInterval(() => ago(document), 30_000);
listen();
document.documentElement.classList.add("scripted");
