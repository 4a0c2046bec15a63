// The pages of people and of history: each form is one request, after which the page is loaded anew.

import { tell } from "/static/server.js";

const notice = document.getElementById("notice");

for (const form of document.querySelectorAll("form[data-post]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const content = Object.fromEntries(new FormData(form));
    if (content.number) content.number = Number(content.number);
    try {
      await tell(form.dataset.post, content);
      location.reload();
    } catch (error) {
      notice.textContent = error.message;
      notice.hidden = false;
      notice.classList.add("bad");
    }
  });
}

document.documentElement.classList.add("scripted");
