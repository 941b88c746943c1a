// A conversation: its header, its messages and its composer, in the document, a shadow root or a frame.
"use strict";

const escaped = (text) => String(text ?? "").replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const build = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
};
const later = (ms) => new Promise((done) => setTimeout(done, ms));
const call = async (path, body) => {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(`/voyager/api/${path}`, options);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};
const fill = (word, name) => escaped(word.replace("{name}", name));

function messageItem(message, previous) {
  const first = !previous || previous.sender !== message.sender;
  const day = !previous || previous.day !== message.day;
  const side = message.outgoing ? "" : " msg-s-event-listitem--other";
  const meta = `<div class="msg-s-message-group__meta"><a class="app-aware-link msg-s-message-group__profile-link" href="${message.link}"><span class="msg-s-message-group__name">${escaped(message.sender)}</span></a><time class="msg-s-message-group__timestamp">${escaped(message.clock)}</time></div>`;
  const seen = message.seen ? `<div class="msg-s-event-listitem__seen-receipts"><img alt="${escaped(message.seen)}" src="data:,"></div>` : "";
  const sent = message.seen ? `<span class="msg-s-event-with-indicator__sending-indicator"></span>${seen}` : message.sent ? `<span class="msg-s-event-with-indicator__sending-indicator msg-s-event-with-indicator__sending-indicator--sent" title="${escaped(message.sent)}"></span>` : "";
  return build(`<li class="msg-s-message-list__event clearfix">
    ${day ? `<time class="msg-s-message-list__time-heading">${escaped(message.day)}</time>` : ""}
    ${first ? `<span class="msg-s-event-listitem--group-a11y-heading visually-hidden">${escaped(message.heading)}</span>` : ""}
    <div class="msg-s-event-listitem${side} msg-s-event-listitem--last-in-group" data-event-urn="${escaped(message.urn)}">
      ${first ? `<a class="app-aware-link msg-s-event-listitem__link" href="${message.link}"><img alt="" src="data:,"></a>${meta}` : ""}
      <div class="msg-s-event__content"><p class="msg-s-event-listitem__body t-14 t-black--light">${escaped(message.text).replace(/\n/g, "<br>")}</p></div>${sent}
    </div></li>`);
}

function composerText(box) {
  const lines = [...box.childNodes].map((line) =>
    [...line.childNodes].map((node) => (node.nodeName === "BR" ? "\n" : node.textContent)).join("") || line.textContent);
  return lines.map((line) => (line === "\n" ? "" : line)).join("\n").trim();
}

class Pane {
  // `onFirst` is called with the pane of a conversation whose first message was just sent.
  constructor(host, pane, { header = true, onFirst = () => {} } = {}) {
    Object.assign(this, { host, pane, header, onFirst });
  }

  async show() {
    const { pane, host } = this;
    host.replaceChildren();
    if (this.header) host.append(this.titleBar());
    if (pane.pill !== null && pane.mode === "compose") host.append(this.pill());
    await later(60);
    this.list = build(`<ul class="msg-s-message-list-content list-style-none full-width mh5"></ul>`);
    const container = build(`<div class="msg-s-message-list-container"></div>`);
    container.append(this.list);
    host.append(container);
    await later(40);
    this.showMessages(pane.messages.slice(-20));
    container.scrollTop = container.scrollHeight;
    container.addEventListener("scroll", () => {
      if (container.scrollTop < 5 && this.shown < pane.messages.length) this.showMessages(pane.messages);
    });
    await later(60);
    this.showComposer();
  }

  titleBar() {
    const { pane } = this;
    if (pane.mode === "compose") return build(`<div class="shared-title-bar msg-title-bar"><h2 class="msg-title-bar__title">${escaped(pane.words.new_message)}</h2></div>`);
    const title = `<h2 class="msg-entity-lockup__entity-title truncate">${escaped(pane.name)}</h2>`;
    const link = pane.header ? `<a class="app-aware-link msg-thread__link-to-profile" href="${pane.header}" title="${fill(pane.words.open_profile, pane.name)}">${title}</a>` : title;
    return build(`<div class="shared-title-bar msg-title-bar"><div class="msg-entity-lockup">${link}</div></div>`);
  }

