// The review list with one key: J joins, K keeps apart, U undoes, arrows move. It only presses our buttons.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.target.closest("input, textarea, select")) return;
  const doubts = [...document.querySelectorAll("[data-doubt]")];
  const at = doubts.findIndex((node) => node.contains(document.activeElement));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && doubts.length) {
    doubts[Math.min(Math.max(at + step, 0), doubts.length - 1)].focus();
    event.preventDefault();
    return;
  }
  const key = event.key.toLowerCase();
  if (!"jku".includes(key) || key.length !== 1) return;
  const scope = key === "u" ? document : doubts[Math.max(at, 0)];
  scope?.querySelector(`[data-press="${key}"]`)?.click();
});
