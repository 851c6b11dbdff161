// Keeps an open page up to date: fetches this same page again and swaps its main part when it changed.
// Nothing is built from text here; the server's escaped page is parsed and its nodes are moved over.
"use strict";

(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const seconds = Number(main?.dataset.refresh);
  if (!seconds || !live) return;

  const HIDDEN_PACE = 6; // a tab nobody looks at asks that much more rarely
  const QUIET_FAILURES = 2; // one lost answer is not worth a word
  let failures = 0;
  let newest = keysIn(main);
  let shown = stateOf(main);

  function keysIn(root) {
    return new Set([...root.querySelectorAll(".alert[data-key]")].map((node) => node.dataset.key));
  }

  // The clock in the footer moves with every answer; it alone is no reason to swap the page.
  function stateOf(root) {
    const copy = root.cloneNode(true);
    copy.querySelector("#as-of")?.remove();
    copy.querySelectorAll("details").forEach((node) => node.removeAttribute("open"));
    copy.querySelectorAll(".is-new").forEach((node) => node.classList.remove("is-new"));
    return copy.innerHTML;
  }

  function busy() {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && main.contains(selection.anchorNode)) return true;
    // Nor is a page swapped under somebody who types, or who has.
    const fields = [...main.querySelectorAll("input:not([type=hidden]), textarea")];
    return fields.some((field) => field === document.activeElement || field.value !== field.defaultValue);
  }

  function focusMark() {
    const node = document.activeElement;
    if (!node || node === main || !main.contains(node)) return null;
    const same = [...main.querySelectorAll(node.tagName)].filter((other) => markOf(other) === markOf(node));
    return { tag: node.tagName, mark: markOf(node), nth: same.indexOf(node) };
  }

  function markOf(node) {
    return node.getAttribute("href") ?? node.closest("[id]")?.id ?? "";
  }

  function refocus(mark) {
    if (!mark) return;
    const same = [...main.querySelectorAll(mark.tag)].filter((node) => markOf(node) === mark.mark);
    (same[mark.nth] ?? same[0])?.focus({ preventScroll: true });
  }

  function swap(fresh) {
    const open = [...main.querySelectorAll("details[open][id]")].map((node) => node.id);
    const focused = focusMark();
    main.replaceChildren(...fresh.childNodes);
    open.forEach((id) => main.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", ""));
    refocus(focused);
  }

  function tellNews() {
    const keys = keysIn(main);
    const added = [...keys].filter((key) => !newest.has(key));
    added.forEach((key) => main.querySelector(`.alert[data-key="${CSS.escape(key)}"]`)?.classList.add("is-new"));
    newest = keys;
    return added.length;
  }

  function say(text, state) {
    if (live.textContent !== text) live.textContent = text;
    live.dataset.state = state;
    live.hidden = false;
  }

  function take(page) {
    const fresh = page.getElementById("main");
    if (!fresh) throw new Error("the answer is not this page");
    const clock = fresh.querySelector("#as-of")?.textContent;
    const state = stateOf(fresh);
    let added = 0;
    if (state !== shown) {
      if (busy()) return; // somebody is copying a quotation: the next answer will do
      shown = state;
      swap(document.adoptNode(fresh));
      added = tellNews();
    }
    const here = main.querySelector("#as-of");
    if (here && clock) here.textContent = clock;
    say(added ? `${added} new ${added === 1 ? "alert" : "alerts"}` : "Live", "on");
  }

  async function ask() {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }

  async function turn() {
    try {
      await ask();
      failures = 0;
    } catch {
      failures += 1;
      if (failures >= QUIET_FAILURES) say("Not connected, trying again", "off");
    }
    later();
  }

  function later() {
    const pace = document.hidden ? HIDDEN_PACE : Math.min(1 + failures, HIDDEN_PACE);
    setTimeout(turn, seconds * 1000 * pace);
  }

  say("Live", "on");
  later();
})();
