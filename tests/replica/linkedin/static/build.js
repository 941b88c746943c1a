// Builds a page from trees, as React does: links inside links and paragraphs inside paragraphs stay nested.
"use strict";
(() => {
  const elements = new Map();
  const near = { rootMargin: "80px", scrollMargin: "80px" };
  const visible = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      visible.unobserve(entry.target);
      react(entry.target.replicaVisible);
    }
  }, near);

  function build(tree) {
    if (typeof tree === "string") return document.createTextNode(tree);
    const node = document.createElement(tree.t);
    for (const [name, value] of Object.entries(tree.a)) node.setAttribute(name, value);
    for (const child of tree.c) node.appendChild(build(child));
    if (tree.r) elements.set(tree.r, node);
    for (const [event, reaction] of Object.entries(tree.on || {})) listen(node, event, reaction);
    return node;
  }

  function listen(node, event, reaction) {
    if (event === "visible") {
      node.replicaVisible = reaction;
      visible.observe(node);
      return;
    }
    node.addEventListener(event, (happened) => {
      if (event === "click") happened.preventDefault();
      happened.stopPropagation();
      react(reaction);
    });
  }

  async function react(reaction) {
    if (Array.isArray(reaction)) {
      apply(reaction);
      return;
    }
    const request = { method: reaction.method, headers: { accept: "application/json" } };
    if (reaction.method === "POST") {
      const fields = {};
      for (const [name, ref] of Object.entries(reaction.fields)) fields[name] = elements.get(ref)?.value ?? "";
      request.body = JSON.stringify(fields);
      request.headers["content-type"] = "application/json";
    }
    const answer = await fetch(reaction.url, request);
    if (answer.ok) apply(await answer.json());
  }

  const target = (name) => (name === "body" ? document.body : elements.get(name));

  const effects = {
    append: (node, nodes) => node.append(...nodes),
    before: (node, nodes) => node.before(...nodes),
    replace: (node, nodes) => node.replaceWith(...nodes),
    fill: (node, nodes) => node.replaceChildren(...nodes),
    remove: (node) => node.remove(),
    modal: (node) => node.showModal(),
    notice: (node, nodes, shownMs) => {
      node.append(...nodes);
      setTimeout(() => nodes.forEach((one) => one.remove()), shownMs);
    },
    wait: () => {},
    overlay: (node, nodes, value) => openBubble({ mode: "compose", ...value }),
    go: (node, nodes, value) => location.assign(value),
    address: (node, nodes, value) => history.replaceState(null, "", value),
    attribute: (node, nodes, { name, value }) =>
      value === null ? node.removeAttribute(name) : node.setAttribute(name, value),
  };

  function apply(list) {
    let due = 0;
    for (const effect of list) {
      due += effect.after_ms;
      setTimeout(() => {
        const node = target(effect.at);
        if (node) effects[effect.op](node, effect.nodes.map(build), effect.value);
      }, due);
    }
  }

  const main = document.querySelector("main");
  const above = document.createElement("div");
  main.before(above);
  elements.set("main", main);
  elements.set("above", above);
  elements.set("toasts", document.querySelector("#toasts, #artdeco-toasts-container"));
  apply(window.pageData);
})();