  pill() {
    const { pane } = this;
    const chosen = pane.name ? `<div class="msg-connections-typeahead__added-recipients"><button type="button" class="artdeco-pill" aria-label="${fill(pane.words.remove, pane.name)}"><span>${escaped(pane.name)}</span></button></div>` : "";
    return build(`<div class="msg-connections-typeahead">${chosen}<input class="msg-connections-typeahead__search-field" role="combobox" type="text" placeholder="${escaped(pane.words.type_name)}"></div>`);
  }

  showMessages(messages) {
    const items = messages.map((message, n) => messageItem(message, messages[n - 1]));
    this.shown = messages.length;
    this.last = messages.at(-1);
    this.bottom = build(`<li class="msg-s-message-list__bottom-of-list"></li>`);
    this.list.replaceChildren(build(`<li class="msg-s-message-list__top-of-list"></li>`), ...items, build(`<li class="msg-s-message-list__typing-indicator-container--without-seen-receipt"></li>`), this.bottom);
  }

  append(message) {
    const item = messageItem(message, this.last);
    this.last = message;
    this.bottom.before(item);
    return item;
  }

  showComposer() {
    const { pane, host } = this;
    const { words } = pane;
    if (pane.kind === "premium") {
      host.append(build(`<section class="card-upsell-v2"><h3 class="card-upsell-v2__headline">${fill(words.premium_wall, pane.first)}</h3><a href="/premium/products/?upsellOrderOrigin=x">${escaped(words.try_premium)}</a></section>`));
      return;
    }
    if (pane.kind === "card") {
      host.append(build(`<div class="msg-say-hello"><p>${fill(words.say_hello, pane.first)}</p></div>`));
      return;
    }
    const subject = pane.kind === "subject" ? `<input class="msg-form__subject" name="subject" aria-label="${escaped(words.subject)}" type="text">` : "";
    const label = pane.variant === "b" ? ` aria-label="${escaped(words.send)}"` : "";
    const text = pane.variant === "b" ? `<svg width="16" height="16"></svg><span class="artdeco-button__text">${escaped(words.send)}</span>` : escaped(words.send);
    const buttons = {
      button: `<button class="msg-form__send-button artdeco-button artdeco-button--1" type="submit"${label} disabled>${text}</button>`,
      icon: `<button class="msg-form__send-btn artdeco-button artdeco-button--circle" type="submit" disabled><svg data-test-icon="send-privately-small" width="16" height="16"></svg></button>`,
      enter: "",
    };
    this.form = build(`<form class="msg-form msg-form--thread-footer-feature">${subject}
      <div class="msg-form__msg-content-container"><div class="msg-form__contenteditable t-14" role="textbox" contenteditable="true" aria-multiline="true" aria-label="${escaped(words.write)}"><p><br></p></div><div class="msg-form__placeholder" data-placeholder="${escaped(words.write)}"></div></div>
      <footer class="msg-form__footer"><div class="msg-form__left-actions"><button type="button" class="msg-form__footer-action artdeco-button" title="GIF">GIF</button></div>
      <div class="msg-form__right-actions">${buttons[pane.send]}<button class="msg-form__send-toggle artdeco-button" type="button" aria-expanded="false" aria-label="${escaped(words.open_options)}">⋯</button></div></footer></form>`);
    this.box = this.form.querySelector("[contenteditable]");
    this.button = this.form.querySelector("[type=submit]");
    const kept = localStorage.getItem(this.draftKey);
    if (pane.draft || kept) this.prefill(pane.draft || kept);
    this.box.addEventListener("input", () => this.changed());
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && pane.send === "enter" && !event.shiftKey) {
        event.preventDefault();
        this.send();
      }
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    host.append(this.form);
  }

  get draftKey() { return `draft/${this.pane.drafts}/${this.pane.recipient}`; }

  prefill(text) {
    this.box.replaceChildren(...text.split("\n").map((line) => build(`<p>${escaped(line) || "<br>"}</p>`)));
    if (this.button) this.button.disabled = false;
  }

  changed() {
    const text = composerText(this.box);
    if (!this.box.firstElementChild) this.box.innerHTML = this.box.textContent ? `<p>${escaped(this.box.textContent)}</p>` : "<p><br></p>";
    if (this.button) this.button.disabled = !text;
    if (text) localStorage.setItem(this.draftKey, text);
    else localStorage.removeItem(this.draftKey);
  }

  async send() {
    const text = composerText(this.box);
    if (!text) return;
    const { pane } = this;
    const client = { urn: `urn:li:msg_message:${crypto.randomUUID()}`, outgoing: true, text, link: `https://www.linkedin.com/in/me`, sender: "", heading: "", clock: "", day: this.last?.day ?? pane.words.today };
    const bubble = this.append(client);
    if (pane.variant === "b") bubble.querySelector("[data-event-urn]").removeAttribute("data-event-urn");
    this.box.innerHTML = "<p><br></p>";
    if (this.button) this.button.disabled = true;
    localStorage.removeItem(this.draftKey);
    const recipient = `urn:li:fsd_profile:${pane.recipient}`;
    let answer;
    try {
      answer = await call("voyagerMessagingDashMessengerMessages?action=createMessage", { message: { body: { text } }, hostRecipientUrns: [recipient] });
    } catch {
      bubble.querySelector("p").insertAdjacentHTML("afterend", `<span class="msg-s-event-listitem__error">!</span>`);
      return;
    }
    if (answer.fault === "send_no_effect") { bubble.remove(); return; }
    if (answer.fault === "failed_bubble") { bubble.firstElementChild.classList.add("msg-s-event-listitem--error"); return; }
    if (answer.fault === "other_thread_bubble") { bubble.replaceWith(messageItem(answer.ghost, null)); return; }
    if (answer.leaves_after_send) { window.close(); location.replace("/feed/"); return; }
    if (answer.reply) this.append(answer.reply);
    await later(150);
    if (answer.share_prompt || answer.unknown_dialog) this.ask(answer);
    if (answer.no_server_id) return;
    this.last = answer.message;
    if ((pane.mode === "compose") === (pane.variant === "a")) bubble.replaceWith(messageItem(answer.message, null));
    else bubble.querySelector(".msg-s-event-listitem").setAttribute("data-event-urn", answer.message.urn);
    if (answer.twin) this.append(answer.twin);
    if (pane.mode === "compose") await this.becomeThread(answer);
  }

  ask(answer) {
    const { pane } = this;
    const question = answer.share_prompt ? fill(pane.words.share_title, pane.first) : "???";
    const dialog = build(`<div class="artdeco-modal" role="dialog" aria-labelledby="share-title"><h2 id="share-title">${question}</h2><button type="button" class="artdeco-button--primary">${escaped(pane.words.share)}</button><button type="button" class="artdeco-button--secondary">${escaped(pane.words.not_now)}</button></div>`);
    const [yes, no] = dialog.querySelectorAll("button");
    yes.addEventListener("click", async () => { await call("share", { recipient: pane.recipient }); dialog.remove(); });
    no.addEventListener("click", () => dialog.remove());
    (this.host.getRootNode().body ?? this.host.getRootNode()).append(dialog);
  }

  // The first message makes a conversation: everything is built anew, the composer included.
  async becomeThread(answer) {
    await later(80);
    const pane = await call(`pane?mode=thread&thread=${encodeURIComponent(this.pane.thread)}`);
    if (answer.twin) pane.messages.push(answer.twin);
    this.onFirst(pane, answer.first);
  }
}
