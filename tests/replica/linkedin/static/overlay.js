// The chats at the bottom of a page: in the document of the older front end, else in a shadow root or a frame.
"use strict";

const outlet = document.getElementById("interop-outlet");
const frame = document.querySelector('iframe[src^="/preload/"]');
const shadow = outlet?.attachShadow({ mode: "open" });
if (shadow) shadow.innerHTML = `<link rel="stylesheet" href="/static-replica/style.css">`;

function overlayHost() {
  const root = shadow ?? document.body;
  let host = root.querySelector("#msg-overlay");
  if (!host) {
    host = build(`<aside id="msg-overlay" class="msg-overlay-container"><div class="msg-overlay-list-bubble"><header class="msg-overlay-bubble-header"><button type="button" class="msg-overlay-bubble-header__control">⌃</button></header></div></aside>`);
    root.append(host);
  }
  return host;
}

function bubbleHeader(pane) {
  const close = `<button type="button" class="msg-overlay-bubble-header__control artdeco-button"><span class="visually-hidden">${fill(pane.words.close_chat, pane.name)}</span></button>`;
  const title = pane.mode === "compose" ? escaped(pane.words.new_message) : `<a class="app-aware-link" href="${pane.header ? `/in/${pane.recipient}/` : "#"}">${escaped(pane.name)}</a>`;
  return build(`<header class="msg-overlay-bubble-header"><h2 class="msg-overlay-bubble-header__title">${title}</h2>${close}</header>`);
}

async function openBubble(query, { minimised = false, last = true } = {}) {
  const pane = await call(`pane?${new URLSearchParams({ ...query, overlay: 1 })}`);
  const host = overlayHost();
  for (const other of host.querySelectorAll(".msg-overlay-conversation-bubble")) if (last) other.classList.remove("msg-overlay-conversation-bubble--is-active");
  const kind = minimised ? "--is-minimized" : last ? "--is-active" : "--default-inactive";
  const compose = pane.mode === "compose" ? " msg-overlay-conversation-bubble--is-compose" : "";
  const bubble = build(`<div class="msg-convo-wrapper msg-overlay-conversation-bubble msg-overlay-conversation-bubble${kind}${compose}" role="dialog" aria-label="${escaped(pane.words.messaging_label)}"></div>`);
  bubble.append(bubbleHeader(pane));
  bubble.querySelector("button").addEventListener("click", () => bubble.remove());
  if (last) host.append(bubble);
  else host.prepend(bubble);
  if (minimised) return;
  const content = build(`<div class="msg-overlay-conversation-bubble__content-wrapper"></div>`);
  bubble.append(content);
  const onFirst = (next) => {
    bubble.className = bubble.className.replace(compose, "");
    bubble.querySelector("header").replaceWith(bubbleHeader(next));
    return new Pane(content, next, { header: false, onFirst }).show();
  };
  await new Pane(content, pane, { header: false, onFirst }).show();
}

// A link to write a message opens a chat on pages of the newer front end.
document.addEventListener("click", async (event) => {
  const link = event.composedPath().find((node) => node.nodeName === "A" && node.getAttribute("href")?.startsWith("/messaging/compose/"));
  if (!link || !outlet) return;
  event.preventDefault();
  const given = new URL(link.href).searchParams;
  const query = { mode: "compose", recipient: given.get("recipient"), body: given.get("body") ?? "" };
  await later(100);
  if (window.overlaySettings.place === "frame") {
    Object.assign(frame.style, { opacity: 1, top: 0, zIndex: 5 });
    await frame.contentWindow.eval("openBubble")(query);
  } else {
    await openBubble(query, { last: window.overlaySettings.strangers.length === 0 });
  }
});

(async () => {
  if (!window.overlaySettings) return;
  const { strangers, minimised, messaging } = window.overlaySettings;
  if (!messaging) overlayHost();
  for (const recipient of minimised) await openBubble({ mode: "thread", recipient, background: 1 }, { minimised: true });
  for (const recipient of strangers) await openBubble({ mode: "thread", recipient, background: 1 });
})();
