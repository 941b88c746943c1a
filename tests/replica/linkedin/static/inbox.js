// The page of the inbox: the list on the left, the open conversation on the right.
"use strict";

const list = document.querySelector(".msg-conversations-container");
const detail = document.querySelector(".msg__detail");
const threadPath = ({ thread, variant }) => `/messaging/thread/${variant === "b" ? encodeURIComponent(thread) : thread}/`;

async function showPane(query) {
  const pane = await call(`pane?${new URLSearchParams(query)}`);
  const host = build(`<div class="msg-convo-wrapper msg-thread"></div>`);
  detail.replaceChildren(host);
  if (query.mode === "compose" && pane.mode === "thread") history.replaceState(null, "", threadPath(pane));
  const onFirst = (next) => {
    history.replaceState(null, "", threadPath(next));
    const again = build(`<div class="msg-convo-wrapper msg-thread"></div>`);
    detail.replaceChildren(again);
    return new Pane(again, next, { onFirst }).show();
  };
  await new Pane(host, pane, { onFirst }).show();
}

function emptyCompose(words) {
  detail.replaceChildren(build(`<div class="msg-convo-wrapper"><div class="msg-title-bar"><h2>${escaped(words.new_message)}</h2></div><div class="msg-connections-typeahead"><input role="combobox" placeholder="${escaped(words.type_name)}"></div></div>`));
}

// A row far from the view is an empty element, and again when it is scrolled away.
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.classList.toggle("msg-conversation-card--occluded", !isIntersecting);
    target.replaceChildren(...(isIntersecting ? [rowContent(target.row, target.words)] : []));
  }
}, { root: list, rootMargin: "200px" });

function rowContent(row, words) {
  const unread = row.unread ? "--unread" : "";
  const link = build(`<div class="msg-conversation-listitem__link msg-conversations-container__convo-item-link" tabindex="0">
    <div class="msg-conversation-card__convo-item-container ${unread && "msg-conversation-card__convo-item-container--unread"}">
    <label aria-label="${escaped(row.select)}"><input type="checkbox"></label>
    <h3 class="msg-conversation-listitem__participant-names truncate"><span class="truncate">${escaped(row.name)}</span></h3>
    <time class="msg-conversation-listitem__time-stamp t-12">${escaped(row.time)}</time>
    <p class="msg-conversation-card__message-snippet ${unread && "msg-conversation-card__message-snippet--unread"}">${escaped(row.snippet)}</p>
    ${row.unread ? `<span class="msg-conversation-card__unread-count" aria-label="${escaped(words.unread)}"><span class="notification-badge__count">1</span></span>` : ""}
    </div></div>`);
  link.addEventListener("click", (event) => {
    if (event.target.closest("label")) return;
    history.pushState(null, "", threadPath(row));
    row.unread = false;
    showPane({ mode: "thread", thread: row.thread });
  });
  return link;
}

async function showRows() {
  const head = build(`<div class="msg-conversations-container__title-row"><div role="radiogroup"><button role="radio" aria-checked="false" type="button">Unread</button><button role="radio" aria-checked="false" type="button">InMail</button></div></div>`);
  const rows = build(`<ul class="list-style-none msg-conversations-container__conversations-list"></ul>`);
  list.replaceChildren(head, rows);
  let start = 0;
  const more = async () => {
    const page = await call(`talks?start=${start}`);
    rows.setAttribute("aria-label", page.words.conversations);
    rows.querySelector("button")?.parentElement.remove();
    for (const row of page.rows) {
      const item = build(`<li class="scaffold-layout__list-item msg-conversation-listitem msg-conversation-card--occluded"></li>`);
      Object.assign(item, { row, words: page.words });
      rows.append(item);
      watcher.observe(item);
    }
    start += page.rows.length;
    if (page.more) {
      const button = build(`<li><button type="button" class="artdeco-button">${escaped(page.words.load_more)}</button></li>`);
      button.firstElementChild.addEventListener("click", more);
      rows.append(button);
    }
    return page;
  };
  return more();
}

(async () => {
  await later(80);
  const page = await showRows();
  const { open, recipient, body } = window.pageData;
  if (open === "newest" && page.rows.length) {
    const { thread } = page.rows[0];
    await later(100);
    history.replaceState(null, "", threadPath(page.rows[0]));
    await showPane({ mode: "thread", thread });
  } else if (open === "thread") {
    await showPane({ mode: "thread", recipient, thread: decodeURIComponent(location.pathname.split("/")[3]) });
  } else if (open === "compose" && recipient) {
    await showPane({ mode: "compose", recipient, body: body ?? "" });
  } else if (open === "compose") {
    emptyCompose(page.words);
  }
})();
