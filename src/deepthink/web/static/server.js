// Speaks with the server: what it refuses comes as Refused, what never reached it as Lost.

export class Refused extends Error {
  constructor(status, content) {
    const words = typeof content.detail === "string" ? content.detail : "The server could not make sense of that.";
    super(words);
    this.status = status;
    this.suggestion = content.suggestion;
  }
}

export class Lost extends Error {}

const token = document.querySelector("meta[name=csrf-token]").content;

async function reach(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Lost("No connection to the server.");
  }
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

export async function html(path) {
  const answer = await reach(path);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

export async function json(path) {
  return (await reach(path)).json();
}

export async function tell(path, content) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
  return (await reach(path, { method: "POST", headers, body: JSON.stringify(content) })).json();
}

export async function isThere() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
