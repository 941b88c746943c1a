// Live updates: the server says that something changed, and elements with hx-trigger="changed from:body" ask again.
"use strict";

// Text becomes markup only where htmx reads a page of ours; nothing may make a script of a text.
if (window.trustedTypes) window.trustedTypes.createPolicy("default", { createHTML: (html) => html });

const live = document.body.dataset.live;
const SILENT_MS = 40000; // the server sends something every 15 s
let events = null;
let waitMs = 1000;
let silence = 0;

function later(action) {
  setTimeout(action, waitMs);
  waitMs = Math.min(2 * waitMs, 60000);
}

function tellChange() {
  document.body.dispatchEvent(new Event("changed"));
}

function listen() {
  if (events || document.hidden) return;
  events = new EventSource(live);
  expectSound();
  events.addEventListener("heartbeat", expectSound);
  events.addEventListener("changed", () => {
    waitMs = 1000;
    expectSound();
    tellChange();
  });
  events.addEventListener("error", () => {
    if (!events || events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    stopListening();
    later(listen);
  });
}

// A connection may be dead without an error: after sleep, or when the network changed.
function expectSound() {
  clearTimeout(silence);
  silence = setTimeout(() => {
    stopListening();
    listen();
  }, SILENT_MS);
}

function stopListening() {
  clearTimeout(silence);
  if (events) events.close();
  events = null;
}

// A part that could not be refreshed asks again.
for (const failure of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(failure, (event) => {
    const trigger = event.target.getAttribute?.("hx-trigger") || "";
    if (trigger.startsWith("changed from:body")) later(tellChange);
  });
}

if (live && "EventSource" in window) {
  listen();
  // A page that nobody sees holds no connection: a browser has few of them.
  document.addEventListener("visibilitychange", () => (document.hidden ? stopListening() : listen()));
  window.addEventListener("pagehide", stopListening);
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
}

// A refreshed part may have replaced the element that had the focus: the same one in the new part gets it.
let focused = null;
document.addEventListener("htmx:before:swap", () => (focused = document.activeElement));
document.addEventListener("htmx:after:swap", () => {
  if (!focused || focused.isConnected) return;
  const wanted = describe(focused);
  const again = [...document.querySelectorAll(focused.tagName)].find((each) => describe(each) === wanted);
  if (again) again.focus({ preventScroll: true });
});

function describe(element) {
  const { id, name, href, form, textContent } = element;
  return [id, name, href, form && form.action, textContent.trim()].join("\n");
}

// An open menu closes on Escape and on a press elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus(null);
});
document.addEventListener("click", (event) => closeMenus(event.target));

function closeMenus(around) {
  for (const menu of document.querySelectorAll("details.more[open]")) {
    if (!menu.contains(around)) {
      const focused = menu.contains(document.activeElement);
      menu.open = false;
      if (focused) menu.querySelector("summary").focus();
    }
  }
}

// Cards that are decided on: keys, swipes, and an offer to undo that ends.
const CARD = "[data-card]";
const SWIPED_PX = 90;
const EDGE_PX = 24; // where the browser's own gesture for "back" begins
let leaving = false;
document.addEventListener("submit", (event) => (leaving ||= event.target.method === "post"));
window.addEventListener("pageshow", () => (leaving = false));

function currentCard() {
  return document.activeElement.closest(CARD);
}

function goToCard(step) {
  const cards = [...document.querySelectorAll(CARD)];
  const at = cards.indexOf(currentCard());
  const next = cards[at < 0 ? 0 : Math.min(Math.max(at + step, 0), cards.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "start" });
}

function pressKey(key) {
  const within = key === "u" ? document : currentCard();
  const target = within?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (target && !leaving) target.click();
  return Boolean(target);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable], dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (!document.querySelector(`${CARD}, [data-key]`)) return;
  const onCard = document.activeElement.matches(CARD);
  const done =
    (event.key === "j" || (event.key === "ArrowDown" && onCard)) ? goToCard(1) ?? true
    : (event.key === "k" || (event.key === "ArrowUp" && onCard)) ? goToCard(-1) ?? true
    : event.key === "?" ? document.getElementById("keys")?.showModal() ?? true
    : /^[a-z]$/.test(event.key) && pressKey(event.key);
  if (done) event.preventDefault();
});

for (const button of document.querySelectorAll("[data-help]")) {
  button.hidden = false;
  button.addEventListener("click", () => document.getElementById("keys").showModal());
}

for (const offer of document.querySelectorAll("[data-gone-after]")) {
  setTimeout(() => offer.remove(), offer.dataset.goneAfter * 1000);
}

for (const card of document.querySelectorAll(CARD)) {
  let start = null;
  const end = () => {
    start = null;
    card.classList.remove("approving", "dropping");
    card.style.translate = "";
  };
  card.addEventListener("touchstart", (event) => {
    const touch = event.touches[0];
    const isFree = event.touches.length === 1 && touch.clientX > EDGE_PX && touch.clientX < innerWidth - EDGE_PX;
    start = isFree ? touch : null;
  }, { passive: true });
  card.addEventListener("touchmove", (event) => {
    if (!start) return;
    const across = event.touches[0].clientX - start.clientX;
    const down = Math.abs(event.touches[0].clientY - start.clientY);
    if (event.touches.length > 1 || (down > 30 && down > Math.abs(across))) return end();
    card.classList.toggle("approving", across > SWIPED_PX);
    card.classList.toggle("dropping", across < -SWIPED_PX);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) card.style.translate = `${across}px`;
  }, { passive: true });
  card.addEventListener("touchend", () => {
    const chosen = card.classList.contains("approving") ? "a" : card.classList.contains("dropping") ? "d" : "";
    end();
    if (chosen && !leaving) card.querySelector(`[data-key="${chosen}"]`)?.click();
  });
  card.addEventListener("touchcancel", end);
}

// A file that is dropped anywhere on its form is chosen. Without this, the field itself takes it.
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest?.("form[data-drop]");
    if (!form || !event.dataTransfer) return;
    form.classList.toggle("dropping", name === "dragover");
    if (name === "dragleave") return;
    event.preventDefault();
    if (name === "drop" && event.dataTransfer.files.length) {
      const field = form.querySelector("input[type=file]");
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}
document.addEventListener("change", (event) => {
  const most = event.target.dataset.mostBytes;
  if (!most) return;
  const tooLarge = [...event.target.files].some((file) => file.size > Number(most));
  event.target.setCustomValidity(tooLarge ? event.target.dataset.tooLarge : "");
  if (tooLarge) event.target.reportValidity();
});

// The address of a list follows what is typed into its search, so that "back" leads to the same list.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-address] input[type=search]")) return;
  const form = event.target.form;
  const given = [...new FormData(form)].filter(([, value]) => value);
  history.replaceState(null, "", `${form.action}?${new URLSearchParams(given)}`);
});
