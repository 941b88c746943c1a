// Shows the browser window of a sign-in, and sends what the person does there.
// All messages are sealed (AES-GCM) with the key from the link, which never leaves this browser.
"use strict";

const KEY_NAME = "rapport-sign-in-key";
const KEY_BYTES = 32;
const MARK = "\u2060"; // always in the text field, so that a phone's Backspace has something to delete
const MOST_EVENTS = 100;
const MOST_TEXT = 500;
const PLAIN_KEYS = new Set(["Enter", "Backspace", "Delete", "Escape", "ArrowUp", "ArrowDown", "ArrowLeft",
  "ArrowRight", "Home", "End", "PageUp", "PageDown"]);

const part = (id) => document.getElementById(id);
const picture = part("picture"), keys = part("keys");
const say = (text) => { part("status").textContent = text; };
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
const bytes = (text) => new TextEncoder().encode(text);

let key, size = { width: 1, height: 1 }, received = 0, sent = Date.now(), ended = false;
const waiting = [];
let sending = false;

function end(text) {
  ended = true;
  waiting.length = 0;
  sessionStorage.removeItem(KEY_NAME);
  part("window").hidden = part("keyboard").hidden = true;
  part("host").textContent = "";
  say(text);
}

async function problem(answer) {
  try {
    return (await answer.json()).detail;
  } catch {
    return `the server answered ${answer.status}`;
  }
}

async function importKey(text) {
  const raw = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  if (raw.length !== KEY_BYTES) throw new Error("the key is not complete");
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

const algorithm = (nonce, direction) => ({ name: "AES-GCM", iv: nonce, additionalData: bytes(direction) });

async function seal(message) {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const text = bytes(JSON.stringify(message));
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(nonce, "to-browser"), key, text));
  return btoa(String.fromCharCode(...nonce, ...sealed));
}

async function unseal(buffer) {
  const open = algorithm(buffer.slice(0, 12), "to-page");
  const whole = new Uint8Array(await crypto.subtle.decrypt(open, key, buffer.slice(12)));
  const line = whole.indexOf(10);
  return [JSON.parse(new TextDecoder().decode(whole.slice(0, line))), whole.slice(line + 1)];
}

function push(event) {
  const last = waiting.at(-1);
  if (ended || !key) return;
  if (event.type === "move" && last?.type === "move") waiting.pop();
  if (event.type === "wheel" && last?.type === "wheel") {
    waiting.pop();
    event = { type: "wheel", dx: limit(event.dx + last.dx), dy: limit(event.dy + last.dy) };
  }
  waiting.push(event);
  if (!sending) send();
}

const limit = (distance) => Math.max(-4096, Math.min(4096, distance));

async function send() {
  sending = true;
  try {
    while (waiting.length && !ended) {
      const events = waiting.splice(0, MOST_EVENTS);
      while (!ended) {
        sent += 1;
        const body = JSON.stringify({ sealed: await seal({ n: sent, events }) });
        const answer = await post("/sign-in/input", body);
        if (answer?.ok) break;
        if (answer && answer.status !== 429 && answer.status < 500) return end(await problem(answer));
        await sleep(500);
      }
    }
  } finally {
    sending = false;
  }
}

async function post(path, body) {
  try {
    return await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  } catch {
    return null; // the connection is away; the caller tries again
  }
}

async function receive() {
  while (!ended) {
    let answer;
    try {
      answer = await fetch("/sign-in/frames");
      if (answer.status === 200) await show(...await unseal(await answer.arrayBuffer()));
    } catch (error) {
      if (error instanceof DOMException && error.name === "OperationError") {
        return end("Another sign-in was opened in this browser.");
      }
      say("The connection is away; trying again …");
      await sleep(1000);
      continue;
    }
    if (answer.status === 410 || answer.status === 403) return end(await problem(answer));
    if (answer.status >= 400) await sleep(1000);
  }
}

async function show(head, jpeg) {
  if (head.n <= received) return;
  received = head.n;
  if (head.ended) return end(head.status);
  if (head.status) say(head.status);
  if (!jpeg.length) return;
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  size = head;
  part("host").textContent = head.host; // what a browser's address bar says
  picture.width = bitmap.width;
  picture.height = bitmap.height;
  picture.style.width = `${head.width}px`;
  picture.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}

