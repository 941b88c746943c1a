"use strict";
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const overlays = document.getElementById("overlays");
const notice = document.getElementById("notice");

/* An answer that is not what was asked for: a redirect is followed by the page, a refusal is shown. */
async function refused(answer, kind) {
  if (answer.redirected) { location.assign(answer.url); return true; }
  if (answer.ok && answer.headers.get("content-type").startsWith(kind)) return false;
  const heading = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("h1");
  notice.textContent = heading ? heading.textContent : notice.dataset.failed;
  return true;
}

/* What an editable box holds, as plain text. innerText would count each blank line twice. */
function plain(box) {
  let text = "";
  for (const node of box.childNodes) {
    const block = node.nodeName === "DIV" || node.nodeName === "P";
    if (node.nodeType === Node.TEXT_NODE) text += node.data;
    else if (node.nodeName === "BR") text += box.childNodes.length > 1 ? "\n" : "";
    else text += (block && node.previousSibling ? "\n" : "") + plain(node);
  }
  return text;
}

async function converse(slug) {
  const open = overlays.querySelector(`[data-opened-for="${slug}"]`);
  if (open) { open.querySelector("[role=textbox]").focus(); return; }
  const answer = await fetch(`/messaging/${slug}/dialog`);
  if (await refused(answer, "text/x-fragment")) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  const dialog = holder.content.firstElementChild;
  dialog.dataset.openedFor = slug;
  overlays.append(dialog);
  serve(dialog, dialog.dataset.thread);
}

function serve(dialog, slug) {
  const log = dialog.querySelector("[role=log]");
  const composer = dialog.querySelector("[role=textbox]");
  const send = dialog.querySelector("[type=submit]");
  const written = () => plain(composer).trim();
  const update = () => { send.disabled = !written(); };
  const reload = async () => {
    const answer = await fetch(`/messaging/${slug}/`);
    if (await refused(answer, "text/x-fragment")) return;
    log.innerHTML = await answer.text();
    log.scrollTop = log.scrollHeight;
  };
  composer.addEventListener("input", update);
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.remove());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = written();
    if (!text) return;
    send.disabled = true;
    const answer = await fetch(`/messaging/${slug}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify({ text }),
    }).catch(() => null);
    if (answer === null) notice.textContent = notice.dataset.failed;
    else if (!(await refused(answer, "application/json"))) {
      const { ask } = await answer.json();
      await reload();
      composer.textContent = "";
      if (ask) question(ask, slug);
    }
    update();
  });
  update();
  log.scrollTop = log.scrollHeight;
  composer.focus();
}

/* What the site asks after a message was sent. */
function question(name, slug) {
  const veil = document.getElementById(name).content.firstElementChild.cloneNode(true);
  const answered = (path) => { if (path) fetch(path, { method: "POST", headers: { "X-CSRF-Token": csrf } }); veil.remove(); };
  veil.querySelector("[data-share]").addEventListener("click", () => answered(`/messaging/${slug}/share`));
  veil.querySelector("[data-decline]").addEventListener("click", () => answered());
  document.body.append(veil);
}

/* What was folded comes in a moment later, as it does where it has to be fetched. */
function unfold(button) {
  setTimeout(() => {
    const holder = button.closest("section, [role=region]").querySelector("template");
    if (button.dataset.unfold === "instead") holder.previousElementSibling.remove();
    holder.replaceWith(holder.content);
    button.remove();
  }, 20);
}

document.addEventListener("click", (event) => {
  const folded = event.target.closest("[data-unfold]");
  if (folded) { event.preventDefault(); unfold(folded); }
  const button = event.target.closest("[data-converse]");
  if (button) converse(button.dataset.converse);
  if (event.target.closest("[data-dismiss]")) document.getElementById("popup").remove();
});
