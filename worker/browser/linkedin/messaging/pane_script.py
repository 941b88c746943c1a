"""The script that reads all conversations of a document. Its argument holds the selectors of the marks."""

from typing import Final

READ_CONVERSATIONS: Final = r"""(css) => {
  const roots = [document];
  for (let at = 0; at < roots.length; at++)
    for (const each of roots[at].querySelectorAll("*")) if (each.shadowRoot) roots.push(each.shadowRoot);
  const isShown = (each) => each.checkVisibility({visibilityProperty: true});
  const shown = (inside, selector) => [...inside.querySelectorAll(selector)].filter(isShown);
  const everywhere = (selector) => roots.flatMap((root) => shown(root, selector));
  const HEADING = "h1, h2, h3, h4, [role=heading]";
  const LIST = "li, ul, ol, [role=list], [role=listitem], [role=log], [data-event-urn]";
  // An emoji may be a picture, whose text is its label.
  const textOf = (node) => [...node.childNodes].map((each) =>
    each.nodeType === Node.TEXT_NODE ? each.data :
    each.nodeType !== Node.ELEMENT_NODE ? "" : each.tagName === "BR" ? "\n" :
    each.tagName === "IMG" ? each.alt || "\ufffc" : textOf(each)).join("");
  // A copy out of sight or fully transparent is no composer.
  const isReal = (each) => {
    const box = each.getBoundingClientRect();
    return each.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !each.closest("[inert]")
      && box.width > 1 && box.height > 1 && box.right + scrollX > 0 && box.bottom + scrollY > 0;
  };
  const draftOf = (composer) => {
    const lines = [""];
    let isOpen = true;  // whether text continues the last line
    for (const each of composer.childNodes) {
      const isBlock = each.nodeType === Node.ELEMENT_NODE && /^(P|DIV|LI|UL|OL)$/.test(each.tagName);
      const text = isBlock ? textOf(each).replace(/\n$/, "") : textOf({childNodes: [each]});
      if ((isBlock && (lines.length > 1 || lines[0] || !isOpen)) || (!isBlock && !isOpen)) lines.push(text);
      else lines[lines.length - 1] += text;
      isOpen = !isBlock;
    }
    return lines.join("\n");
  };

  const overlayOf = (each) => each.closest(css.overlay);
  const isInList = (each, within) => {
    const list = each.closest(LIST);
    return list !== null && list !== within && within.contains(list);
  };
  const innermost = (found) =>
    found.filter((each) => !found.some((other) => other !== each && each.contains(other)));
  const headsOf = (pane, composer) => {
    const links = shown(pane, "a[href*='/in/']").filter((each) => !composer.contains(each)
      && !isInList(each, pane) && overlayOf(each) === overlayOf(composer));
    const headed = links.filter((each) => each.querySelector(HEADING) || each.closest(HEADING));
    return headed.length ? headed : links;
  };
  const pillsOf = (pane, composer) => {
    let found = shown(pane, css.pill);
    if (!found.length)  // beside the field for names
      found = shown(pane, "input[role=combobox]").filter((each) => !each.form?.contains(composer))
        .flatMap((each) => shown(each.parentElement, "button[aria-label]"));
    const buttons = found.filter((each) => overlayOf(each) === overlayOf(composer));
    const labelled = buttons.filter((each) => each.ariaLabel);
    return labelled.length ? labelled : buttons;
  };
  const nameOf = (each) => {
    const heading = each.querySelector(HEADING) ?? each;
    const spoken = heading.querySelector("[aria-hidden=true]");
    return ((spoken ?? heading).textContent.trim() || heading.textContent.trim()
      || each.getAttribute("aria-label") || each.getAttribute("title") || "").replace(/\s+/g, " ");
  };
  const bubblesOf = (pane, composer) => {
    const items = shown(pane, css.message).filter((each) => overlayOf(each) === overlayOf(composer));
    const OTHER = "[class*='--other']";
    const isMarked = items.some((each) => each.matches(OTHER) || each.querySelector(OTHER));
    return items.map((each) => {
      const row = each.closest("li, [role=listitem]") ?? each;
      const isAlone = items.filter((other) => row.contains(other)).length === 1;
      const bodies = innermost([...each.querySelectorAll(css.body)]);
      const texts = bodies.length ? bodies : innermost([...each.querySelectorAll("p")]);
      const links = [...(isAlone ? row : each).querySelectorAll("a[href*='/in/']")]
        .filter((link) => !texts.some((text) => text.contains(link)));
      return {
        urn: each.getAttribute("data-event-urn"),
        other: each.matches(OTHER) || each.querySelector(OTHER) !== null || (isAlone && row.matches(OTHER))
          || (isMarked || /event-listitem/.test(each.className) ? false : null),
        senders: links.map((link) => link.getAttribute("href")),
        text: texts.length ? texts.map(textOf).join("\n") : null,
      };
    });
  };
  const fieldsOf = (pane) => shown(pane, "input, textarea").flatMap((each) =>
    [each.name, each.getAttribute("aria-label"), each.placeholder].filter(Boolean));

  const composers = everywhere(css.composer).filter(isReal).filter((each, at, all) =>
    !all.some((other) => other !== each && other.contains(each)));
  const panes = composers.filter((each) => !each.closest(css.minimized)).map((composer) => {
    const overlay = overlayOf(composer);
    const root = composer.getRootNode();
    const bound = overlay ?? composer.closest("main, [role=main]") ?? root.body ?? null;
    const inside = [];  // from the composer outwards, as long as no other composer is inside, too
    for (let each = composer.parentElement; each; each = each.parentElement) {
      const isShared = (other) => other !== composer && each.contains(other) && overlayOf(other) === overlay;
      if (composers.some(isShared)) break;
      inside.push(each);
      if (each === bound) break;
    }
    const whole = inside.at(-1) ?? composer.parentElement;
    const namesPerson = (each) => headsOf(each, composer).length || pillsOf(each, composer).length;
    const pane = inside.find(namesPerson) ?? whole;
    const heads = headsOf(pane, composer), pills = pillsOf(pane, composer);
    const form = composer.closest("form") ?? whole;
    const buttons = css.send.map((selector) => shown(form.parentElement ?? form, selector)
      .filter((each) => form.contains(each))).find((each) => each.length) ?? [];
    return {
      composer, send: buttons.length === 1 ? buttons[0] : null, whole,
      isOverlay: overlay !== null,
      isBeside: !composer.closest("main, [role=main]") && shown(root, "main, [role=main]").length > 0,
      inShadow: root instanceof ShadowRoot,
      heads: heads.map((each) => each.getAttribute("href")),
      pills: pills.length,
      name: heads.length ? nameOf(heads[0]) : pills.length ? nameOf(pills[0]) : "",
      label: pills.length && !pills[0].textContent.trim() ? pills[0].getAttribute("aria-label") ?? "" : "",
      draft: draftOf(composer),
      sendCount: buttons.length,
      canSend: buttons.length === 1 && !buttons[0].disabled && buttons[0].ariaDisabled !== "true",
      hasToggle: shown(form, css.toggle).length > 0,
      hasSubject: shown(whole, css.subject).length > 0 || shown(form, css.field).some((each) =>
        form.tagName === "FORM" && each.role !== "combobox" && each.getAttribute("role") !== "combobox"),
      fields: fieldsOf(whole),
      bubbles: bubblesOf(whole, composer),
      isLoading: shown(whole, css.loading).length > 0,
    };
  });
  const isPane = (each) => composers.some((composer) => each.contains(composer) || composer.contains(each));
  const others = (selector) => everywhere(selector).filter((each) => !overlayOf(each)?.matches(
    ".msg-overlay-conversation-bubble"));
  return {
    panes,
    premium: others(css.premium).length > 0,
    headings: others(css.headings).map((each) => each.textContent.trim()).slice(0, 40),
    hasSubject: others(css.subject).length > 0,
    dialogs: everywhere(css.dialog).filter((each) => !isPane(each) && !each.closest(css.minimized)
      && !each.matches(".msg-overlay-conversation-bubble") && !each.closest("#msg-overlay")).length,
  };
}"""
"""Reads all conversations of a document and of its open shadow roots, in one call."""