function at(event) {
  const box = picture.getBoundingClientRect();
  const x = ((event.clientX - box.left) * size.width) / box.width;
  const y = ((event.clientY - box.top) * size.height) / box.height;
  return { x: Math.max(0, Math.min(4096, x)), y: Math.max(0, Math.min(4096, y)) };
}

function type(text) {
  const clean = text.replaceAll(/[\x00-\x1f\x7f]/g, "");
  for (let from = 0; from < clean.length; from += MOST_TEXT) {
    push({ type: "text", text: clean.slice(from, from + MOST_TEXT) });
  }
}

function empty() {
  keys.value = MARK;
  keys.setSelectionRange(1, 1);
}

function fit() {
  const width = Math.max(1, Math.round(document.documentElement.clientWidth));
  const height = Math.max(1, Math.round(innerHeight - part("window").getBoundingClientRect().top));
  push({ type: "start", width, height });
}

function listen() {
  const touches = matchMedia("(pointer: coarse)").matches;
  for (const [name, type] of [["mousedown", "down"], ["mouseup", "up"], ["mousemove", "move"]]) {
    picture.addEventListener(name, (event) => {
      event.preventDefault();
      if (event.button === 0) push({ type, ...at(event), clicks: Math.max(1, Math.min(3, event.detail)) });
      if (type === "down" && !touches) keys.focus();
    });
  }
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    push({ type: "wheel", dx: limit(event.deltaX), dy: limit(event.deltaY) });
  }, { passive: false });
  let finger = null;
  picture.addEventListener("touchstart", (event) => { finger = event.touches[0]; }, { passive: true });
  picture.addEventListener("touchmove", (event) => {
    if (event.touches.length > 1) return; // two fingers enlarge the picture
    const now = event.touches[0];
    push({ type: "wheel", dx: limit(finger.clientX - now.clientX), dy: limit(finger.clientY - now.clientY) });
    finger = now;
  }, { passive: true });
  keys.addEventListener("keydown", (event) => {
    const name = event.key === "Tab" && event.shiftKey ? "Shift+Tab" : event.key;
    const all = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a";
    if (!all && !PLAIN_KEYS.has(name) && !name.endsWith("Tab")) return;
    event.preventDefault();
    push({ type: "key", key: all ? "ControlOrMeta+a" : name });
  });
  keys.addEventListener("input", (event) => {
    if (event.isComposing) return;
    const text = keys.value;
    if (text === "") push({ type: "key", key: "Backspace" });
    else type(text.replace(MARK, ""));
    empty();
  });
  keys.addEventListener("compositionend", () => { type(keys.value.replace(MARK, "")); empty(); });
  part("keyboard").hidden = !touches;
  part("keyboard").addEventListener("click", () => keys.focus());
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(fit, 300); });
}

async function run() {
  part("show").hidden = true;
  part("window").hidden = false;
  say("Sign in as you always do. What you type goes to the site only.");
  empty();
  listen();
  fit();
  if (!matchMedia("(pointer: coarse)").matches) keys.focus();
  await receive();
}

async function begin() {
  const [token, text] = location.hash.slice(1).split(".");
  history.replaceState(null, "", location.pathname);
  const kept = sessionStorage.getItem(KEY_NAME);
  if (!isSecureContext) return say("Open this page over HTTPS, or at 127.0.0.1 on the server itself.");
  if (!text && !kept) return say("Open the link that `rapport account sign-in NAME --remote` prints.");
  try {
    key = await importKey(text || kept);
  } catch {
    return say("This link is not complete: copy the whole of it and open it again.");
  }
  if (!text) return run();
  say("This shows the browser in which you sign in to your account. Go on only if you asked for this link.");
  part("show").hidden = false;
  part("show").addEventListener("click", async () => {
    part("show").disabled = true;
    const answer = await post("/sign-in/open", JSON.stringify({ token }));
    if (!answer?.ok) return end(answer ? await problem(answer) : "The server does not answer: load the link again.");
    sessionStorage.setItem(KEY_NAME, text);
    await run();
  }, { once: true });
}

begin();
